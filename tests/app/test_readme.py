"""The tables on the page for operators, held against the source: settings, limits, codes and metrics."""

import ast
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic_core import PydanticUndefined

from app.responses import STATUS
from app.settings import Settings
from graphql_schema.limits import Limits
from tests.markdown import ROOT, table

PAGE = "app/README.md"
SOURCES = [
    path
    for path in sorted(chain.from_iterable((ROOT / name).rglob("*.py") for name in ("app", "db", "graphql_schema")))
    if not {"demo", "migrations", "node_modules"} & set(path.relative_to(ROOT).parts)
]
LIMIT = re.compile(
    "(^|_)(MAX|LARGEST|LONGEST|TIMEOUT|LIFETIME|ATTEMPTS|TRIES|SECONDS|GRACE|SILENCE|FOR|KEPT"
    "|CONNECTING|CONNECTIONS|STARTING|LISTENING|AT_A_TIME|AT_ONCE)(_|$)"
)
"""A constant with such a word in its name, and a number for its value, is a limit."""
UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3_600, "days": 86_400, "KiB": 2**10, "MiB": 2**20}
"""Units that are more or less than one; every other word counts something."""
OF_LIBRARIES = {"1002": "websockets, for what is no frame", "1006": "nothing is sent: what a client says of a cut"}
"""Close codes that no line of ours names, with where they come from."""


# --- settings and limits of operations --------------------------------------------------------------------------------


@cache
def trees() -> dict[Path, ast.Module]:
    """All of the product, parsed once."""
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def documented(cls: type) -> dict[str, str]:
    """The strings behind the attributes of a class, which say what they are."""
    [tree] = [
        node
        for path, module in trees().items()
        if ".".join(path.relative_to(ROOT).with_suffix("").parts) == cls.__module__
        for node in module.body
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__
    ]
    found = {}
    for attribute, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(attribute, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(attribute.target)] = " ".join(str(text.value.value).split())
    return found


def settings() -> Iterator[list[str]]:
    """The rows of all settings but the limits of operations."""
    for name, setting in Settings.model_fields.items():
        variable = str(setting.validation_alias or f"TRELLIS_{name.upper()}")
        if get_origin(setting.annotation) is dict:  # of any name
            yield from parts(f"{variable}__GITHUB", get_args(setting.annotation)[1])
        elif is_dataclass(setting.default):
            if not isinstance(setting.default, Limits):
                yield from parts(variable, type(setting.default))
        else:
            yield [f"`{variable}`", written(setting.default), documented(Settings)[name]]


def parts(variable: str, cls: Any) -> Iterator[list[str]]:
    """The rows of a setting with several members."""
    for part in fields(cls):
        yield [f"`{variable}__{part.name.upper()}`", written(part.default), documented(cls)[part.name]]


def written(default: Any) -> str:
    """A default as an operator writes it; nothing for what must be set, or is not set."""
    if default in (PydanticUndefined, MISSING, None, (), ""):
        return ""
    if isinstance(default, tuple):
        default = " ".join(str(one).removesuffix("/32").removesuffix("/128") for one in default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_stands_in_the_table_as_the_source_has_it() -> None:
    assert table(PAGE, "Which settings are there?") == list(settings())


def test_a_setting_with_a_choice_names_all_that_can_be_chosen() -> None:
    for name, setting in Settings.model_fields.items():
        choices = [choice for choice in get_args(setting.annotation) if isinstance(choice, str)]
        assert [choice for choice in choices if f"`{choice}`" not in documented(Settings)[name]] == [], name


def test_every_limit_of_an_operation_stands_in_the_table_with_its_code() -> None:
    found = [
        [*row, "`COST_ESTIMATED_TOO_EXPENSIVE`" if part.name == "points" else f"`MAX_{part.name.upper()}_LIMIT`"]
        for part, row in zip(fields(Limits), parts("TRELLIS_LIMITS", Limits), strict=True)
    ]
    assert table(PAGE, "What is the largest operation?") == found


# --- limits that are no settings --------------------------------------------------------------------------------------


def constants() -> Iterator[str]:
    """The names of all limits in the source, with their modules."""
    for path, tree in trees().items():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name in chain.from_iterable(map(_targets, tree.body)):
            if name.isupper() and LIMIT.search(name) and _number(getattr(import_module(module), name)) is not None:
                yield f"{module}.{name}"


def _targets(statement: ast.stmt) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name)) if target else ()


def _number(value: Any) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def test_every_limit_in_the_source_stands_in_the_table() -> None:
    listed = [where.strip("`") for *_, where in table(PAGE, "Which limits are fixed?")]
    assert sorted(constants()) == sorted(listed)


@pytest.mark.parametrize("row", table(PAGE, "Which limits are fixed?"), ids=lambda row: row[-1].strip("`"))
def test_a_limit_is_told_with_its_unit_and_as_it_is(hasty: None, row: list[str]) -> None:
    _, told, where = row
    number, unit = told.split(" ", 1)
    module, _, name = where.strip("`").rpartition(".")
    assert float(number.replace(",", "")) * UNITS.get(unit, 1) == _number(getattr(import_module(module), name))


# --- codes ------------------------------------------------------------------------------------------------------------


def error_codes() -> set[str]:
    """All codes in the source: of classes, of errors that are made from a text, and of limits."""
    found = {f"MAX_{part.name.upper()}_LIMIT" for part in fields(Limits)} - {"MAX_POINTS_LIMIT"}
    for node in chain.from_iterable(map(ast.walk, trees().values())):
        match node:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                found.add(code)
            case ast.Call(func=ast.Name(id="RequestError"), args=[_, ast.Constant(value=str(code))]):
                found.add(code)
            case ast.Dict(keys=keys, values=values):
                told = {ast.unparse(key): value for key, value in zip(keys, values, strict=True) if key}
                match told.get("'code'"):
                    case ast.Constant(value=str(code)):
                        found.add(code)
    return found


def close_codes() -> set[str]:
    """All codes in the source with which a socket is closed."""
    found = set()
    closing = [tree for path, tree in trees().items() if {"sockets", "connection"} & {*path.parts}]
    for node in chain.from_iterable(map(ast.walk, closing)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"Broken", "Closing", "_fail", "_close"}:
                found.add(str(node.args[0].value))
    return found


def test_every_error_code_stands_in_the_table() -> None:
    listed = [code.strip("`") for code, *_ in table(PAGE, "Which errors are there?")]
    assert listed == sorted(error_codes())


def test_a_code_has_the_status_that_http_answers_with_it() -> None:
    told = {code.strip("`"): status for code, status, _ in table(PAGE, "Which errors are there?")}
    assert {code: told[code] for code in STATUS} == {code: str(status) for code, status in STATUS.items()}


def test_every_close_code_stands_in_the_table() -> None:
    listed = [code for code, _ in table(PAGE, "Why did a WebSocket close?")]
    assert listed == sorted(close_codes() | OF_LIBRARIES.keys())


# --- metrics ----------------------------------------------------------------------------------------------------------


def metrics() -> Iterator[list[str]]:
    """The rows of all metrics in the source: name, labels, and what is counted."""
    for node in chain.from_iterable(map(ast.walk, trees().values())):
        match node:
            case ast.Call(func=ast.Name(id="Counter" | "Histogram" | "Gauge"), args=[name, text, *rest]):
                labels = ast.literal_eval(rest[0]) if rest else []
                yield [f"`{ast.literal_eval(name)}`", ", ".join(labels), ast.literal_eval(text)]


def test_every_metric_stands_in_the_table() -> None:
    assert table(PAGE, "What can I measure?") == sorted(metrics())
