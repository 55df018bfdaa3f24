"""The lines that a newcomer reads when the server answers: its addresses, users to sign in as, and a first query."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from app.pages.build import CONSOLE, DEMO, Site
from db.demo import DemoPerson

QUERY = """query Start {
  viewer { name }
  projects(first: 3) {
    totalCount
    nodes { name currentPhase commentCount owner { name } }
  }
}"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user of the demo to sign in as, and a token for it."""

    person: DemoPerson
    token: str


def banner(host: str, port: int, people: list[SignedIn], *, has_demo: bool = False, mailbox: Path | None = None) -> str:
    """The lines, in Rich's markup, for a server bound to `host` and `port`, with the folder that mails go to."""
    here = escape(origin(host, port))
    mails = [f"[bold]Mails[/]     {escape(str(mailbox))}  what would be sent"] if mailbox else []
    addresses = [*_addresses(here, has_demo=has_demo), *mails]
    return "\n".join(["", *addresses, "", *_people(here, people), "", *_start(here, people), ""])


def origin(host: str, port: int) -> str:
    """An address that a browser on this machine can open."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (nothing is bound here)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _addresses(origin: str, *, has_demo: bool) -> Iterator[str]:
    yield f"[bold]GraphQL[/]   {origin}/graphql"
    yield _page(f"GraphiQL[/]  {origin}/graphiql", CONSOLE)
    if has_demo:
        yield _page(f"Demo[/]      {origin}/demo  two people at work", DEMO)


def _page(line: str, site: Site) -> str:
    built = (site.dist / "index.html").exists()
    return f"[bold]{line}" if built else f"{line.partition('[')[0]} is not built: python -m app.pages"


def _people(origin: str, people: list[SignedIn]) -> Iterator[str]:
    if not people:
        yield "Be the first: scripts/administrator EMAIL makes an administrator, and prints a token to sign in with."
        yield "scripts/token EMAIL prints one for any user; scripts/seed loads the demo data into an empty database."
        return
    yield "Be one of them: open the link, or send the header [bold]Authorization: Bearer TOKEN[/]"
    for signed_in in people:
        yield f"\n  [bold]{signed_in.person.name}[/] ({signed_in.person.email}) {signed_in.person.about}"
        yield f"  [green]{signed_in.token}[/]"
        yield f"  {origin}/graphiql#token={signed_in.token}"


def _start(origin: str, people: list[SignedIn]) -> Iterator[str]:
    yield "Ask, in GraphiQL or in a shell:"
    yield f"\n{escape(QUERY)}\n"
    yield f"curl {origin}/graphql -H 'Content-Type: application/json' \\"
    yield from (f"  -H 'Authorization: Bearer {first.token}' \\" for first in people[:1])
    yield f"  -d '{escape(json.dumps({'query': ' '.join(QUERY.split())}))}'"
