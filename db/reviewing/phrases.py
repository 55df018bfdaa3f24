"""Words and phrases that are ambiguous, stand for what is missing, or are longer than they have to be.

The ambiguous ones are of the classes of ISO/IEC/IEEE 29148:2018, 5.2.7, and of the rules R7 to R9 of INCOSE's Guide to
Writing Requirements; the long ones are of the Federal Plain Language Guidelines of 2011.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.reviewing.prose import WORD
from db.reviewing.rules import AMBIGUOUS, PLACEHOLDER, WORDY, Found, Rule, Text

AMBIGUOUS_PHRASES = {
    "Say by which measure, and how much.": (
        "adequate",
        "appropriate",
        "efficient",
        "efficiently",
        "fast",
        "flexible",
        "intuitive",
        "quick",
        "quickly",
        "reasonable",
        "robust",
        "scalable",
        "seamless",
        "seamlessly",
        "simple",
        "slow",
        "sufficient",
        "user-friendly",
        "easy to use",
        "state-of-the-art",
    ),
    "Say how many, or how often.": (
        "a few",
        "a lot of",
        "a number of",
        "approximately",
        "frequently",
        "many",
        "occasionally",
        "often",
        "several",
        "some",
        "sometimes",
        "usually",
    ),
    "Say than what, and by how much.": ("best", "better", "faster", "easier", "optimal", "optimally"),
    "Say when it is so, or that it always is.": (
        "as appropriate",
        "as far as possible",
        "as needed",
        "as required",
        "if necessary",
        "if possible",
        "where applicable",
        "where possible",
    ),
    "Name all there are.": ("and so on", "but not limited to", "etc", "such as"),
    "Choose one of them, or say that it is both.": ("and/or",),
}
"""Phrases, by the advice that helps with them."""
PLACEHOLDERS = ("FIXME", "TBA", "TBC", "TBD", "TODO", "to be decided", "to be defined", "to be determined")
WORDY_PHRASES = {
    "at this point in time": "now",
    "due to the fact that": "because",
    "for the purpose of": "for",
    "has the ability to": "can",
    "in order to": "to",
    "in the event that": "if",
    "is able to": "can",
    "leverage": "use",
    "prior to": "before",
    "subsequent to": "after",
    "utilize": "use",
    "utilizes": "uses",
    "with regard to": "about",
}
"""Phrases, and the words that say the same."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase with the rule that it breaks."""

    rule: Rule
    pattern: re.Pattern[str]
    advice: str
    replacement: str | None = None

    def found(self, said: str, start: int) -> Found:
        """The finding where it is said. A replacement keeps the capital at its beginning."""
        other = self.replacement
        if other and said[0].isupper():
            other = other.capitalize()
        return Found(self.rule, start, start + len(said), f"“{' '.join(said.split())}” {self.advice}", other)


def _phrases() -> Iterator[tuple[str, Phrase]]:
    """All phrases, each with its text."""
    for advice, texts in AMBIGUOUS_PHRASES.items():
        for text in texts:
            yield text, Phrase(AMBIGUOUS, _pattern(text), f"means something else to each reader. {advice}")
    for text in PLACEHOLDERS:
        yield text, Phrase(PLACEHOLDER, _pattern(text), "stands for something that is not said yet.")
    for text, shorter in WORDY_PHRASES.items():
        yield text, Phrase(WORDY, _pattern(text), f"says no more than “{shorter}”.", shorter)


def _pattern(text: str) -> re.Pattern[str]:
    """Finds the phrase, over the end of a line too. One in capitals is found in these alone: a to-do list is fine."""
    return re.compile(r"\s+".join(map(re.escape, text.split())) + r"\b", 0 if text.isupper() else re.IGNORECASE)


BY_WORD = dict[str, list[Phrase]]()
"""The phrases by their first word, longer ones first."""
for _text, _phrase in sorted(_phrases(), key=lambda one: len(one[0]), reverse=True):
    BY_WORD.setdefault(WORD.findall(_text)[0].lower(), []).append(_phrase)


def find(text: Text) -> Iterator[Found]:
    """The phrases in the prose of a text. Where one is part of another it is the longer one alone."""
    for block in text.blocks:
        behind = 0
        for word in WORD.finditer(block.prose):
            if word.start() < behind:
                continue
            for phrase in BY_WORD.get(word[0].lower(), ()):
                if said := phrase.pattern.match(block.prose, word.start()):
                    behind = said.end()
                    yield phrase.found(said[0], block.start + said.start())
                    break
