"""Texts whose words are all different, and edits of them of which it is known what became of each word."""

from random import Random

BREAKS = [" ", " ", " ", "  ", "\n", "\n", "\n\n", ", ", ". ", "-", "🙂"]


class Draft:
    """A text of words, each with what stands behind it."""

    def __init__(self, random: Random, size: int) -> None:
        self.random = random
        self.made = 0
        self.parts: list[tuple[str, str]] = []
        self.write(0, size)

    @property
    def text(self) -> str:
        return "".join(word + behind for word, behind in self.parts)

    @property
    def places(self) -> dict[str, int]:
        """The offset of each word."""
        places, at = {}, 0
        for word, behind in self.parts:
            places[word] = at
            at += len(word) + len(behind)
        return places

    def write(self, at: int, size: int) -> None:
        """New words at a place."""
        new = [(f"word{self.made + number}x", self.random.choice(BREAKS)) for number in range(size)]
        self.made += size
        self.parts[at:at] = new

    def edit(self) -> None:
        """Words are taken away, written, exchanged, or only set differently, in one to six places."""
        for _ in range(self.random.randint(1, 6)):
            at = self.random.randrange(len(self.parts) + 1)
            taken = self.random.choice([0, 1, 1, 2, self.random.randrange(20)])
            kind = self.random.choice(["take", "write", "exchange", "set"])
            if kind == "set":
                self.parts[at : at + taken] = [
                    (word, self.random.choice(BREAKS)) for word, _ in self.parts[at : at + taken]
                ]
                continue
            if kind != "write":
                del self.parts[at : at + taken]
            if kind != "take":
                self.write(at, max(1, taken))
