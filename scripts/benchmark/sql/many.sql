-- Half a million projects of other people, all changed later than the real ones, each with two members.

CREATE TEMPORARY TABLE others AS
SELECT id, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS count
FROM users WHERE id NOT IN (
    SELECT owner_id FROM specification_projects UNION SELECT user_id FROM project_members
);

INSERT INTO specification_projects (id, name, owner_id, created_at, updated_at)
SELECT uuidv7(), 'Project ' || n, o.id, now(), now() + n * interval '1 ms'
FROM generate_series(1, 500000) n JOIN others o ON o.number = n % o.count;

INSERT INTO project_members (id, project_id, user_id, role)
SELECT uuidv7(), p.id, o.id, 'MEMBER'::projectrole
FROM (SELECT id, row_number() OVER () AS number FROM specification_projects WHERE created_at = now()) p
CROSS JOIN generate_series(1, 2) n JOIN others o ON o.number = (p.number * 7 + n) % o.count
ON CONFLICT DO NOTHING;
