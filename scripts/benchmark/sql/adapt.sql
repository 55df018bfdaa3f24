-- What the benchmark adds to the demo data, for all peers alike.

-- PostGraphile and the other peers let the database make keys; Trellis makes its own.
ALTER TABLE comments ALTER COLUMN id SET DEFAULT uuidv7();

-- Fifty readers, and the two hundred projects that people say most about: what requests choose from.
CREATE SCHEMA bench;

CREATE TABLE bench.readers AS
SELECT id, row_number() OVER (ORDER BY id) - 1 AS number
FROM users WHERE is_active AND role <> 'ADMIN'
ORDER BY id LIMIT 50;

CREATE TABLE bench.projects AS
SELECT d.project_id AS id, row_number() OVER (ORDER BY count(*) DESC, d.project_id) - 1 AS number
FROM specification_documents d JOIN comment_threads t ON t.document_id = d.id JOIN comments c ON c.thread_id = t.id
GROUP BY d.project_id
ORDER BY number LIMIT 200;

-- Each reader works on his share of those projects, and on fifty or so others: enough for more than one page.
INSERT INTO project_members (id, project_id, user_id, role)
SELECT uuidv7(), shared.id, shared.reader, 'MEMBER'::projectrole
FROM (
    SELECT p.id, r.id AS reader
    FROM bench.projects p JOIN bench.readers r ON r.number = p.number % 50
    UNION
    SELECT p.id, r.id
    FROM (
        SELECT id, row_number() OVER (ORDER BY id) AS number, greatest(count(*) OVER () / 50, 1) AS shares
        FROM specification_projects
    ) p JOIN bench.readers r ON r.number % p.shares = p.number % p.shares
) shared JOIN specification_projects p ON p.id = shared.id AND p.owner_id <> shared.reader
ON CONFLICT DO NOTHING;

-- Pages are full: the first ten threads of each document of those projects have five comments at least.
INSERT INTO comments (id, thread_id, author_id, content, created_at, updated_at)
SELECT uuidv7(), t.id, r.id, said.content, said.created_at + n * interval '1 minute', said.created_at
FROM bench.projects p
JOIN specification_documents d ON d.project_id = p.id
CROSS JOIN LATERAL (SELECT id FROM comment_threads WHERE document_id = d.id ORDER BY line, id LIMIT 10) t
CROSS JOIN LATERAL (
    SELECT c.content, c.created_at, count(*) OVER () AS count
    FROM comments c WHERE c.thread_id = t.id ORDER BY c.created_at DESC, c.id DESC LIMIT 1
) said
CROSS JOIN LATERAL generate_series(1, 5 - said.count) n
JOIN bench.readers r ON r.number = (p.number * 7 + n) % 50;

-- What is saved: the documents that readers may edit, as they are. There are so many that a run comes to none of them
-- again while it is still being saved.
UPDATE specification_documents SET status = 'REVIEW', approved_at = NULL, approved_by_id = NULL WHERE status = 'APPROVED';
CREATE TABLE bench.documents AS
SELECT id, project_id, viewer, content, version, status, row_number() OVER (ORDER BY phase, project_id) AS number
FROM (
    SELECT DISTINCT ON (d.id) d.*, m.user_id AS viewer
    FROM bench.readers r
    JOIN project_members m ON m.user_id = r.id AND m.status = 'ACTIVE' AND m.role IN ('LEAD', 'MEMBER')
    JOIN specification_projects p ON p.id = m.project_id AND p.status IN ('ACTIVE', 'COMPLETED')
    JOIN specification_documents d ON d.project_id = p.id AND d.status <> 'ARCHIVED'
    ORDER BY d.id, m.user_id
) d;
ALTER TABLE bench.documents ADD PRIMARY KEY (id);

-- What is resolved: more threads in them than a run can resolve, so far down that no page of the reads has them.
CREATE TABLE bench.threads AS
SELECT uuidv7() AS id, d.id AS document_id, d.viewer, n AS number
FROM generate_series(1, 20000) n
JOIN bench.documents d ON d.number = 1 + n % (SELECT count(*) FROM bench.documents);
ALTER TABLE bench.threads ADD PRIMARY KEY (id);

INSERT INTO comment_threads (id, document_id, line, end_line)
SELECT id, document_id, 1000000 + number, 1000000 + number FROM bench.threads;

-- The projects of a viewer for PostGraphile, newest first; the planner inlines it.
CREATE FUNCTION viewer_projects(viewer uuid) RETURNS SETOF specification_projects LANGUAGE sql STABLE AS $$
    SELECT * FROM specification_projects
    WHERE id IN (
        SELECT id FROM specification_projects WHERE owner_id = viewer
        UNION
        SELECT project_id FROM project_members WHERE user_id = viewer AND status = 'ACTIVE'
    )
    ORDER BY updated_at DESC, id DESC
$$;
