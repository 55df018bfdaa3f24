WITH found AS (
    SELECT t.id, t.document_id, t.status, t.resolved_at, t.resolved_by_id, d.project_id, p.organization_id
    FROM comment_threads t
    JOIN specification_documents d ON d.id = t.document_id
    JOIN specification_projects p ON p.id = d.project_id
    WHERE t.id = $1 AND t.status = 'OPEN'
    FOR NO KEY UPDATE OF t
), changed AS (
    UPDATE comment_threads t SET status = 'RESOLVED', resolved_at = now(), resolved_by_id = $2 FROM found f
    WHERE t.id = f.id
    RETURNING t.id, t.status, t.resolved_at, t.resolved_by_id
), audited AS (
    INSERT INTO audit_logs (
        id, actor_id, organization_id, project_id, action, resource, resource_id, request_id, details, before, after
    )
    SELECT
        uuidv7(), $2, f.organization_id, f.project_id, 'thread_resolved', 'comment_threads', f.id, $3,
        '{"fields": ["resolved_at", "resolved_by_id", "status"]}',
        jsonb_build_object(
            'status', f.status, 'resolved_at', f.resolved_at, 'resolved_by_id', f.resolved_by_id
        ),
        jsonb_build_object('status', c.status, 'resolved_at', c.resolved_at, 'resolved_by_id', c.resolved_by_id)
    FROM found f, changed c
), happened AS (
    SELECT
        'project:' || encode(uuid_send(f.project_id), 'hex') AS topic,
        'THREAD_RESOLVED' AS kind,
        jsonb_build_object(
            'project', 'prj_' || encode(uuid_send(f.project_id), 'hex'),
            'document', 'doc_' || encode(uuid_send(f.document_id), 'hex'),
            'thread', 'thr_' || encode(uuid_send(f.id), 'hex')
        ) AS ids
    FROM found f, changed c
) /* outbox */
SELECT '{"resolveThread":{"thread":{"id":"' || c.id || '","status":"' || c.status
    || '","resolvedAt":' || to_json(c.resolved_at)::text || ',"resolvedBy":{"name":' || to_json(u.name)::text || '}}}}'
FROM changed c JOIN users u ON u.id = c.resolved_by_id
