SELECT '{"project":' || coalesce((
    SELECT '{"id":"' || p.id || '","name":' || to_json(p.name)::text || ',"status":"' || p.status
        || '","updatedAt":' || to_json(p.updated_at)::text || ',"owner":{"name":' || to_json(u.name)::text || '}}'
    FROM specification_projects p JOIN users u ON u.id = p.owner_id
    WHERE p.id = $1
), 'null') || '}'
