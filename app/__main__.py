"""`python -m app serve`, and the other commands of Trellis."""

import signal
import sys

from app.garbage import collect_seldom


def heed() -> None:
    """Let a signal to stop, and the loss of the terminal, stop the servers that this process started as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


heed()
collect_seldom()
try:
    from app.cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
