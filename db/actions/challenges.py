"""Challenges of passkeys: each holds for five minutes, and for one answer.

A challenge is signed, and nothing is kept of it until it is answered: whoever only opens the page writes nothing.
"""

from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from os import urandom

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.base import new_id
from db.errors import BadInput
from db.queue.declared import clears
from db.write import Work

LIFETIME = timedelta(minutes=5)
NONCE, TIME = 16, 8
"""Bytes of a challenge before its signature: at random, and the second in which it ends."""
OVER = "This took too long, or was done before. Try again."

answered_challenges = clears(tables.PasskeyChallenge, lambda row: row.expires_at < func.now(), cron="27 * * * *")


def new_challenge(work: Work, purpose: str) -> bytes:
    """A challenge for a purpose, such as to add a passkey of one person."""
    ends = int((datetime.now(UTC) + LIFETIME).timestamp())
    content = urandom(NONCE) + ends.to_bytes(TIME)
    return content + work.keyring.sign(purpose, content)


async def spend(work: Work, challenge: bytes, purpose: str) -> None:
    """Take the one answer to a challenge; raises BadInput for one that is none, of another purpose, or over."""
    content, signature = challenge[: NONCE + TIME], challenge[NONCE + TIME :]
    ours = [compare_digest(signature, one) for one in work.keyring.signatures(purpose, content)]
    if not any(ours):
        raise BadInput(OVER, at="response")
    ends = datetime.fromtimestamp(int.from_bytes(content[NONCE:]), UTC)
    row = {"id": new_id(), "nonce": content[:NONCE], "expires_at": ends}
    added = insert(tables.PasskeyChallenge).values(row).on_conflict_do_nothing(index_elements=["nonce"])
    if ends < datetime.now(UTC) or (await work.execute(added.returning(tables.PasskeyChallenge.id))).first() is None:
        raise BadInput(OVER, at="response")
