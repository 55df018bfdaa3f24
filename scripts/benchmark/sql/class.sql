-- A course with a hundred lessons, and a class of 10,000 who have finished half of them. Everybody is signed in with a
-- token of their number.
CREATE SCHEMA bench;
INSERT INTO courses (id, slug, title, description, difficulty, published, published_at)
VALUES (uuidv7(), 'class', 'Class', '', 'BEGINNER', true, now());
INSERT INTO course_modules (id, course_id, title, "order") SELECT uuidv7(), id, 'All', 1 FROM courses WHERE slug = 'class';
INSERT INTO lessons (id, module_id, title, content, "order")
SELECT uuidv7(), m.id, n::text, '', n
FROM course_modules m JOIN courses c ON c.id = m.course_id AND c.slug = 'class', generate_series(1, 100) n;

CREATE TABLE bench.pupils AS
SELECT n AS number, uuidv7() AS id, 'trs_' || lpad(n::text, 43, '0') AS token FROM generate_series(1, 10000) n;
INSERT INTO users (id, email, name) SELECT id, 'pupil-' || number || '@example.com', 'Pupil ' || number FROM bench.pupils;
INSERT INTO sessions (id, user_id, token_hash, expires_at)
SELECT uuidv7(), id, sha256(token::bytea), now() + interval '1 day' FROM bench.pupils;
INSERT INTO enrollments (id, user_id, course_id, payment_status)
SELECT uuidv7(), p.id, c.id, 'COMPLETED' FROM bench.pupils p, courses c WHERE c.slug = 'class';
INSERT INTO course_progress (id, user_id, course_id, total_lessons, completed_lessons, progress_percent)
SELECT uuidv7(), p.id, c.id, 100, 50, 50 FROM bench.pupils p, courses c WHERE c.slug = 'class';
INSERT INTO lesson_progress (id, progress_id, lesson_id, completed, completed_at)
SELECT uuidv7(), g.id, l.id, true, now()
FROM course_progress g JOIN courses c ON c.id = g.course_id AND c.slug = 'class'
JOIN course_modules m ON m.course_id = c.id JOIN lessons l ON l.module_id = m.id AND l."order" <= 50;
