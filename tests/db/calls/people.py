"""Calls of what people do with their profiles, and administrators with people."""

from app.media.pictures import Picture
from db import tables
from db.actions import media, people, profile
from db.tables import UserRole
from db.write import Work
from tests.db.calls import Call


async def titled(work: Work, user: tables.User) -> None:
    work.change(await people.person(work, user.public_id), {"name": "Samuel"})


async def locked(work: Work, user: tables.User) -> None:
    work.change(user, {"login_attempts": 3})
    await work.flush()
    await people.unlock(work, user)


CALLS = (
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
)
