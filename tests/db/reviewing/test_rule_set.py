"""The set of rules says the same of the same text, whatever is in it, in a time that grows with its length."""

import asyncio
import gc
import time
from dataclasses import asdict
from functools import cache

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from db.demo.sources import Sources
from db.reviewing import RULE_SET, Review, review
from db.reviewing.rule_set import LONGEST, MOST
from db.tables import SpecificationPhase
from tests.db.reviewing.checking import COMPLETE, offset
from tests.pace import at_our_pace

LENGTH = 900 * 1024
REQUIREMENTS = SpecificationPhase.REQUIREMENTS
PIECES = st.sampled_from(
    ["# A\n", "- ", "[ ] ", "WHEN ", "the app ", "SHALL ", "should ", "fast, ", "etc. ", "in order "]
)
MORE = st.sampled_from(
    ["to ", "\n", "\n\n", "`", "**", "> ", "| a |\n", "|-|\n", "### B\n", "IF ", "THEN ", "é🙂 ", "\r\n"]
)
TEXTS = st.lists(PIECES | MORE | st.text(max_size=5), max_size=60).map("".join)

HOSTILE = {
    "no blank": "a",
    "no line": "fast, ",
    "stars": "*",
    "emphasis": "*a ",
    "brackets": "[a](",
    "grave accents": "` `` ",
    "quotes": ">",
    "lines": "a\n",
    "items": "- When a\n",
    "dots": ". ",
    "stops": ".",
    "vowels": "ae",
    "addresses": "http://",
    "apostrophes": "a'",
    "tables": "|a|b|\n|-|-|\n",
    "headings": "# overview\n### in order\n",
    "phrases": "in order as far as ",
    "beyond ASCII": "ü€ ",
}


@cache
def real_text() -> str:
    """The texts of real specifications, one behind the other."""
    phases = [text["content"] for project in Sources.read().projects for text in project["phases"].values()]
    return "\n\n".join(map(str, phases))[:LENGTH]


def _dumped(reviewed: Review) -> bytes:
    return orjson.dumps(asdict(reviewed), default=BaseModel.model_dump)


def spent(text: str) -> float:
    """The processor time of a review."""
    started = time.thread_time()
    review(REQUIREMENTS, text)
    return time.thread_time() - started


@given(TEXTS, st.sampled_from(SpecificationPhase))
def test_a_text_has_the_same_review_byte_for_byte(text: str, phase: SpecificationPhase) -> None:
    first, second = (_dumped(review(phase, given)) for given in (text, "".join(list(text))))
    assert first == second


@given(TEXTS, st.sampled_from(SpecificationPhase))
def test_a_finding_quotes_the_text_at_its_place(text: str, phase: SpecificationPhase) -> None:
    reviewed = review(phase, text)
    places = list[int]()
    for finding in reviewed.findings:
        start, end = (
            offset(text, finding.line, finding.character),
            offset(text, finding.end_line, finding.end_character),
        )
        assert text[start:end] == finding.original
        places.append(start)
    assert places == sorted(places)
    assert 0 <= reviewed.overall_score <= 100


def test_of_one_rule_a_review_has_some_findings_and_counts_all() -> None:
    reviewed = review(REQUIREMENTS, COMPLETE + "It goes fast. " * (MOST + 7))
    assert [finding.rule for finding in reviewed.findings].count("clarity/ambiguous") == MOST
    assert reviewed.metrics.ambiguous_terms == MOST + 7
    assert reviewed.metrics.finding_count == len(reviewed.findings) + 7


def test_a_finding_that_nothing_replaces_quotes_the_beginning_of_what_is_long() -> None:
    [long] = [found for found in review(REQUIREMENTS, COMPLETE + "word " * 9_000).findings if "long" in found.rule]
    assert (len(long.original), long.line, long.end_line) == (LONGEST, 6, 6)


def test_a_text_is_counted_in_words_sentences_and_terms() -> None:
    text = "# Title of it\n\nOne sentence, fast. Two!\n\n- WHEN it rains, it SHALL stop\n- It should go\n\n> fast. a\n"
    metrics = review(REQUIREMENTS, text).metrics
    assert (metrics.word_count, metrics.sentence_count, metrics.ambiguous_terms) == (16, 4, 1)
    assert (metrics.requirement_count, metrics.ears_share) == (2, 0.5)


def test_a_better_text_has_a_better_score() -> None:
    empty, worse, better = (
        review(REQUIREMENTS, text).overall_score
        for text in (
            "",
            COMPLETE + "- The app should be fast and/or flexible.\n- It must be robust.\n",
            COMPLETE + "- WHEN a user signs in, the app SHALL greet them.\n",
        )
    )
    assert empty < worse < better == 100.0


def test_a_long_text_takes_less_than_a_second() -> None:
    assert len(real_text()) == LENGTH
    assert spent(real_text()) < at_our_pace(1)


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_with_the_length_whatever_is_in_it(piece: str) -> None:
    short, long = (spent(piece * (length // len(piece)) + "a") for length in (LENGTH // 8, LENGTH))
    assert long < at_our_pace(3)
    assert long < 3 * 8 * max(short, 0.01)


@pytest.mark.parametrize("piece", [None, "a\n", "- When a\n", "|a|b|\n|-|-|\n", "ü€ ", "ae"])
async def test_the_event_loop_goes_on_while_a_text_is_reviewed(piece: str | None) -> None:
    """It is never without the interpreter for long. What other processes take of the processor is not counted, nor what
    the garbage collector takes for all that other tests have left; a step is as long as it is undisturbed.
    """
    text = piece * (LENGTH // len(piece)) if piece else real_text()
    expected, waits = review(REQUIREMENTS, text), list[float]()
    while len(waits) < 3 and min(waits, default=1) >= 0.05:
        waits.append(await longest_wait(text, expected))
    assert min(waits) < 0.05, waits


async def longest_wait(text: str, expected: Review) -> float:
    """The processor time for which the event loop is without the interpreter at most, while a text is reviewed."""
    gc.disable()
    try:
        reviewing = asyncio.create_task(RULE_SET.review(REQUIREMENTS, text))
        turns, longest, last = 0, 0.0, time.process_time()
        while not reviewing.done():
            await asyncio.wait([reviewing], timeout=0.001)
            turns, longest, last = turns + 1, max(longest, (now := time.process_time()) - last), now
    finally:
        gc.enable()
    assert reviewing.result() == expected
    assert turns > 3
    return longest
