"""House rules for pages in Markdown: short where a newcomer begins, and every name and link in them leads somewhere."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pkgutil import resolve_name
from typing import get_args, get_origin

import pytest

from app.settings import Settings
from tests.markdown import codes, links, sections, table
from tests.test_house_rules import FILES, ROOT, trees

PAGES = [path for path in FILES if path.endswith(".md")]
SETTING = re.compile(r"\b(?:TRELLIS_\w+|[A-Z]+(?:_[A-Z]+)*_URL)\b")
SCRIPT = re.compile(r"(?<![\w/.])scripts/[\w-]+")
HEADER = re.compile(r"\b[A-Z]\w*(?:-[A-Z]\w*)+\b")
PATH = re.compile(r"[\w.<>*-]+(?:/[\w.<>*-]+)*/?")
ADDRESS = re.compile(r"/[a-z][a-z/-]*")
FILE = re.compile(r"[\w<>*/-][\w.<>*/-]*\.(py|md|sql|graphql|txt|lua|mjs|css|jsonl)")


def read(path: str) -> str:
    return (ROOT / path).read_text()


def settings() -> Iterator[str]:
    """All variables that are read: those of the process, the parts of those that have any."""
    for name, setting in Settings.model_fields.items():
        variable = str(setting.validation_alias or f"TRELLIS_{name.upper()}")
        parts = getattr(type(setting.default), "__dataclass_fields__", ())
        yield from (f"{variable}__{part.upper()}" for part in parts)
        if get_origin(setting.annotation) is dict:
            yield from (f"{variable}__GITHUB__{part.name.upper()}" for part in fields(get_args(setting.annotation)[1]))
        yield variable


@cache
def texts_in(folder: str) -> set[str]:
    """All constants that are texts in the modules of a folder, in lower case."""
    nodes = (node for path, tree in trees().items() if path.startswith(folder) for node in ast.walk(tree))
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {
        (value.decode(errors="replace") if isinstance(value, bytes) else value).lower()
        for value in values
        if isinstance(value, str | bytes)
    }


def anchors(path: str) -> set[str]:
    return {section.anchor for section in sections(path)}


def test_the_pages_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "graphql_schema/README.md", "app/README.md"} <= set(PAGES)


def test_what_a_newcomer_reads_first_has_at_most_500_words() -> None:
    assert len(read("README.md").split()) <= 500


def test_the_figures_of_the_first_page_are_those_of_the_benchmark() -> None:
    [[header, *rows]] = [rows for section in sections("README.md") for rows in section.tables if len(rows[0]) > 2]
    [throughput, *_] = next(s.tables for s in sections("scripts/benchmark/README.md") if s.title == "Results")
    assert header == throughput[0]
    assert [row for row in rows if row not in throughput] == []


def test_a_word_of_the_glossary_is_one_that_the_code_uses() -> None:
    used = " ".join(read(path) for path in trees() if not path.startswith("scripts/")).lower()
    rows = table("CONTRIBUTING.md", "Words")
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    for words, _, where in rows:
        assert resolve_name(where.strip("`"))
        assert [word for word in words.split(", ") if word not in used] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    for link in links(page):
        address, _, anchor = link.partition("#")
        if not re.match(r"\w+:", address):
            target = (ROOT / page).parent.joinpath(address).resolve() if address else ROOT / page
            assert target.exists(), link
            assert not anchor or anchor in anchors(str(target.relative_to(ROOT))), link


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_settings_that_there_are(page: str) -> None:
    assert set(SETTING.findall(read(page))) - set(settings()) == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_scripts_that_there_are(page: str) -> None:
    assert [script for script in SCRIPT.findall(read(page)) if not (ROOT / script).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_headers_that_the_process_knows(page: str) -> None:
    known = " ".join(texts_in("app/"))
    named = {header for code in codes(page) for header in HEADER.findall(code)}
    assert {header for header in named if header.lower() not in known} == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_files_that_there_are(page: str) -> None:
    folders = (ROOT, (ROOT / page).parent)
    ours = {entry.name for folder in folders for entry in folder.iterdir() if entry.is_dir()}
    for code in codes(page, blocks=False):
        first, slash, _ = code.partition("/")
        if FILE.fullmatch(code) or (slash and first in ours and PATH.fullmatch(code)):
            pattern = re.sub(r"<\w+>", "*", code).rstrip("/")
            assert any(any(folder.glob(pattern)) for folder in folders), code


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_addresses_that_are_served(page: str) -> None:
    known = texts_in("app/") | set(re.findall(ADDRESS, read("Dockerfile")))
    named = {code for code in codes(page, blocks=False) if ADDRESS.fullmatch(code)}
    assert named - known == set()
