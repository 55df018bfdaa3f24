SELECT '{"project":' || coalesce((
    SELECT '{"name":' || to_json(p.name)::text || ',"documents":{"nodes":[' || coalesce((
        SELECT string_agg('{"phase":"' || d.phase || '","threads":{"nodes":[' || coalesce((
            SELECT string_agg(
                '{"id":"' || t.id || '","status":"' || t.status || '","comments":{"nodes":[' || coalesce((
                    SELECT string_agg(
                        '{"id":"' || c.id || '","content":' || to_json(c.content)::text
                        || ',"createdAt":' || to_json(c.created_at)::text
                        || ',"author":{"name":' || to_json(u.name)::text || '}}', ','
                        ORDER BY c.created_at, c.id
                    )
                    FROM (
                        SELECT id, content, created_at, author_id FROM comments WHERE thread_id = t.id
                        ORDER BY created_at, id LIMIT 5
                    ) c JOIN users u ON u.id = c.author_id
                ), '') || ']}}', ','
            )
            FROM (
                SELECT id, status FROM comment_threads WHERE document_id = d.id ORDER BY line, id LIMIT 10
            ) t
        ), '') || ']}}', ',')
        FROM (
            SELECT id, phase FROM specification_documents WHERE project_id = p.id ORDER BY phase, id LIMIT 5
        ) d
    ), '') || ']}}'
    FROM specification_projects p
    WHERE p.id = $1
), 'null') || '}'
