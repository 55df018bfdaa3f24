"""What whoever started the benchmark sees while it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Watching = Callable[[str], None]

screen = Console(highlight=False, stderr=True)


class Stopped(Exception):  # noqa: N818  (named for what happened, like those of db.errors)
    """The benchmark cannot go on, for a reason that its message says in one line."""


class Loading:
    """A bar for the loading of demo data, from its first rows to its last."""

    bar: Progress | None = None

    def __call__(self, table: str, done: int, total: int) -> None:
        if self.bar is None:
            self.bar = _bar()
            self.bar.add_task("", total=total)
            self.bar.start()
        self.bar.update(self.bar.task_ids[0], description=f"Loading {table}", completed=done)
        if done == total:
            self.bar.stop()
            self.bar = None


@contextmanager
def watched(steps: int) -> Iterator[Watching]:
    """A bar that advances with each step that is told to begin."""
    with _bar() as bar:
        task = bar.add_task("", total=steps)

        def watching(step: str) -> None:
            bar.update(task, description=step)
            bar.advance(task)

        yield watching


def _bar() -> Progress:
    columns = TextColumn("{task.description:<60}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    return Progress(*columns, TimeRemainingColumn(), console=screen)
