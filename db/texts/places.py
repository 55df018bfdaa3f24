"""Places in a text: as people and clients have them, by line and character, and as Python does, by an offset."""

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple


class Place(NamedTuple):
    """A place in a text, before the character that it names."""

    line: int
    character: int


class Text:
    """A text that is looked into by line and character."""

    def __init__(self, content: str) -> None:
        self.content = content

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends. There is one more than the text has ends of lines."""
        return self.content.split("\n")

    @cached_property
    def starts(self) -> list[int]:
        """The offset at which each line starts."""
        return [0, *accumulate(len(line) + 1 for line in self.lines[:-1])]

    def start(self, line: int) -> int:
        """The offset at which a line starts; behind the last one, the end of the text."""
        return self.starts[line] if line < len(self.starts) else len(self.content)

    def offset(self, place: Place) -> int | None:
        """The offset of a place; None for one that the text does not have."""
        line, character = place
        if not (0 <= line < len(self.starts) and 0 <= character <= len(self.lines[line])):
            return None
        return self.starts[line] + character

    def nearest(self, place: Place) -> int:
        """The offset of a place, or the nearest in the text of one that it does not have."""
        line = min(place.line, len(self.starts) - 1)
        return self.starts[line] + min(place.character, len(self.lines[line]))

    def between(self, start: Place, end: Place) -> str | None:
        """The text between two places; None where there are no such places."""
        first, last = self.offset(start), self.offset(end)
        return None if first is None or last is None else self.content[first:last]

    def place(self, offset: int) -> Place:
        """The place of an offset."""
        line = bisect_right(self.starts, offset) - 1
        return Place(line, offset - self.starts[line])
