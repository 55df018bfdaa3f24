-- What real time adds to `adapt.sql`: who listens, and to what.

-- Ten documents that may be commented on, each of another project and with a thread.
CREATE TABLE bench.heard AS
SELECT DISTINCT ON (p.number) p.number, s.id AS project_id, d.id AS document_id, t.id AS thread_id
FROM bench.projects p
JOIN specification_projects s ON s.id = p.id AND s.status IN ('ACTIVE', 'COMPLETED')
JOIN specification_documents d ON d.project_id = p.id AND d.status <> 'ARCHIVED'
JOIN comment_threads t ON t.document_id = d.id
ORDER BY p.number, d.id, t.id
LIMIT 10;

-- Two hundred and fifty people who own none of them.
CREATE TABLE bench.listeners AS
SELECT id FROM users
WHERE is_active AND role <> 'ADMIN'
  AND id NOT IN (SELECT p.owner_id FROM specification_projects p JOIN bench.heard h ON h.project_id = p.id)
ORDER BY id LIMIT 250;

INSERT INTO project_members (id, project_id, user_id, role)
SELECT uuidv7(), h.project_id, l.id, 'MEMBER'::projectrole FROM bench.heard h CROSS JOIN bench.listeners l
ON CONFLICT (project_id, user_id) DO UPDATE SET role = 'MEMBER', status = 'ACTIVE';
