"""The union of all that full-text search finds."""

from pydantic import BaseModel, Field

from db import search, tables
from db.snippets import HIGHLIGHTS, SHOWN
from graphql_schema.core import of_item, union
from graphql_schema.core.unions import MOST


class Highlight(BaseModel):
    """A range of a text, in characters (Unicode code points): `[...text].slice(start, start + length)`."""

    start: int = Field(description="The characters ahead of it.")
    length: int = Field(description="How many characters it has; at least one.")


class Snippet(BaseModel):
    """Some text of an object that was searched for: plain text, whatever it looks like, and no HTML."""

    text: str = Field(
        description=f"Up to {SHOWN} characters of the field that answers the search best, with what was found in them. "
        "Where nothing can be shown, as of what `-without` finds, they are its start."
    )
    highlights: list[Highlight] = Field(
        description="What was found in the text, from its start on, without overlaps.", max_length=HIGHLIGHTS
    )


RANK = """\
How well it answers the search, from 0 to 1. It means the same in every type, and is 0 for a part of a name. A lesson
that has the words in its text alone is found by those who may read it, and ranked by its text."""

SearchResult = union(
    "SearchResult",
    "Something that full-text search finds. Select what you show of each type: `... on Course { title slug }`.",
    tables.SpecificationProject,
    tables.SpecificationDocument,
    tables.Comment,
    tables.Course,
    tables.Lesson,
    tables.Repository,
    tables.LearningModule,
    tables.Issue,
    edge={
        "rank": of_item(float, RANK, search.rank, takes="query"),
        "snippet": of_item(Snippet, "What to show of it.", search.snippet, takes="query"),
    },
    is_bounded=f"""\
Whether `totalCount` counts all that you see and the text is found in. Of each type the {MOST} newest are found at most:
no more are ranked, counted and listed, so that a word which is everywhere costs no more than others.""",
)
