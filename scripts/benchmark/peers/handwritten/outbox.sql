, queued AS (
    -- Writers of a topic wait here, each for the one before, behind all rows that they have locked.
    SELECT topic, kind, ids, pg_advisory_xact_lock(hashtextextended(topic, 0)) FROM happened
), counted AS (
    INSERT INTO outbox_topics (id, topic, sequence) SELECT gen_random_uuid(), topic, 1 FROM queued
    ON CONFLICT (topic) DO UPDATE SET sequence = outbox_topics.sequence + 1
    RETURNING sequence
), told AS (
    INSERT INTO outbox_events (id, topic, sequence, kind, ids)
    SELECT uuidv7(), topic, sequence, kind, ids FROM queued, counted
)
