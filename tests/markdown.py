"""Pages in Markdown as tests look at them: links, and the tables and blocks of code of each section."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A block of code, with its language."""

    language: str
    text: str


@dataclass
class Section:
    """A heading with what stands below it until the next."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    """Rows of cells, each as it is written; the first row is the header."""

    @property
    def anchor(self) -> str:
        """The name by which an address leads here, as GitHub makes it."""
        return re.sub(r"[^\w\- ]", "", self.title.lower()).replace(" ", "-")


@cache
def tokens(path: str) -> list[Token]:
    """What a page is made of, by its path from the root."""
    return PARSER.parse((ROOT / path).read_text())


def inner(found: Iterable[Token]) -> Iterator[Token]:
    """Texts, links and code in lines, in their order."""
    for token in found:
        yield from token.children or ()


def sections(path: str) -> list[Section]:
    """All sections of a page; what stands before the first heading belongs to one without a title."""
    found = [Section("")]
    stream = iter(tokens(path))
    for token in stream:
        match token.type:
            case "heading_open":
                found.append(Section(next(stream).content))
            case "fence" | "code_block":
                found[-1].blocks.append(Block(token.info.strip(), token.content))
            case "table_open":
                found[-1].tables.append(_rows(stream))
    return found


def table(path: str, title: str) -> list[list[str]]:
    """The rows of the one table below a heading, without its header."""
    [section] = [section for section in sections(path) if section.title == title]
    [[_, *rows]] = section.tables
    return rows


def links(path: str) -> list[str]:
    """Where all links and pictures lead."""
    found = (token.attrGet("href") or token.attrGet("src") for token in inner(tokens(path)))
    return [str(address) for address in found if address]


def codes(path: str, *, blocks: bool = True) -> list[str]:
    """All code in lines, and every line of the blocks too if they are wanted."""
    found = [token.content for token in inner(tokens(path)) if token.type == "code_inline"]
    if blocks:
        found += [line for section in sections(path) for block in section.blocks for line in block.text.splitlines()]
    return found


def _rows(stream: Iterator[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in stream:
        match token.type:
            case "tr_open":
                rows.append([])
            case "inline":
                rows[-1].append(token.content)
            case "table_close":
                break
    return rows
