"""`python -m app serve`, and the other commands of Trellis."""

import sys

try:
    from app.cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
