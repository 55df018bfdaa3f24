"""`python -m app serve`, and the other commands of Trellis."""

from app.cli import main

main()
