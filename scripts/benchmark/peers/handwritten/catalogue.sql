SELECT '{"courses":{"nodes":[' || coalesce(string_agg(
    '{"title":' || to_json(c.title)::text || ',"difficulty":"' || c.difficulty || '","modules":{"totalCount":'
    || m.count || ',"nodes":[' || m.nodes || ']}}', ','
), '') || ']' || ',"pageInfo":{"endCursor":"'
    || coalesce((array_agg(c.created_at || '/' || c.id))[count(*)], '') || '"}}}'
FROM (
    SELECT id, title, difficulty, created_at FROM courses
    WHERE published AND ($1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid))
    ORDER BY created_at DESC, id DESC LIMIT 20
) c CROSS JOIN LATERAL (
    SELECT count(*), coalesce(string_agg(
        '{"title":' || to_json(n.title)::text || ',"lessons":{"totalCount":' || l.count
        || ',"nodes":[' || l.nodes || ']}}', ','
    ) FILTER (WHERE n.place <= 20), '') AS nodes
    FROM (
        SELECT id, title, row_number() OVER (ORDER BY "order", id) AS place FROM course_modules WHERE course_id = c.id
    ) n CROSS JOIN LATERAL (
        SELECT count(*), coalesce(string_agg(
            '{"title":' || to_json(title)::text || ',"duration":' || duration || '}', ','
        ) FILTER (WHERE place <= 20), '') AS nodes
        FROM (
            SELECT title, duration, row_number() OVER (ORDER BY "order", id) AS place
            FROM lessons WHERE module_id = n.id
        ) s
    ) l
) m
