"""The clients that front ends use, against a running server: each check of a program is a test of its own."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.conftest import END, FOLDER, Report

PROGRAMS = ("audits", "apollo", "urql", "relay", "websocket", "sse", "schema")

NOT_SERVED: dict[str, list[str]] = {}
"""What is not served yet, with the checks that tell when it is: then they fail here, and are taken off the list."""


def checks(program: str) -> list[str]:
    """The names of all checks that a program makes itself or has another module make."""
    text = (FOLDER / f"{program}.mjs").read_text()
    imported = re.findall(r'from "\./(\w+)\.mjs"', text)
    audits = (FOLDER / "audits.txt").read_text().splitlines() if program == "audits" else []
    own = re.findall(r'^ *await check\("(.+)",', text, re.MULTILINE)
    return [*audits, *(name for module in imported for name in checks(module)), *own]


def cases() -> Iterator[Any]:
    """Every check of every program."""
    reasons = {name: f"not served yet: {what}" for what, names in NOT_SERVED.items() for name in names}
    for program in PROGRAMS:
        for check in checks(program):
            name = f"{program}: {check}"
            marks = [pytest.mark.xfail(strict=True, reason=reasons[name])] if name in reasons else []
            yield pytest.param(program, check, id=name, marks=marks)


CASES = list(cases())


@pytest.mark.parametrize(("program", "check"), CASES)
def test_a_client_gets_what_it_expects(program: str, check: str, report_of: Callable[[str], Report]) -> None:
    report = report_of(program)
    reason = report.get(check, f"The check was not made. {report[END]}")
    if reason is not None:
        pytest.fail(reason, pytrace=False)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_makes_the_checks_that_are_known(program: str, report_of: Callable[[str], Report]) -> None:
    assert list(report_of(program)) == [*checks(program), END]


def test_what_is_not_served_yet_names_checks_that_there_are() -> None:
    assert {name for names in NOT_SERVED.values() for name in names} <= {case.id for case in CASES}
