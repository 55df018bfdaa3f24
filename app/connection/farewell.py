"""The end of a connection whose client is to hear why, without waiting for ever for one that does not read."""

import asyncio

LAST_WORDS = 5
"""Seconds in which a client may still read what was sent before the end."""


def end(transport: asyncio.Transport) -> asyncio.TimerHandle:
    """Close once all is read, or soon; returns the timer that waits for that.

    A connection that is closed while something has come that nobody has read is reset by the system, and what was sent
    last is lost. So this side says that nothing more comes, and takes in what still does until the client closes too.
    """
    timer = asyncio.get_running_loop().call_later(LAST_WORDS, transport.abort)
    try:
        transport.write_eof()
        transport.resume_reading()
    except OSError:  # the client has gone, which nobody has noticed yet
        transport.abort()
    return timer
