"""Who sees a learning module, takes it or wrote it."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("learning_modules", "author_id"), ("module_progress", "user_id"))


def learning_modules(world: Oracle, who: UUID | None, what: str, module: Row) -> bool:
    if who is not None and module.author_id == who:
        return True
    return what in ("see", "learn") and bool(module.is_published)


def exercise_answers(world: Oracle, who: UUID | None, what: str, answer: Row) -> bool:
    needed = "manage" if what == "see" else what
    return world.inherits(who, needed, "learning_modules", answer.module_id)


def learning_module_prerequisites(world: Oracle, who: UUID | None, what: str, link: Row) -> bool:
    return world.inherits(who, what, "learning_modules", link.module_id)


def module_progress(world: Oracle, who: UUID | None, what: str, progress: Row) -> bool:
    needed = "manage" if what == "see" else what
    return progress.user_id == who or world.inherits(who, needed, "learning_modules", progress.module_id)
