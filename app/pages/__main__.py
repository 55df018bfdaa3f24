"""`python -m app.pages` builds the pages whose sources changed, and never stops a server from starting."""

import sys
import time

from app.pages.build import SITES, BuildError, build


def main() -> None:
    """Build if there is something to build; an impossible build is said in one line and is no failure."""
    stale = [site for site in SITES if not site.is_current()]
    if not stale:
        return
    names = " and ".join(site.name for site in stale)
    started = time.monotonic()
    sys.stdout.write(f"Building {names} from npm packages, this once …\n")
    sys.stdout.flush()
    try:
        build(stale)
    except BuildError as reason:
        sys.stderr.write(f"Not all was built of {names}: {reason}. Trellis runs without; again: python -m app.pages\n")
    else:
        sys.stdout.write(f"Built {names} in {time.monotonic() - started:.0f} s.\n")


main()
