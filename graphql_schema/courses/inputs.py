"""Inputs of courses: what is written, and what is changed of it."""

from decimal import Decimal

import strawberry

from db import tables
from db.tables import Difficulty
from graphql_schema.core.bulk import OnError, items
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change

enumeration(Difficulty)

LARGEST_COURSE = 500
"""Modules and lessons that may be written at a time."""
LINES = 50
LONGEST_LINE = 500
LONGEST_TOPIC = 50

HOURS = "How many hours it takes, 10,000 at most."
MINUTES = "How many minutes it takes, 10,000 at most."
DAYS = "For how many days an enrollment opens it, 10,000 at most; null for ever."
CERTIFICATE_DAYS = "For how many days its certificates hold; null for ever."
TITLE = "The title to show; not empty."
SLUG = "The name in addresses, which no other course has: small letters, digits, single hyphens."
QUIZZES = "Whether it is completed only by who has passed its quizzes."
VERSION = "The `version` that you changed. Where it is another by now, nothing is changed."


@strawberry.input(description="A lesson to write.")
class LessonInput:
    """A new lesson."""

    title: str = text(tables.Lesson.title, TITLE)
    content: str = text(tables.Lesson.content, "The lesson, in Markdown.")
    video_url: str | None = text(tables.Lesson.video_url, "The lesson as a film.", default=None)
    duration: int = strawberry.field(default=0, description=MINUTES)


@strawberry.input(description="A chapter of a course to write.")
class ModuleInput:
    """A new module."""

    title: str = text(tables.CourseModule.title, TITLE)
    description: str = text(tables.CourseModule.description, "What it is about.", default="")
    video_url: str | None = text(tables.CourseModule.video_url, "A film that introduces it.", default=None)
    content: str | None = text(tables.CourseModule.content, "An introduction, in Markdown.", default=None)
    duration: int | None = strawberry.field(
        default=None, description="How many minutes it takes; left out, as many as its lessons together."
    )
    lessons: list[LessonInput] = items("Its lessons, the first one first.", most=LARGEST_COURSE, default_factory=list)


@strawberry.input(description="A course to write.")
class CreateCourseInput:
    """A new course."""

    slug: str = text(tables.Course.slug, SLUG)
    title: str = text(tables.Course.title, TITLE)
    description: str = text(tables.Course.description, "What it teaches, in Markdown.")
    difficulty: Difficulty = strawberry.field(description="How much it asks of its students.")
    price: Decimal = strawberry.field(default=Decimal(0), description="What it costs; left out, it is free.")
    currency: str = text(3, "The ISO 4217 code of the price's currency.", default="USD")
    duration_hours: int = strawberry.field(default=0, description=HOURS)
    language: str = text(tables.Course.language, "The language it is taught in, as an IETF tag.", default="en")
    learning_objectives: list[str] = items(
        "What students can do afterwards.", most=LINES, longest=LONGEST_LINE, default_factory=list
    )
    prerequisites: list[str] = items(
        "What students should know before.", most=LINES, longest=LONGEST_LINE, default_factory=list
    )
    topics: list[str] = items(
        "What it is about, as short tags.", most=LINES, longest=LONGEST_TOPIC, default_factory=list
    )
    license: str | None = text(tables.Course.license, "The licence of its material.", default=None)
    attribution: str | None = text(
        tables.Course.attribution, "Whom to name as the source of its material.", default=None
    )
    thumbnail_url: str | None = text(tables.Course.thumbnail_url, "A picture for the catalogue.", default=None)
    video_url: str | None = text(tables.Course.video_url, "A film that introduces it.", default=None)
    access_days: int | None = strawberry.field(default=None, description=DAYS)
    certificate_days: int | None = strawberry.field(default=None, description=CERTIFICATE_DAYS)
    requires_quizzes: bool = strawberry.field(default=False, description=QUIZZES)
    modules: list[ModuleInput] = items(
        "Its chapters, the first one first. Their lessons count too.", most=LARGEST_COURSE, default_factory=list
    )


@strawberry.input(description="What to change of a course.")
class UpdateCourseInput:
    """Changes of a course."""

    course_id: strawberry.ID = strawberry.field(description="The course.")
    expected_version: int = strawberry.field(description=VERSION)
    slug: str | None = change(tables.Course.slug, SLUG)
    title: str | None = change(tables.Course.title, TITLE)
    description: str | None = change(tables.Course.description, "What it teaches, in Markdown.")
    difficulty: Difficulty | None = change(tables.Course.difficulty, "How much it asks of its students.")
    price: Decimal | None = change(tables.Course.price, "What it costs; `0.00` is free.")
    currency: str | None = change(
        tables.Course.currency,
        "The ISO 4217 code of the price's currency, which stays once somebody has paid.",
        longest=3,
    )
    duration_hours: int | None = change(tables.Course.duration_hours, HOURS)
    language: str | None = change(tables.Course.language, "The language it is taught in, as an IETF tag.")
    learning_objectives: list[str] | None = change(
        tables.Course.learning_objectives, "What students can do afterwards.", most=LINES, longest=LONGEST_LINE
    )
    prerequisites: list[str] | None = change(
        tables.Course.prerequisites, "What students should know before.", most=LINES, longest=LONGEST_LINE
    )
    topics: list[str] | None = change(
        tables.Course.topics, "What it is about, as short tags.", most=LINES, longest=LONGEST_TOPIC
    )
    license: str | None = change(tables.Course.license, "The licence of its material.")
    attribution: str | None = change(tables.Course.attribution, "Whom to name as the source of its material.")
    thumbnail_url: str | None = change(tables.Course.thumbnail_url, "A picture for the catalogue.")
    video_url: str | None = change(tables.Course.video_url, "A film that introduces it.")
    access_days: int | None = change(tables.Course.access_days, DAYS)
    certificate_days: int | None = change(tables.Course.certificate_days, CERTIFICATE_DAYS)
    requires_quizzes: bool | None = change(tables.Course.requires_quizzes, QUIZZES)


@strawberry.input(description="A course.")
class CourseInput:
    """A course."""

    course_id: strawberry.ID = strawberry.field(description="The course.")


@strawberry.input(description="Modules to add to a course.")
class AddModulesInput:
    """New modules."""

    course_id: strawberry.ID = strawberry.field(description="The course.")
    modules: list[ModuleInput] = items(
        "The chapters, the first one first. Their lessons count too.", most=LARGEST_COURSE
    )


@strawberry.input(description="What to change of a module.")
class UpdateModuleInput:
    """Changes of a module."""

    module_id: strawberry.ID = strawberry.field(description="The module.")
    expected_version: int = strawberry.field(description=VERSION)
    title: str | None = change(tables.CourseModule.title, TITLE)
    description: str | None = change(tables.CourseModule.description, "What it is about.")
    video_url: str | None = change(tables.CourseModule.video_url, "A film that introduces it.")
    content: str | None = change(tables.CourseModule.content, "An introduction, in Markdown.")
    duration: int | None = change(tables.CourseModule.duration, "How many minutes it takes.")


@strawberry.input(description="The order of a course's modules.")
class ReorderModulesInput:
    """An order."""

    course_id: strawberry.ID = strawberry.field(description="The course.")
    module_ids: list[strawberry.ID] = items("Its modules, the first one first. Those that are not named come after.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them is no module of the course."
    )


@strawberry.input(description="A module to delete.")
class DeleteModuleInput:
    """A module."""

    module_id: strawberry.ID = strawberry.field(description="The module.")


@strawberry.input(description="Lessons to add to a module.")
class AddLessonsInput:
    """New lessons."""

    module_id: strawberry.ID = strawberry.field(description="The module.")
    lessons: list[LessonInput] = items("The lessons, the first one first.", most=LARGEST_COURSE)


@strawberry.input(description="What to change of a lesson.")
class UpdateLessonInput:
    """Changes of a lesson."""

    lesson_id: strawberry.ID = strawberry.field(description="The lesson.")
    expected_version: int = strawberry.field(description=VERSION)
    title: str | None = change(tables.Lesson.title, TITLE)
    content: str | None = change(tables.Lesson.content, "The lesson, in Markdown.")
    video_url: str | None = change(tables.Lesson.video_url, "The lesson as a film.")
    duration: int | None = change(tables.Lesson.duration, MINUTES)


@strawberry.input(description="The order of a module's lessons.")
class ReorderLessonsInput:
    """An order."""

    module_id: strawberry.ID = strawberry.field(description="The module.")
    lesson_ids: list[strawberry.ID] = items("Its lessons, the first one first. Those that are not named come after.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them is no lesson of the module."
    )


@strawberry.input(description="Another place for a lesson.")
class MoveLessonInput:
    """A place."""

    lesson_id: strawberry.ID = strawberry.field(description="The lesson.")
    module_id: strawberry.ID = strawberry.field(description="A module of its course, which may be its own.")
    place: int | None = strawberry.field(
        default=None, description="Its place there, from 1; left out, or behind the last one, it is the last."
    )


@strawberry.input(description="A lesson to delete.")
class DeleteLessonInput:
    """A lesson."""

    lesson_id: strawberry.ID = strawberry.field(description="The lesson.")
