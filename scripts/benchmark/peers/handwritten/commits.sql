SELECT '{"repository":' || coalesce((
    SELECT '{"fullName":' || to_json(r.full_name)::text || ',"newest":{"nodes":[' || coalesce((
        SELECT string_agg(
            '{"sha":"' || c.sha || '","message":' || to_json(c.message)::text
            || ',"committedAt":' || to_json(c.committed_at)::text
            || ',"author":' || coalesce('{"name":' || to_json(u.name)::text || '}', 'null') || '}', ','
            ORDER BY c.committed_at DESC, c.id DESC
        )
        FROM (
            SELECT * FROM commits WHERE repository_id = r.id ORDER BY committed_at DESC, id DESC LIMIT 100
        ) c LEFT JOIN users u ON u.id = c.author_id
    ), '') || ']},"oldest":{"nodes":[' || coalesce((
        SELECT string_agg(
            '{"sha":"' || c.sha || '","message":' || to_json(c.message)::text
            || ',"committedAt":' || to_json(c.committed_at)::text
            || ',"author":' || coalesce('{"name":' || to_json(u.name)::text || '}', 'null') || '}', ','
            ORDER BY c.committed_at DESC, c.id DESC
        )
        FROM (
            SELECT * FROM commits WHERE repository_id = r.id ORDER BY committed_at, id LIMIT 100
        ) c LEFT JOIN users u ON u.id = c.author_id
    ), '') || ']}}'
    FROM repositories r
    WHERE r.id = $1
), 'null') || '}'
