"""Every action does what it says, whatever was done before it in the same work: no order of calls is wrong."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from app.media.pictures import Picture
from db import actions, tables
from db.actions import (
    accounts,
    courses,
    idempotency,
    invitations,
    jobs,
    media,
    notifications,
    organizations,
    passwords,
    people,
    plans,
    profile,
    providers,
    registration,
    specs,
    verification,
    ways_in,
)
from db.actions.provider_tokens import Tokens
from db.actions.providers import Profile
from db.base import new_id
from db.change.keys import Key
from db.engine import Database
from db.modules import modules
from db.tables import (
    Difficulty,
    NotificationType,
    OrganizationRole,
    ProjectRole,
    UserRole,
    VerificationPurpose,
)
from db.write import Work
from tests.world import World
from tests.world.accounts import PASSWORD, link_of
from tests.world.invitations import token


@dataclass(frozen=True)
class Call:
    """One call of an action by a person of the world with rows of the world, and what is true afterwards, in SQL."""

    action: Callable[..., Awaitable[Any]]
    who: str
    given: tuple[str, ...]
    do: Callable[..., Awaitable[Any]]
    is_done: str


async def once(work: Work) -> None:
    key = Key("addComment", "kept", b"hash")
    await idempotency.begin(work, key)
    await idempotency.keep(work, key, b"{}")


async def out(work: Work, user: tables.User) -> None:
    await accounts.open_session(work, user, device="stays")
    await accounts.open_session(work, user, device="left")
    await accounts.sign_out(work)


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


async def titled(work: Work, user: tables.User) -> None:
    work.change(await people.person(work, user.public_id), {"name": "Samuel"})


async def locked(work: Work, user: tables.User) -> None:
    work.change(user, {"login_attempts": 3})
    await work.flush()
    await people.unlock(work, user)


async def others_out(work: Work, user: tables.User) -> None:
    await accounts.new_session(work, user, device="kept", action="signed_in")
    await accounts.end_other_sessions(work)


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


def told(user: tables.User) -> dict[str, Any]:
    return {"user_id": user.id, "type": NotificationType.SYSTEM_UPDATE, "title": "Hello", "message": "", "data": {}}


def begun(work: Work, slug: str) -> Awaitable[tables.Organization]:
    return organizations.create_organization(work, tables.Organization(name="Begun", slug=slug))


async def handed_over(work: Work, user: tables.User) -> None:
    organization = await begun(work, "handed-over")
    await organizations.add_member(work, organization, user.id, OrganizationRole.VIEWER)
    place = tables.OrganizationMember.organization_id == organization.id, tables.OrganizationMember.user_id == user.id
    await organizations.transfer(work, (await work.scalars(select(tables.OrganizationMember).where(*place))).one())


async def ended(work: Work) -> None:
    await organizations.delete_organization(work, await begun(work, "ended"))


CALLS = (
    Call(
        specs.create_project,
        "ada",
        ("ben",),
        lambda work, ben: specs.create_project(work, "Globe", description=None, members=[(ben, ProjectRole.LEAD)]),
        "SELECT count(*) = 1 FROM project_members m JOIN specification_projects p ON p.id = project_id "
        "WHERE p.name = 'Globe'",
    ),
    Call(
        specs.update_project,
        "ada",
        ("atlas",),
        lambda work, atlas: specs.update_project(work, atlas, {"description": "Updated"}),
        "SELECT count(*) = 1 FROM specification_projects WHERE description = 'Updated'",
    ),
    Call(
        specs.add_members,
        "ada",
        ("atlas", "ines"),
        lambda work, atlas, ines: specs.add_members(work, atlas, [(ines, ProjectRole.REVIEWER)]),
        "SELECT count(*) = 1 FROM project_members WHERE role = 'REVIEWER'",
    ),
    Call(
        organizations.create_organization,
        "sam",
        (),
        lambda work: begun(work, "begun"),
        "SELECT count(*) = 1 FROM organizations WHERE slug = 'begun'",
    ),
    Call(
        organizations.add_member,
        "ada",
        ("analytical", "rob"),
        lambda work, analytical, rob: organizations.add_member(work, analytical, rob.id, OrganizationRole.VIEWER),
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id WHERE u.name = 'Rob'",
    ),
    Call(
        organizations.change_member,
        "ada",
        ("bens_membership",),
        lambda work, place: organizations.change_member(work, place, OrganizationRole.ADMIN),
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id "
        "JOIN organizations o ON o.id = organization_id "
        "WHERE o.slug = 'analytical' AND u.name = 'Ben' AND m.role = 'ADMIN'",
    ),
    Call(
        organizations.remove_member,
        "ada",
        ("veras_membership",),
        organizations.remove_member,
        "SELECT count(*) = 0 FROM organization_members m JOIN users u ON u.id = user_id WHERE u.name = 'Vera'",
    ),
    Call(
        organizations.transfer,
        "ada",
        ("ben",),
        handed_over,
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id "
        "JOIN organizations o ON o.id = organization_id "
        "WHERE o.slug = 'handed-over' AND u.name = 'Ben' AND m.role = 'OWNER'",
    ),
    Call(
        organizations.delete_organization,
        "sam",
        (),
        ended,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'organization_deleted'",
    ),
    Call(
        invitations.invite_to_organization,
        "olga",
        ("remote",),
        lambda work, remote: invitations.invite_to_organization(
            work, remote, "new@example.com", OrganizationRole.ADMIN
        ),
        "SELECT count(*) = 1 FROM invitations WHERE email = 'new@example.com' AND organization_role = 'ADMIN'",
    ),
    Call(
        invitations.invite_to_project,
        "ada",
        ("atlas",),
        lambda work, atlas: invitations.invite_to_project(work, atlas, "new@example.com", ProjectRole.LEAD),
        "SELECT count(*) = 1 FROM invitations WHERE email = 'new@example.com' AND project_role = 'LEAD'",
    ),
    Call(
        invitations.accept,
        "ines",
        ("ines_invited",),
        invitations.accept,
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id WHERE u.name = 'Ines'",
    ),
    Call(
        invitations.accept_by_token,
        "sam",
        (),
        lambda work: invitations.accept_by_token(work, token("sam_invited")),
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id "
        "JOIN organizations o ON o.id = organization_id WHERE o.slug = 'remote' AND u.name = 'Sam'",
    ),
    Call(
        courses.create_course,
        "ines",
        (),
        lambda work: courses.create_course(
            work, tables.Course(slug="sets", title="Sets", description="All", difficulty=Difficulty.BEGINNER), []
        ),
        "SELECT count(*) = 1 FROM courses WHERE slug = 'sets'",
    ),
    Call(
        courses.enroll,
        "ben",
        ("logic",),
        courses.enroll,
        "SELECT count(*) = 2 FROM course_progress",
    ),
    Call(
        courses.complete_lesson,
        "sam",
        ("logic_1_2",),
        courses.complete_lesson,
        "SELECT count(*) = 1 FROM course_progress WHERE progress_percent = 50",
    ),
    Call(
        courses.reorder_lessons,
        "ines",
        ("logic_2", "logic_2_2"),
        lambda work, module, lesson: courses.reorder_lessons(work, module, [lesson]),
        "SELECT l.order = 1 FROM lessons l JOIN course_modules m ON m.id = module_id "
        "WHERE m.title = 'logic 2' AND l.title = '2.2'",
    ),
    Call(
        notifications.notify,
        "ada",
        ("vera",),
        lambda work, vera: notifications.notify(work, [told(vera)]),
        "SELECT count(*) = 1 FROM notifications WHERE title = 'Hello'",
    ),
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
        accounts.make_active,
        "ada",
        ("rob",),
        lambda work, rob: accounts.make_active(work, rob, is_active=False),
        "SELECT NOT is_active FROM users WHERE name = 'Rob'",
    ),
    Call(
        people.person,
        "root",
        ("sam",),
        titled,
        "SELECT name = 'Samuel' FROM users WHERE email = 'sam@example.com'",
    ),
    Call(
        people.set_role,
        "root",
        ("vera",),
        lambda work, vera: people.set_role(work, vera, UserRole.MODERATOR),
        "SELECT role = 'MODERATOR' FROM users WHERE name = 'Vera'",
    ),
    Call(
        people.appoint,
        "ada",
        (),
        lambda work: people.appoint(work, "grace@example.com"),
        "SELECT role = 'ADMIN' AND is_active FROM users WHERE email = 'grace@example.com'",
    ),
    Call(
        people.set_active,
        "root",
        ("ines",),
        lambda work, ines: people.set_active(work, ines, is_active=False),
        "SELECT NOT is_active FROM users WHERE name = 'Ines'",
    ),
    Call(
        people.unlock,
        "root",
        ("ben",),
        locked,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'user_unlocked'",
    ),
    Call(
        profile.update_profile,
        "ada",
        ("ada",),
        lambda work, ada: profile.update_profile(work, ada, {"bio": "Counts"}),
        "SELECT bio = 'Counts' FROM users WHERE name = 'Ada'",
    ),
    Call(
        media.keep,
        "vera",
        (),
        lambda work: media.keep(work, Picture(b"a picture", "image/png", "png"), key="kept", url="/kept"),
        "SELECT count(*) = 1 FROM media WHERE file_key = 'kept'",
    ),
    Call(
        media.set_avatar,
        "ben",
        ("ben", "unused"),
        media.set_avatar,
        "SELECT count(*) = 2 FROM media WHERE user_id IS NOT NULL",
    ),
    Call(
        idempotency.begin,
        "ada",
        (),
        lambda work: idempotency.begin(work, Key("addComment", "begun", b"hash")),
        "SELECT count(*) = 1 FROM idempotency_keys WHERE key = 'begun'",
    ),
    Call(
        jobs.cancel,
        "ben",
        ("export",),
        jobs.cancel,
        "SELECT status = 'CANCELLED' FROM jobs WHERE kind = 'export'",
    ),
    Call(
        notifications.alert,
        "ada",
        ("vera",),
        lambda work, vera: notifications.alert(work, vera.id, "Look", "At this."),
        "SELECT count(*) = 1 FROM notifications WHERE title = 'Look'",
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
        lambda work: passwords.change_password(work, None, PASSWORD),
        has_password("Olga"),
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
    Call(idempotency.keep, "ada", (), once, "SELECT count(*) = 1 FROM idempotency_keys WHERE answer IS NOT NULL"),
)


CHANGES_NOTHING: tuple[Callable[..., Awaitable[Any]], ...] = (
    accounts.check_verified,
    plans.check_room,
    passwords.hashed,
    verification.owner,
)
"""The actions that look, or work something out."""


def test_every_action_is_called_here() -> None:
    found = [
        function
        for module in modules(actions)
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function) and function.__module__ == module.__name__
        if "work" in inspect.signature(function).parameters
        if not name.startswith(("_", "check_"))  # what only checks has no effect
    ]
    assert len(found) > 10
    assert {*found} == {*CHANGES_NOTHING, *(call.action for call in CALLS)}


async def done(work: Work, world: World, call: Call) -> None:
    """Call an action as a mutation would, with rows that are found but not locked."""
    work.viewer = world.viewer(call.who)
    rows = [world.rows[name] for name in call.given]
    await call.do(work, *[await work.get(type(row), row.public_id, at="") for row in rows])


async def undone(database: Database) -> list[str]:
    """The actions whose effect is not there."""
    async with database.read() as session:
        return [call.action.__name__ for call in CALLS if not await session.scalar(text(call.is_done))]


async def nothing(_work: Work) -> None:
    pass


async def a_row_that_waits(work: Work) -> None:
    await work.add(tables.Organization(name="Waits", slug=f"waits-{new_id().hex}"))


async def a_session(work: Work) -> None:
    await work.session()


@pytest.mark.parametrize("before", [nothing, a_row_that_waits, a_session], ids=lambda before: before.__name__)
async def test_an_action_that_is_called_directly_does_what_it_says(
    database: Database, world: World, before: Callable[[Work], Awaitable[None]]
) -> None:
    assert await undone(database) == [call.action.__name__ for call in CALLS]
    for call in CALLS:
        async with database.work(world.viewer(call.who)) as work:
            await before(work)
            await done(work, world, call)
    assert await undone(database) == []
    async with database.read() as session:
        waited = await session.scalar(text("SELECT count(*) FROM organizations WHERE name = 'Waits'"))
    assert waited == (len(CALLS) if before is a_row_that_waits else 0)


@pytest.mark.parametrize("seed", range(4))
async def test_all_actions_are_done_by_one_work_in_any_order(database: Database, world: World, seed: int) -> None:
    async with database.work(world.viewer("ada")) as work:
        for call in Random(seed).sample(CALLS, k=len(CALLS)):
            await done(work, world, call)
    assert await undone(database) == []
