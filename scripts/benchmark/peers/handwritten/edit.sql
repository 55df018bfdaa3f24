WITH found AS (
    SELECT d.id, d.project_id, d.status, d.version, d.approved_at, d.approved_by_id, p.organization_id
    FROM specification_documents d JOIN specification_projects p ON p.id = d.project_id
    WHERE d.id = $1 AND d.version = $3 AND d.content <> $4
    FOR NO KEY UPDATE OF d
), changed AS (
    UPDATE specification_documents d SET content = $4, version = d.version + 1, status = 'DRAFT', approved_at = NULL,
        approved_by_id = NULL
    FROM found f
    WHERE d.id = f.id
    RETURNING d.id, d.status, d.version, d.approved_at, d.approved_by_id, d.content, d.updated_at
), kept AS (
    INSERT INTO document_versions (id, document_id, version, content, summary, author_id)
    SELECT uuidv7(), id, version, content, $5, $2 FROM changed
), audited AS (
    INSERT INTO audit_logs (
        id, actor_id, organization_id, project_id, action, resource, resource_id, request_id, details, before, after
    )
    SELECT
        uuidv7(), $2, f.organization_id, f.project_id, 'document_edited', 'specification_documents', f.id, $6,
        CASE f.status WHEN 'DRAFT' THEN '{"fields": ["content", "version"]}'
            ELSE '{"fields": ["content", "status", "version"]}' END::jsonb,
        jsonb_build_object(
            'status', f.status, 'version', f.version, 'approved_at', f.approved_at, 'approved_by_id', f.approved_by_id
        ),
        jsonb_build_object(
            'status', c.status, 'version', c.version, 'approved_at', c.approved_at, 'approved_by_id', c.approved_by_id
        )
    FROM found f, changed c
), happened AS (
    SELECT
        'project:' || encode(uuid_send(f.project_id), 'hex') AS topic,
        'DOCUMENT_EDITED' AS kind,
        jsonb_build_object(
            'project', 'prj_' || encode(uuid_send(f.project_id), 'hex'),
            'document', 'doc_' || encode(uuid_send(f.id), 'hex')
        ) AS ids
    FROM found f, changed c
) /* outbox */
SELECT '{"editDocument":{"document":{"id":"' || id || '","version":' || version || ',"status":"' || status
    || '","updatedAt":' || to_json(updated_at)::text || '}}}'
FROM changed
