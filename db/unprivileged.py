"""The user that PostgreSQL runs as when root starts it, because it refuses to run as root, and access to its files."""

import os
import stat
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwnam


@dataclass(frozen=True, slots=True)
class User:
    id: int
    group: int


def owner(data: Path) -> User:
    """The user that PostgreSQL runs as when root starts it: the owner of the data."""
    if data.exists():
        return User(data.stat().st_uid, data.stat().st_gid)
    nobody = getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def let_in(user: User, *trees: Path) -> None:
    """Let `user` use the files of the trees, in whatever closed folder such as /root: they may pass there, not look."""
    for tree in trees:
        if not tree.stat().st_mode & stat.S_IROTH:  # installed under a strict umask
            for path in (tree, *tree.rglob("*")):
                path.chmod(path.stat().st_mode | (0o555 if path.stat().st_mode & stat.S_IXUSR else 0o444))
    for folder in {folder for tree in trees for folder in tree.parents}:
        if not folder.stat().st_mode & stat.S_IXOTH:
            _let_pass(user, folder)


def _let_pass(user: User, folder: Path) -> None:
    """`setfacl -m u:USER:x FOLDER`, without the need for that program; where there are no such lists, for all users."""
    mode, name, anyone = folder.stat().st_mode, "system.posix_acl_access", 0xFFFFFFFF
    owner, named, group, mask, others = 1, 2, 4, 16, 32
    entries = {(owner, anyone): mode >> 6 & 7, (group, anyone): mode >> 3 & 7, (others, anyone): mode & 7}
    try:
        with suppress(OSError):
            entries = {(tag, who): bits for tag, bits, who in struct.iter_unpack("<HHI", os.getxattr(folder, name)[4:])}
        entries |= {(named, user.id): 1, (mask, anyone): entries.get((mask, anyone), entries[group, anyone]) | 1}
        lines = (struct.pack("<HHI", tag, bits, who) for (tag, who), bits in sorted(entries.items()))
        os.setxattr(folder, name, struct.pack("<I", 2) + b"".join(lines))
    except (OSError, AttributeError):
        folder.chmod(mode | stat.S_IXOTH)
