"""The options of the commands of the benchmark, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.benchmark.dataset import ROOT
from scripts.benchmark.operations import Operation
from scripts.benchmark.realtime import peers
from scripts.benchmark.servers import Name

DATA = ROOT / ".trellis-bench"

Data = Annotated[
    Path, typer.Option("--data", help="Where data sets, Node and logs are.", show_default=".trellis-bench")
]
Scale = Annotated[int, typer.Option(min=1, help="Size of the data set: 1 is the real data, 10 the one for figures.")]
Rounds = Annotated[int, typer.Option(min=1, help="How often everything is measured.")]
Seconds = Annotated[int, typer.Option(min=1, help="How long each run lasts.")]
Peers = Annotated[list[Name] | None, typer.Option("--peer", help="Repeat for several.")]
Attacks = Annotated[list[str] | None, typer.Option(help="Repeat for several; all by default.")]
Listened = Annotated[list[peers.Name] | None, typer.Option("--peer", help="Repeat for several; all by default.")]
Rates = Annotated[
    list[int] | None, typer.Option("--rate", help="Comments a second, on all documents. 10, 200 and 400 by default.")
]
Finished = Annotated[
    list[int] | None, typer.Option("--rate", help="Lessons a second, by the whole class. 100 and 200 by default.")
]
Made = Annotated[int, typer.Option("--rate", min=1, help="Jobs a second beside the reader.")]
Sockets = Annotated[int, typer.Option(min=1, help="Sockets, each with one subscription.")]
Topics = Annotated[int, typer.Option(min=1, max=10, help="Documents that they listen to.")]
Crowds = Annotated[
    list[int] | None, typer.Option("--crowd", help="Sockets on one document. Repeat; 5000 by default, 0 for none.")
]
Operations = Annotated[list[Operation] | None, typer.Option("--operation", help="Repeat for several.")]
Connections = Annotated[list[int] | None, typer.Option(help="Repeat for several; 16 and 64 by default.")]
Writers = Annotated[int, typer.Option("--connections", min=1, help="How many write at once.")]
WarmUp = Annotated[int, typer.Option(min=0, help="Seconds of load before each run that do not count.")]
Seed = Annotated[int, typer.Option(help="Decides the order within the rounds.")]
Json = Annotated[Path | None, typer.Option("--json", help="A file for all figures.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print the tables for the README.")]
Scales = Annotated[list[int] | None, typer.Argument(help="1 and 10 by default.")]
