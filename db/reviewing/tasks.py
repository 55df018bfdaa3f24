"""Tasks with checkboxes, as the text of the phase TASKS lists them."""

import re
from collections.abc import Iterator

from db.reviewing.markdown import Kind
from db.reviewing.prose import WORD
from db.reviewing.rules import EMPTY_TASK, NO_CHECKBOX, NO_TASK, Found, Text
from db.tables import SpecificationPhase

OPTIONAL = re.compile(r"\[[ xX]\]")
"""A checkbox with something behind it, such as `[ ]*` of an optional task: no checkbox for Markdown, but for people."""


def find(text: Text) -> Iterator[Found]:
    """Faults of the tasks of a text: nothing but in the phase of that name."""
    if text.phase is not SpecificationPhase.TASKS:
        return
    items = [block for block in text.blocks if block.kind is Kind.ITEM and block.list]
    lists = {block.list for block in items if block.is_task}
    if not lists:
        yield Found(NO_TASK, 0, 0, "The text has no task. Each is an item with a checkbox: - [ ] 1. What to do.")
    for block in items:
        if block.is_task and not WORD.search(block.prose) and "`" not in block.prose:
            yield Found(EMPTY_TASK, block.start, block.end, "The task does not say what to do.")
        elif block.list in lists and not block.is_task and not OPTIONAL.match(text.source, block.start):
            message = "The other items of this list have a checkbox, and this one has none."
            yield Found(NO_CHECKBOX, block.start, block.start, message, "[ ] ")
