"""The inputs of mutations that write quizzes."""

import strawberry

from db import tables
from db.permissions import EDIT
from db.tables import QuestionType, Reveal
from db.tables.quizzes import OPTIONS, QUESTIONS
from graphql_schema.core.bulk import items
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change

enumeration(QuestionType)
enumeration(Reveal)

PARTS = 2_000
"""Questions of a quiz with their options and texts."""
LONGEST_OPTION = 2_000


@strawberry.input(description="An option of a question to write.")
class QuestionOptionInput:
    """An option."""

    id: str | None = text(100, "Its id, if it is in the question already. Left out, it is new.", default=None)
    text: str = text(LONGEST_OPTION, "The option, in Markdown.")
    is_correct: bool = strawberry.field(default=False, description="Whether it is right. Students do not see it.")


@strawberry.input(description="A question of a quiz to write.")
class QuestionInput:
    """A question."""

    id: str | None = text(100, "Its id, if it is in the quiz already. Left out, it is new.", default=None)
    type: QuestionType = strawberry.field(description="The way in which it is answered.")
    question: str = text(tables.Question.question, "The question, in Markdown; not empty.")
    options: list[QuestionOptionInput] = items(
        "What to choose from, where no text is written; of what is true or false there are two. Each attempt shuffles "
        "the others.",
        most=OPTIONS,
        default_factory=list,
    )
    accepted_texts: list[str] = items(
        "The texts that are right, of a short answer: capital letters and space make no difference. Students do not "
        "see them.",
        most=OPTIONS,
        longest=LONGEST_OPTION,
        default_factory=list,
    )
    explanation: str | None = text(
        20_000, "Why the right answer is right, in Markdown; students see it with that.", default=None
    )
    points: int = strawberry.field(default=1, description="The points that a right answer gives, 1 to 1,000.")


@strawberry.input(description="A quiz to write.")
class CreateQuizInput:
    """A new quiz."""

    course_id: strawberry.ID = strawberry.field(description="The course that it is of.")
    module_id: strawberry.ID | None = strawberry.field(default=None, description="A chapter that it belongs to.")
    lesson_id: strawberry.ID | None = strawberry.field(default=None, description="A lesson that it belongs to.")
    title: str = text(tables.Quiz.title, "The title to show; not empty.")
    description: str | None = text(tables.Quiz.description, "What it asks about, in Markdown.", default=None)
    passing_score: int = strawberry.field(default=70, description="The score with which an attempt passes: 0 to 100.")
    time_limit: int | None = strawberry.field(
        default=None, description="The minutes that an attempt has, 10,000 at most; left out, as many as one likes."
    )
    max_attempts: int = strawberry.field(default=3, description="How many attempts everybody has, 1 to 1,000.")
    reveal: Reveal = strawberry.field(
        default=Reveal.AFTER_PASS_OR_LAST, description="When students see the right answers."
    )
    questions: list[QuestionInput] = items(
        f"Its questions, {QUESTIONS} of them, the first one first. All in their lists count too.",
        most=PARTS,
        default_factory=list,
    )


@strawberry.input(description="What to change of a quiz.")
class UpdateQuizInput:
    """Changes of a quiz."""

    quiz_id: strawberry.ID = strawberry.field(description="The quiz.")
    expected_version: int = strawberry.field(description="The version that you changed.")
    module_id: strawberry.ID | None = change(tables.Quiz.module_id, "A chapter that it belongs to.", may=EDIT)
    lesson_id: strawberry.ID | None = change(tables.Quiz.lesson_id, "A lesson that it belongs to.", may=EDIT)
    title: str | None = change(tables.Quiz.title, "The title to show; not empty.")
    description: str | None = change(tables.Quiz.description, "What it asks about, in Markdown.")
    passing_score: int | None = change(
        tables.Quiz.passing_score, "The score with which an attempt passes that begins from now on: 0 to 100."
    )
    time_limit: int | None = change(tables.Quiz.time_limit, "The minutes that an attempt has, 10,000 at most.")
    max_attempts: int | None = change(tables.Quiz.max_attempts, "How many attempts everybody has, 1 to 1,000.")
    reveal: Reveal | None = change(tables.Quiz.reveal, "When students see the right answers.")
    questions: list[QuestionInput] | None = items(
        f"All its questions, {QUESTIONS} of them, the first one first, with their right answers. All in their lists "
        "count too. Left out, they stay as they are.",
        most=PARTS,
        default_factory=lambda: None,
    )


@strawberry.input(description="A quiz to publish.")
class PublishQuizInput:
    """A draft."""

    quiz_id: strawberry.ID = strawberry.field(description="The quiz.")


@strawberry.input(description="A quiz to make a draft again.")
class UnpublishQuizInput:
    """A quiz that is published."""

    quiz_id: strawberry.ID = strawberry.field(description="The quiz.")


@strawberry.input(description="A quiz to delete.")
class DeleteQuizInput:
    """A quiz."""

    quiz_id: strawberry.ID = strawberry.field(description="The quiz.")
