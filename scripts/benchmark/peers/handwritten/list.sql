WITH visible AS (
    SELECT id FROM specification_projects WHERE owner_id = $1
    UNION
    SELECT project_id FROM project_members WHERE user_id = $1 AND status = 'ACTIVE'
)
SELECT '{"projects":{"totalCount":' || (SELECT count(*) FROM visible) || ',"nodes":[' || coalesce((
    SELECT string_agg(
        '{"id":"' || p.id || '","name":' || to_json(p.name)::text || ',"status":"' || p.status
        || '","updatedAt":' || to_json(p.updated_at)::text || ',"owner":{"name":' || to_json(u.name)::text
        || '},"documents":{"nodes":[' || coalesce((
            SELECT string_agg('{"phase":"' || d.phase || '","version":' || d.version || '}', ',')
            FROM (
                SELECT phase, version FROM specification_documents WHERE project_id = p.id ORDER BY phase, id LIMIT 5
            ) d
        ), '') || ']}}', ','
        ORDER BY p.updated_at DESC, p.id DESC
    )
    FROM (
        SELECT id, name, status, updated_at, owner_id FROM specification_projects
        WHERE id IN (SELECT id FROM visible)
        ORDER BY updated_at DESC, id DESC LIMIT 20
    ) p JOIN users u ON u.id = p.owner_id
), '') || ']}}'
