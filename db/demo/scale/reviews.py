"""Generated reviews: each document has the scores of a real review, and a suggestion about its title.

The set of rules does not read the generated texts: that would take longer than to make them.
"""

from dataclasses import replace

from db.demo.reviews import review_row, suggestion_rows
from db.demo.rows import Row
from db.demo.scale.people import Somebody
from db.demo.scale.texts import Texts
from db.reviewing import Finding
from db.tables import Severity, SuggestionKind

ROWS = 2
"""Rows that the review of a document makes: itself, and a suggestion."""
MESSAGE = "A number at its end says nothing of what the document is about."


def rows(document: Row, owner: Somebody, number: int, *, texts: Texts) -> tuple[Row, list[Row]]:
    """The review of a document and its suggestions; the number draws the scores."""
    real = texts.reviews[document["phase"]]
    found = replace(real[number % len(real)], findings=(_finding(document["content"].split("\n", 1)[0]),))
    made = review_row(document, found, owner.id)
    return made, suggestion_rows(made, found)


def _finding(title: str) -> Finding:
    place = (0, 0, 0, len(title))
    return Finding("clarity/ambiguous", SuggestionKind.CLARITY, Severity.INFO, MESSAGE, *place, title, None)
