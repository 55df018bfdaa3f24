"""The parts of learning modules and of the progress in them: JSON in their tables, and objects in the graph."""

from pydantic import AwareDatetime, BaseModel, Field

from db.enums import Words

LESSONS = 100
"""Lessons that a module has at most."""
EXERCISES = 20
"""Exercises that a module has at most."""
OPTIONS = 20
"""Options of an exercise, lines of its rubric, or hints, at most."""
ATTEMPTS = 10
"""Results of one exercise that are kept. Of more the oldest go, but never the best."""
RESULTS = 1_000
"""Results of a person in one module at most, those of exercises included that it has no more."""
SKILLS = 100
"""Assessments of a person in one module at most."""
LONGEST_BODY = 20_000
LONGEST_ANSWER = 5_000
LONGEST_LINE = 500
LONGEST_TITLE = 200


class ModuleLessonKind(Words):
    """The form of a lesson."""

    TEXT = "TEXT", "To be read."
    VIDEO = "VIDEO", "To be watched."
    INTERACTIVE = "INTERACTIVE", "To be tried out: what to do stands in the text."


class ExerciseKind(Words):
    """How an exercise is answered."""

    CHOICE = "CHOICE", "With one of the options."
    CHECKLIST = "CHECKLIST", "With all options that hold."
    WRITE = "WRITE", "With a text, which a set of rules reviews."


class AssessmentSource(Words):
    """Where the assessment of a skill comes from."""

    SELF = "SELF", "You said so yourself."
    EXERCISE = "EXERCISE", "An exercise with options was answered."
    REVIEW = "REVIEW", "A text was written, and reviewed by a set of rules."


class Shape(BaseModel, extra="forbid"):
    """The base of these parts, which have nothing that is not declared."""


class ModuleLesson(Shape):
    """One lesson of a learning module."""

    id: str = Field(description="Its id, which it keeps when the module is changed.", max_length=100)
    title: str = Field(description="The title to show.", min_length=1, max_length=LONGEST_TITLE, pattern=r"\S")
    kind: ModuleLessonKind = Field(description="Whether it is read, watched or tried out.")
    body: str = Field(description="The lesson, in Markdown.", max_length=LONGEST_BODY)
    video_url: str | None = Field(None, description="The lesson as a film: an address.", max_length=2_000)
    duration_minutes: int = Field(description="How many minutes it takes.", ge=0, le=10_000)


class Criterion(Shape):
    """A line of a rubric."""

    id: str = Field(description="Its id.", max_length=100)
    text: str = Field(description="What is looked at.", min_length=1, max_length=LONGEST_LINE)
    points: int = Field(description="How much it counts, beside the others.", ge=0, le=1_000)


class Exercise(Shape):
    """An exercise of a learning module, without its solution."""

    id: str = Field(description="Its id, which it keeps when the module is changed.", max_length=100)
    title: str = Field(description="The title to show.", min_length=1, max_length=LONGEST_TITLE, pattern=r"\S")
    prompt: str = Field(description="What to do, in Markdown.", max_length=LONGEST_BODY)
    kind: ExerciseKind = Field(description="How it is answered.")
    options: list[str] = Field(description="What to choose from; empty where a text is written.", max_length=OPTIONS)
    rubric: list[Criterion] = Field(description="What makes a good answer.", max_length=OPTIONS)
    hints: list[str] = Field(description="Help, to be shown one after the other.", max_length=OPTIONS)
    skill: str | None = Field(
        None, description="The skill that it trains: a result assesses it. Null for none.", max_length=LONGEST_TITLE
    )


class ExerciseResult(Shape):
    """An answer to an exercise, and how good it was."""

    exercise_id: str = Field(description="The id of the exercise.")
    attempt: int = Field(description="The number of the attempt at the exercise, from 1.")
    answer: list[str] = Field(
        description="The options that were chosen, or the text that was written.", max_length=OPTIONS
    )
    score: float = Field(description="How good the answer is, from 0 to 100.")
    feedback: str = Field(description="Why, in sentences of one line each.")
    submitted_at: AwareDatetime = Field(description="When it was answered.")


class SkillAssessment(Shape):
    """The level of a skill that somebody has."""

    skill: str = Field(description="The skill.", min_length=1, max_length=LONGEST_TITLE, pattern=r"\S")
    level: int = Field(description="How well, from 0 for not at all to 5 for as well as one can.", ge=0, le=5)
    source: AssessmentSource = Field(description="Where that is known from.")
    assessed_at: AwareDatetime = Field(description="When it was assessed.")
