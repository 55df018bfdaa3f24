"""Calls of what people do with their ways in: passwords, links, and accounts at providers."""

from db import tables
from db.actions import passwords, providers, registration, verification, ways_in
from db.actions.provider_tokens import Tokens
from db.actions.providers import Profile
from db.base import new_id
from db.tables import VerificationPurpose
from db.write import Work
from tests.db.calls import Call, newcomer
from tests.world.accounts import PASSWORD, link_of


def at_acme(name: str) -> Profile:
    return Profile("acme", f"of-{name}", f"{name}@example.com")


async def linked(work: Work) -> None:
    await providers.link(work, at_acme("linked"), Tokens("access"))


async def looked(work: Work, vera: tables.User) -> None:
    for name in ("one", "two"):
        await work.add(tables.Account(user_id=vera.id, provider=name, provider_account_id=new_id().hex))
    user = await ways_in.lock(work, vera.id)
    await ways_in.check_another(work, user, at="accountId")
    user.bio = "Has another way in."


async def held(work: Work, sam: tables.User) -> None:
    (await ways_in.lock(work, sam.id)).bio = "Was locked."


async def prove(work: Work, user: tables.User) -> None:
    work.change(user, {"email_verified_at": None})
    await verification.prove(work, user)


async def unverified(work: Work, user: tables.User) -> None:
    work.change(user, {"email_verified_at": None})
    await registration.ask_to_verify(work)


def used(name: str, purpose: str) -> str:
    """Whether the link of somebody was used."""
    links = f"FROM verification_tokens WHERE identifier = '{name}@example.com' AND purpose = '{purpose}'"
    return f"SELECT count(used_at) = 1 {links}"


def has_password(name: str) -> str:
    return f"SELECT count(*) = 1 FROM passwords p JOIN users u ON u.id = user_id WHERE u.name = '{name}'"  # noqa: S608  (a name of the world)


async def first_password(work: Work) -> None:
    await newcomer(work, "keyless")
    await passwords.change_password(work, None, PASSWORD)


CALLS = (
    Call(
        providers.sign_in,
        "ada",
        (),
        lambda work: providers.sign_in(work, at_acme("newcomer"), Tokens("access")),
        "SELECT count(*) = 1 FROM accounts a JOIN users u ON u.id = user_id WHERE u.email = 'newcomer@example.com'",
    ),
    Call(
        providers.link,
        "vera",
        (),
        linked,
        "SELECT u.name = 'Vera' FROM accounts a JOIN users u ON u.id = user_id WHERE provider_account_id = 'of-linked'",
    ),
    Call(
        providers.unlink,
        "ada",
        ("adas_account",),
        providers.unlink,
        "SELECT count(*) = 0 FROM accounts a JOIN users u ON u.id = user_id WHERE u.name = 'Ada'",
    ),
    Call(ways_in.lock, "sam", ("sam",), held, "SELECT bio = 'Was locked.' FROM users WHERE name = 'Sam'"),
    Call(
        ways_in.check_another,
        "vera",
        ("vera",),
        looked,
        "SELECT bio = 'Has another way in.' FROM users WHERE name = 'Vera'",
    ),
    Call(
        ways_in.end_all,
        "root",
        ("olga",),
        ways_in.end_all,
        "SELECT count(*) = 0 FROM accounts a JOIN users u ON u.id = user_id WHERE u.name = 'Olga'",
    ),
    Call(
        verification.ask,
        "ada",
        (),
        lambda work: verification.ask(work, VerificationPurpose.MAGIC_LINK, "asked@example.com"),
        "SELECT count(*) = 1 FROM verification_tokens WHERE identifier = 'asked@example.com'",
    ),
    Call(
        verification.redeem,
        "ada",
        (),
        lambda work: verification.redeem(work, link_of("l"), VerificationPurpose.MAGIC_LINK),
        used("ada", "MAGIC_LINK"),
    ),
    Call(verification.void, "root", ("rob",), verification.void, used("rob", "MAGIC_LINK")),
    Call(
        verification.prove,
        "root",
        ("root",),
        prove,
        "SELECT count(*) = 0 FROM sessions s JOIN users u ON u.id = user_id WHERE u.name = 'Root'",
    ),
    Call(
        passwords.confirm,
        "ada",
        (),
        lambda work: passwords.confirm(work, "guessed"),
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'password_not_confirmed'",
    ),
    Call(
        passwords.reset_password,
        "ada",
        (),
        lambda work: passwords.reset_password(work, link_of("r"), PASSWORD),
        has_password("Sam"),
    ),
    Call(
        passwords.change_password,
        "olga",
        (),
        first_password,
        has_password("keyless"),
    ),
    Call(
        registration.register,
        "ada",
        (),
        lambda work: registration.register(work, "grace@example.com", PASSWORD, "Grace"),
        has_password("Grace"),
    ),
    Call(
        registration.ask_to_verify,
        "ben",
        ("ben",),
        unverified,
        "SELECT count(*) = 1 FROM verification_tokens WHERE identifier = 'ben@example.com'",
    ),
    Call(
        registration.verify_email,
        "ada",
        (),
        lambda work: registration.verify_email(work, link_of("v")),
        used("ada", "VERIFY_EMAIL"),
    ),
    Call(
        registration.change_email,
        "ada",
        (),
        lambda work: registration.change_email(work, "new@example.com", PASSWORD),
        "SELECT count(*) = 1 FROM verification_tokens WHERE identifier = 'new@example.com'",
    ),
    Call(
        registration.sign_in_with_link,
        "ada",
        (),
        lambda work: registration.sign_in_with_link(work, link_of("i")),
        used("ines", "MAGIC_LINK"),
    ),
)
