"""Words, syllables and sentences of English prose, and how easily it is read.

How easily is Flesch's reading ease (A new readability yardstick, 1948): short words and short sentences are easy.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
END = re.compile(r"[.!?](?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!vs\.)[\"'\u201d\u2019)\]]?(?=\s|$)")
VOWELS = re.compile(r"[aeiouyàáâäèéêëìíîïòóôöùúûü]+")
SILENT = re.compile(r"(?<![aeiouyl])e$|(?<![aeiouytd])e[sd]$")
"""Endings with a vowel that is not heard: make, makes, called; but table and wanted."""
LONGEST_WORD = 100
"""Letters that are looked at: no English word has more."""


def sentences(prose: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of a block begins and ends. What has no word is none; the last one needs no full stop."""
    start = 0
    for end in [*(match.end() for match in END.finditer(prose)), len(prose)]:
        if first := WORD.search(prose, start, end):
            yield first.start(), start + len(prose[start:end].rstrip())
        start = end


def syllables(word: str) -> int:
    """How many syllables an English word has, by the groups of its vowels; at least one."""
    lower = word[:LONGEST_WORD].lower()
    return max(1, len(VOWELS.findall(lower)) - len(SILENT.findall(lower)))


@dataclass(slots=True)
class Counts:
    """Words and sentences, counted to say how easily a text is read."""

    sentences: int = 0
    words: Counter[str] = field(default_factory=Counter)

    @property
    def readability(self) -> float | None:
        """The reading ease, held between 0 and 100; None without a sentence."""
        words = self.words.total()
        if not words or not self.sentences:
            return None
        spoken = sum(count * syllables(word) for word, count in self.words.items())
        ease = 206.835 - 1.015 * words / self.sentences - 84.6 * spoken / words
        return round(min(100.0, max(0.0, ease)), 1)
