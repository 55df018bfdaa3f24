-- One project of the first reader with one document, ten threads in it, and a hundred comments in each.

INSERT INTO specification_projects (id, name, owner_id)
SELECT uuidv7(), 'A project to count the rows of', id FROM bench.readers WHERE number = 0;

INSERT INTO specification_documents (id, project_id, phase, content)
SELECT uuidv7(), id, 'REQUIREMENTS', '# Requirements' FROM specification_projects
WHERE name = 'A project to count the rows of';

INSERT INTO comment_threads (id, document_id, line, end_line)
SELECT uuidv7(), d.id, n, n FROM specification_documents d
JOIN specification_projects p ON p.id = d.project_id AND p.name = 'A project to count the rows of'
CROSS JOIN generate_series(1, 10) n;

INSERT INTO comments (id, thread_id, author_id, content, created_at)
SELECT uuidv7(), t.id, r.id, said.content, now() + n * interval '1 second'
FROM comment_threads t JOIN specification_documents d ON d.id = t.document_id
JOIN specification_projects p ON p.id = d.project_id AND p.name = 'A project to count the rows of'
CROSS JOIN generate_series(1, 100) n JOIN bench.readers r ON r.number = n % 50
JOIN (
    SELECT content, row_number() OVER (ORDER BY id) AS number FROM comments ORDER BY id LIMIT 100
) said ON said.number = n;
