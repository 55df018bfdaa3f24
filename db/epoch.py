"""The epoch of the outbox: a name for the history in which its sequences only grow. A cursor is good for one epoch.

A database that is restored goes back, and numbers new events as it had numbered others before. Nobody has to notice
that: the epoch is no value that somebody must change, but follows from what no restored database has in common with
the one before it.
"""

import base64
import json
from functools import lru_cache
from hashlib import sha256

import orjson

from db.address import Address
from db.base import Base
from db.errors import BadCursor
from db.rules import nobody

VERSION = 1
OTHER = "This is no cursor of an event of what you listen to. Start again without it."
SEQUENCES = range(2**63)


class OutboxEpoch(Base, access=nobody, prefix="obe"):
    """One row, which a migration writes and nobody changes, but for `begin`."""

    __tablename__ = "outbox_epochs"


# The files of a database come back with a server that starts on them, and its standby is a server that started by
# itself. A dump comes back into another database, or with a row that another transaction has written. A restart begins
# an epoch, too: nothing in a server tells it apart from the return of an older copy of its files.
EPOCH = """(
    SELECT left(encode(sha256(convert_to(concat_ws(' ',
        extract(epoch FROM pg_postmaster_start_time()),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        string_agg(concat(id, xmin), ' ' ORDER BY id)
    ), 'UTF8')), 'hex'), 16) FROM outbox_epochs
)"""
"""The epoch as an SQL expression: 16 hex digits. Any role that reads the outbox may ask.

A statement takes it beside the sequences that it reads, so that both are of one state. Every server has its own: ask
the one that writes, as the relay does.
"""

BEGIN = "WITH gone AS (DELETE FROM outbox_epochs) INSERT INTO outbox_epochs (id) VALUES (gen_random_uuid())"


async def begin(owner_url: str) -> None:
    """Begin another epoch, for an operator who knows what PostgreSQL cannot: that a part of the tables was restored, or
    a machine with its memory. Raises CannotRun.
    """
    connection = await Address.parse(owner_url).reach()
    try:
        await connection.execute(BEGIN)
    finally:
        await connection.close()


def encode(topic: str, epoch: str, sequence: int) -> str:
    """The cursor behind the event of this number in a topic, an opaque text; 0 is before the first."""
    text = orjson.dumps([VERSION, fingerprint(topic), epoch, sequence])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(topic: str, cursor: str) -> tuple[str, int]:
    """The epoch and the sequence that a cursor of this topic stands for; raises BadCursor.

    Behind a cursor of another epoch than that of now nobody knows what has happened: that is a HistoryGap.
    """
    try:
        version, name, epoch, sequence = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as problem:
        raise BadCursor(OTHER) from problem
    is_known = version == VERSION and name == fingerprint(topic) and isinstance(epoch, str)
    if not is_known or type(sequence) is not int or sequence not in SEQUENCES:
        raise BadCursor(OTHER)
    return epoch, sequence


@lru_cache(1_000)
def fingerprint(topic: str) -> str:
    """Eight characters that tell one topic from another, and say nothing about either."""
    return sha256(topic.encode()).hexdigest()[:8]
