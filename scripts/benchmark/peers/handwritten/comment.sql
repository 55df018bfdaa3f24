WITH added AS (
    INSERT INTO comments (thread_id, author_id, content) VALUES ($1, $2, $3)
    RETURNING id, content, created_at, author_id
)
SELECT '{"addComment":{"comment":{"id":"' || a.id || '","content":' || to_json(a.content)::text
    || ',"createdAt":' || to_json(a.created_at)::text || ',"author":{"name":' || to_json(u.name)::text || '}}}}'
FROM added a JOIN users u ON u.id = a.author_id
