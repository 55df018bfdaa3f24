"""`python -m app serve`, and the other commands of Trellis."""

import gc
import signal
import sys

GARBAGE = 20_000
"""Objects that are made before the collector looks for those that nobody needs. Almost none of those that a start makes
is: by default, to look through them takes a quarter of its time.
"""


def heed() -> None:
    """Let a signal to stop, and the loss of the terminal, stop the servers that this process started as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


heed()
gc.set_threshold(GARBAGE)
try:
    from app.cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
