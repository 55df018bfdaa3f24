"""Texts are compared beside the event loop, where that takes longer than to hand them over."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from db.texts.differences import Difference

Given = ParamSpec("Given")
Made = TypeVar("Made")

QUICK = 20_000
"""Characters, or other parts of some work, up to which it takes a few milliseconds."""
COMPARING = ThreadPoolExecutor(1, "texts")
"""One at a time: each takes the interpreter from the others a few milliseconds at a time."""


async def compare(old: str, new: str) -> Difference:
    """The difference of two texts."""
    return await beside(len(old) + len(new), Difference, old, new)


async def beside(size: int, function: Callable[Given, Made], *given: Given.args, **named: Given.kwargs) -> Made:
    """The result of a function whose work has this size, done beside the event loop if it is large."""
    if size <= QUICK:
        return function(*given, **named)
    return await asyncio.get_running_loop().run_in_executor(COMPARING, lambda: function(*given, **named))
