"""`python -m app.console` builds the console if its sources changed, and never stops a server from starting."""

import sys
import time

from app.console.build import BuildError, build, is_current


def main() -> None:
    """Build if there is something to build; an impossible build is said in one line and is no failure."""
    if is_current():
        return
    started = time.monotonic()
    sys.stdout.write("Building the console from npm packages, this once …\n")
    sys.stdout.flush()
    try:
        build()
    except BuildError as reason:
        sys.stderr.write(
            f"The console was not built: {reason}. Trellis runs without it; try again: python -m app.console\n"
        )
    else:
        sys.stdout.write(f"Built the console in {time.monotonic() - started:.0f} s.\n")


main()
