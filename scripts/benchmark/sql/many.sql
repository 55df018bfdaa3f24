-- A hundred thousand people with half a million projects, each changed later than the real ones, with two members each.

CREATE TEMPORARY TABLE others AS
SELECT uuidv7() AS id, n - 1 AS number FROM generate_series(1, 100000) n;

INSERT INTO users (id, email, name)
SELECT id, 'person-' || number || '@example.org', 'Person ' || number FROM others;

INSERT INTO specification_projects (id, name, owner_id, created_at, updated_at)
SELECT uuidv7(), 'Project ' || n, o.id, now(), now() + n * interval '1 ms'
FROM generate_series(1, 500000) n JOIN others o ON o.number = n % 100000;

INSERT INTO project_members (id, project_id, user_id, role)
SELECT uuidv7(), p.id, o.id, 'MEMBER'::projectrole
FROM (SELECT id, row_number() OVER () AS number FROM specification_projects WHERE created_at = now()) p
CROSS JOIN generate_series(1, 2) n JOIN others o ON o.number = (p.number * 7 + n * 31) % 100000;
