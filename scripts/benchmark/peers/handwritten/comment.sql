WITH found AS (
    SELECT t.id, t.document_id, d.project_id, p.organization_id
    FROM comment_threads t
    JOIN specification_documents d ON d.id = t.document_id
    JOIN specification_projects p ON p.id = d.project_id
    WHERE t.id = $1
    FOR KEY SHARE OF t
), added AS (
    INSERT INTO comments (id, thread_id, author_id, content) SELECT uuidv7(), id, $2, $3 FROM found
    RETURNING id, content, created_at, author_id
), audited AS (
    INSERT INTO audit_logs (id, actor_id, organization_id, project_id, action, resource, resource_id, request_id)
    SELECT uuidv7(), $2, f.organization_id, f.project_id, 'comment_added', 'comments', a.id, $4 FROM found f, added a
), happened AS (
    SELECT
        'project:' || encode(uuid_send(f.project_id), 'hex') AS topic,
        'COMMENT_ADDED' AS kind,
        jsonb_build_object(
            'project', 'prj_' || encode(uuid_send(f.project_id), 'hex'),
            'document', 'doc_' || encode(uuid_send(f.document_id), 'hex'),
            'thread', 'thr_' || encode(uuid_send(f.id), 'hex'),
            'comment', 'cmt_' || encode(uuid_send(a.id), 'hex')
        ) AS ids
    FROM found f, added a
) /* outbox */
SELECT '{"addComment":{"comment":{"id":"' || a.id || '","content":' || to_json(a.content)::text
    || ',"createdAt":' || to_json(a.created_at)::text || ',"author":{"name":' || to_json(u.name)::text || '}}}}'
FROM added a JOIN users u ON u.id = a.author_id
