"""The difference of two versions of a document, which only Python can compute."""

from operator import attrgetter

from db.actions import documents
from db.texts.hunks import MOST, LineKind
from graphql_schema.core import made, number
from graphql_schema.core.fields import Computed, object_type
from graphql_schema.core.strawberry_seam import enumeration

GREATEST = 2**31 - 1

object_type(
    "DifferenceLine",
    "A line of one of two texts, or of both.",
    kind=Computed("What became of it.", enumeration(LineKind), attrgetter("kind")),
    text=Computed("The line, without its end.", str, attrgetter("text")),
)
object_type(
    "DifferenceHunk",
    "Changes next to each other, with up to three lines before them and behind them.",
    from_line=Computed("Its first line in the text of `from`, counted from 0.", int, attrgetter("from_line")),
    to_line=Computed("Its first line in the text of `to`, counted from 0.", int, attrgetter("to_line")),
    lines=Computed("Its lines, in their order.", "list[DifferenceLine]", attrgetter("lines")),
)
object_type(
    "DocumentDifference",
    "What changed from one version of a document to another. Lines end at `\\\\n` and nowhere else.",
    additions=Computed("How many lines are in the text of `to` alone.", int, attrgetter("additions")),
    deletions=Computed("How many lines are in the text of `from` alone.", int, attrgetter("deletions")),
    hunks=Computed(
        f"The changes, from the first line to the last: {MOST:,} lines of them at most.",
        "list[DifferenceHunk]",
        attrgetter("hunks"),
    ),
    is_whole=Computed("Whether all of the changes are in `hunks`.", bool, attrgetter("is_whole")),
)

diff = made(
    "DocumentDifference | None",
    "What changed from one version to another, line by line; null where the text of one of them is not known. From a "
    "newer version to an older one it is what taking the changes back changes.",
    reads=documents.texts,
    value=documents.difference,
    weight=500,
    **{
        "from": number("The version to begin with", most=GREATEST),
        "to": number("The version to end with, that of today if left out", most=GREATEST, default=None),
    },
)
