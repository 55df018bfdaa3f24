"""The reviewer that comes with Trellis: rules, and no language model. A text has the same review for ever."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from db.reviewing import phrases, requirements, tasks
from db.reviewing.markdown import blocks
from db.reviewing.prose import WORD, Counts, sentences
from db.reviewing.review import Finding, Review
from db.reviewing.rules import AMBIGUOUS, HARD, LONG_SENTENCE, Found, Rule, Text
from db.reviewing.sections import outline
from db.tables import QualityMetrics, Severity, SpecificationPhase

MOST = 50
"""Findings of one rule that a review has. All are counted."""
LONGEST = 1_000
"""Characters of a finding without a replacement. Its range ends there."""
MANY_WORDS = 40
"""A sentence with more words is long. Plain language has about 20 in the mean."""
HARD_TO_READ = 30
"""Flesch calls what is below very difficult."""

POINTS = {Severity.ERROR: 5.0, Severity.WARNING: 2.0, Severity.INFO: 0.5}
"""The points that a finding takes from the score of a text of 100 words; from that of a longer text it takes less."""
COMPLETE = 0.4
"""The share of completeness in the score."""

THREAD = ThreadPoolExecutor(1, "reviewing")


class RuleSet:
    """Reviews texts by the rules, in a thread: none of its steps is long, so others run between them."""

    name = "rules/1"

    async def review(self, phase: SpecificationPhase, text: str) -> Review:
        """Review the text of a phase."""
        return await asyncio.get_running_loop().run_in_executor(THREAD, review, phase, text)


RULE_SET = RuleSet()


def review(phase: SpecificationPhase, source: str) -> Review:
    """Review the text of a phase. It takes a second of processor time for a megabyte, whatever is in it."""
    text = Text(phase, source, list(blocks(source)))
    outlined = outline(text)
    required = requirements.requirements(text)
    counts = Counts()
    finders = (
        outlined.find(),
        requirements.find(text, required),
        tasks.find(text),
        phrases.find(text),
        _read(text, counts),
    )
    found, by_rule = _kept(chain(*finders))
    metrics = QualityMetrics(
        word_count=counts.words.total(),
        sentence_count=counts.sentences,
        readability=counts.readability,
        ears_share=round(sum(one.has_form for one in required) / len(required), 3) if required else None,
        ambiguous_terms=by_rule[AMBIGUOUS],
        requirement_count=len(required),
        finding_count=by_rule.total(),
    )
    completeness = outlined.completeness
    score = round(COMPLETE * completeness.score + (1 - COMPLETE) * _wording(metrics.word_count, by_rule), 1)
    return Review(score, tuple(_findings(source, found)), completeness, metrics)


def _read(text: Text, counts: Counts) -> Iterator[Found]:
    """Count the words and the sentences, and say which are hard to read. Titles and cells are no sentences."""
    for block in text.blocks:
        is_read = block.has_sentences
        for start, end in sentences(block.prose):
            words = [word[0] for word in WORD.finditer(block.prose, start, end)]  # others run in between
            counts.words.update(words)
            counts.sentences += is_read
            if is_read and len(words) > MANY_WORDS:
                message = f"The sentence has {len(words)} words. Make it two, or a list."
                yield Found(LONG_SENTENCE, block.start + start, block.start + end, message)
    ease = counts.readability
    if ease is not None and ease < HARD_TO_READ:
        message = f"The text is very hard to read: {ease} of 100 points. Shorter sentences and words make it easier."
        yield Found(HARD, 0, 0, message)


def _kept(found: Iterator[Found]) -> tuple[Sequence[Found], Counter[Rule]]:
    """The first findings of each rule from the first place to the last, and how many each has in all."""
    kept, by_rule = list[Found](), Counter[Rule]()
    for one in found:
        by_rule[one.rule] += 1
        if by_rule[one.rule] <= MOST:
            kept.append(one)
    return sorted(kept, key=lambda one: (one.start, one.end, one.rule.name)), by_rule


def _wording(words: int, by_rule: Mapping[Rule, int]) -> float:
    """How few findings a text has for its length, from 0 to 100. A text without words has nothing to be good at."""
    points = sum(POINTS[rule.severity] * count for rule, count in by_rule.items())
    return max(0.0, 100 - 1_000 * points / max(words, 100)) if words else 0.0


def _findings(source: str, found: Sequence[Found]) -> Iterator[Finding]:
    """The findings with their lines and characters."""
    ends = [one.end if one.replacement else min(one.end, one.start + LONGEST) for one in found]
    places = _positions(source, sorted({*(one.start for one in found), *ends}))
    for one, end in zip(found, ends, strict=True):
        rule = one.rule
        about = (rule.name, rule.kind, rule.severity, one.message)
        yield Finding(*about, *places[one.start], *places[end], source[one.start : end], one.replacement)


def _positions(source: str, offsets: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The line and the character of each of these offsets, which grow."""
    found = dict[int, tuple[int, int]]()
    line = begins = last = 0
    for offset in offsets:
        line += source.count("\n", last, offset)
        begins = max(begins, source.rfind("\n", last, offset) + 1)
        found[offset] = line, offset - begins
        last = offset
    return found
