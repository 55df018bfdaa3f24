"""Calls of what begins and ends sessions."""

from db import tables
from db.actions import accounts
from db.write import Work
from tests.db.calls import Call
from tests.world.accounts import PASSWORD


async def out(work: Work, user: tables.User) -> None:
    await accounts.open_session(work, user, device="stays")
    await accounts.open_session(work, user, device="left")
    await accounts.sign_out(work)


async def others_out(work: Work, user: tables.User) -> None:
    await accounts.new_session(work, user, device="kept", action="signed_in")
    await accounts.end_other_sessions(work)


CALLS = (
    Call(
        accounts.sign_in,
        "ada",
        (),
        lambda work: accounts.sign_in(work, "ada@example.com", PASSWORD, device="signed in"),
        "SELECT count(*) = 1 FROM sessions WHERE device = 'signed in'",
    ),
    Call(
        accounts.open_session,
        "ada",
        ("ada",),
        lambda work, ada: accounts.open_session(work, ada, device="opened"),
        "SELECT count(*) = 1 FROM sessions WHERE device = 'opened'",
    ),
    Call(
        accounts.sign_out,
        "ada",
        ("ada",),
        out,
        "SELECT array_agg(device) = '{stays}' FROM sessions WHERE device IN ('stays', 'left')",
    ),
    Call(
        accounts.end_sessions,
        "ada",
        ("ben",),
        lambda work, ben: accounts.end_sessions(work, tables.Session.user_id == ben.id),
        "SELECT count(*) = 0 FROM sessions s JOIN users u ON u.id = user_id WHERE u.name = 'Ben'",
    ),
    Call(
        accounts.end_sessions_of,
        "ada",
        (),
        lambda work: accounts.end_sessions_of(work, "rob@example.com", None),
        "SELECT count(*) = 0 FROM sessions s JOIN users u ON u.id = user_id WHERE u.name = 'Rob'",
    ),
    Call(
        accounts.set_active,
        "ada",
        (),
        lambda work: accounts.set_active(work, "olga@example.com", is_active=False),
        "SELECT NOT is_active FROM users WHERE name = 'Olga'",
    ),
    Call(
        accounts.make_active,
        "ada",
        ("rob",),
        lambda work, rob: accounts.make_active(work, rob, is_active=False),
        "SELECT NOT is_active FROM users WHERE name = 'Rob'",
    ),
    Call(
        accounts.new_session,
        "ada",
        ("ada",),
        lambda work, ada: accounts.new_session(work, ada, device="renewed", action="signed_in"),
        "SELECT count(*) = 1 FROM sessions WHERE device = 'renewed'",
    ),
    Call(
        accounts.end_other_sessions,
        "vera",
        ("vera",),
        others_out,
        "SELECT array_agg(device) = '{kept}' FROM sessions s JOIN users u ON u.id = user_id WHERE u.name = 'Vera'",
    ),
)
