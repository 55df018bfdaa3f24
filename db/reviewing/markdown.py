"""The prose of a text in Markdown, block by block, at the places where it stands in the text.

Code, quotes, HTML, pictures and addresses are not prose: rules about words are not for them. The parser is
pulldown-cmark: it says where each piece stands, and its time grows with the length of the text, whatever is in that.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate
from typing import Any

import pyromark
from pyromark import Options

OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_YAML_STYLE_METADATA_BLOCKS
)
NO_PROSE = {"BlockQuote", "CodeBlock", "HtmlBlock", "MetadataBlock", "Image", "Address"}
INLINE = {"Emphasis", "Strong", "Strikethrough", "Link", "Image", "Address"}
ADDRESS = re.compile(r"\b(?:https?|ftp)://\S+")
FIRST_BYTES = bytes(0 if 0x80 <= byte < 0xC0 else 1 for byte in range(256))
"""1 for each byte of UTF-8 that begins a character."""
PART = 1 << 16


class Kind(Enum):
    """Where a block stands."""

    HEADING = auto()
    PARAGRAPH = auto()
    ITEM = auto()
    CELL = auto()
    OTHER = auto()
    """Code, a quote or HTML: no prose."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a text that reads on: what is no prose in it is blank, so that each word keeps its place."""

    kind: Kind
    start: int
    prose: str
    """As long as it is in the text. Code in a line is grave accents, in the place of a word."""
    level: int = 0
    """Of a heading: 1 for `#`."""
    begins: int = 0
    """Where the marks of a heading begin."""
    list: int = 0
    """Of the first block of an item: the number of its list in the text."""
    is_task: bool = False
    """Whether the item has a checkbox."""

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.prose)

    @property
    def has_sentences(self) -> bool:
        """Whether it reads on, as titles and cells do not."""
        return self.kind is Kind.PARAGRAPH or self.kind is Kind.ITEM


class _Reader:
    """Puts the events of the parser together to blocks."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: Sequence[int] = range(len(text) + 1) if text.isascii() else _places(text)
        """The characters before each byte of the text."""

        self.around = list[str]()
        """The names of the blocks that are open."""
        self.lists = list[int]()
        self.made = 0
        self.muted = 0
        self.pieces = list[str]()
        self.start = self.end = 0
        self.about = dict[str, Any]()
        """Fields of the next block that are known already."""

    def blocks(self) -> Iterator[Block]:
        for event, bytes_ in pyromark.events_with_range(self.text, options=OPTIONS):
            start, end = self.places[bytes_["start"]], self.places[bytes_["end"]]
            if isinstance(event, str):  # the end of a line, or a rule
                continue
            [(what, value)] = event.items()
            if what == "Start":
                yield from self._opened(value, start)
            elif what == "End":
                yield from self._closed()
            elif not self.muted:
                self._said(what, value, start, end)

    def _said(self, what: str, value: Any, start: int, end: int) -> None:
        match what:
            case "Text":  # an entity such as &amp; is one character, and longer in the source
                self._say(start, end, value if len(value) == end - start else value[:1].ljust(end - start))
            case "Code":
                self._say(start, end, "`" * (end - start))
            case "TaskListMarker":
                self.about["is_task"] = True
                self._say(end, end, "")

    def _say(self, start: int, end: int, prose: str) -> None:
        """Add a piece to the block that is open; if none is, it begins one."""
        if self.pieces:
            self.pieces.append(" " * (start - self.end))
        else:
            self.start = start
        self.pieces.append(prose)
        self.end = end

    def _opened(self, tag: Any, start: int) -> Iterator[Block]:
        name = _name(tag)
        if name not in INLINE:
            yield from self._ended()
            self._begin(name, tag, start)
            if name in NO_PROSE and not self.muted:
                yield Block(Kind.OTHER, start, "")
        self.muted += name in NO_PROSE
        self.around.append(name)

    def _begin(self, name: str, tag: Any, start: int) -> None:
        """Note what the next block is."""
        match name:
            case "List":
                self.made += 1
                self.lists.append(self.made)
            case "Item":
                self.about = {"list": self.lists[-1]}
            case "Heading":
                self.about = {"level": int(tag["Heading"]["level"][1]), "begins": start}

    def _closed(self) -> Iterator[Block]:
        if self.around[-1] not in INLINE:
            yield from self._ended()
            self.about = {}
        name = self.around.pop()
        self.muted -= name in NO_PROSE
        if name == "List":
            self.lists.pop()

    def _ended(self) -> Iterator[Block]:
        """The block that was open, if one was."""
        if self.pieces:
            prose = "".join(self.pieces)
            if "://" in prose:
                prose = ADDRESS.sub(lambda address: " " * len(address[0]), prose)
            yield Block(self._kind(), self.start, prose, **self.about)
            self.pieces.clear()
            self.about = {}

    def _kind(self) -> Kind:
        if "Heading" in self.around:
            return Kind.HEADING
        if "TableCell" in self.around:
            return Kind.CELL
        return Kind.ITEM if "Item" in self.around else Kind.PARAGRAPH


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a text, from the first to the last."""
    return _Reader(text).blocks()


def _name(tag: Any) -> str:
    """The name of what begins. An address that is a link by itself is no words."""
    match tag:
        case {"Link": {"link_type": "Autolink" | "Email"}}:
            return "Address"
        case str():
            return tag
    return str(next(iter(tag)))


def _places(text: str) -> Sequence[int]:
    """The characters before each byte, put together in parts: others run in between."""
    firsts = text.encode().translate(FIRST_BYTES)
    places = array("I", [0])
    for start in range(0, len(firsts), PART):
        places.extend(accumulate(firsts[start : start + PART], initial=places.pop()))
    return places
