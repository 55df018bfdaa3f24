"""What search compares, what a typed text means, and that every text fits into the column that it is found by."""

from itertools import product

from sqlalchemy import func, literal, select, text

from db import tables
from db.access import GUEST
from db.engine import Database
from db.search import has_words, matches
from db.words import LONGEST
from tests.graphql_schema.asking import add
from tests.world import World

PROJECTS, DOCUMENTS = tables.SpecificationProject.__table__, tables.SpecificationDocument.__table__

WORDS = [
    ("Résumé, FAÇADE!", "resume facade"),
    ("e\u0301te\u0301", "ete"),
    ("Straße Øre Łódź Æsop Œuvre", "strasse ore lodz aesop oeuvre"),
    ("node.js snake_case kebab-case a/b", "node js snake case kebab case a b"),
    ("МОСКВА Ёлка", "москва елка"),
    ("ﾊﾟ東京 Ｆｕｌｌ", "パ 東 京 full"),
    ("한국어", "한 국 어"),
    ("a\u200bb\ufeff 🚀 c", "a b c"),
]

FOUND = [
    ("The Who", "The Who"),
    ("The Who", "who"),
    ("The Who", "the"),
    ("The Who", '"the who"'),
    ("The Who Live", "the who live"),
    ("Introduction to Shell", "introduction to the shell"),
    ("Résumé", "resume"),
    ("Cafe", "café"),
    ("Fac\u0327ade", "façade"),
    ("東京都の地図", "京都"),
    ("東京都の地図", "図"),
    ("スーパーマリオ", "マリオ"),
    ("서울에서", "서울"),
    ("node.js", "node"),
    ("node.js", "node.js"),
    ("node.js", "nodejs or node"),
    ("Authentication", "authentica"),
    ("Authentication", "A"),
    ("Teams organization", "team organiza"),
    ("Maps of everything", '"maps of ev'),
    ("Running", "runs"),
    ("Atlas", "atlas -island"),
    ("Atlas", "island or atlas"),
    ("Oracle", "or"),
    ("Use --force", "--force"),
    ("Atlas", "--- atlas ---"),
]

NOT_FOUND = [
    ("Atlas", "-atlas"),
    ("Atlas", "atlas island"),
    ("東京都の地図", "都京"),
    ("Maps of everything", '"everything maps"'),
    ("Maps of everything", '"maps everything"'),
    ("Authentication", "authentica b"),
    ("Authentication", "-authentication"),
    ("Atlases", "-atlas"),
    ("Atlas", '"atl"'),
]


async def test_words_are_compared_without_case_accents_and_punctuation(database: Database) -> None:
    async with database.read() as session:
        found = {written: await session.scalar(select(func.search_words(written))) for written, _ in WORDS}
    assert {written: (words or "").split() for written, words in found.items()} == {
        written: words.split() for written, words in WORDS
    }


async def test_people_find_what_they_look_for_and_nothing_else(database: Database, world: World) -> None:
    names = {written for written, _ in (*FOUND, *NOT_FOUND)}
    await add(database, *(tables.SpecificationProject(name=name, owner_id=world.ada.id) for name in sorted(names)))
    row = tables.SpecificationProject.__table__.c
    async with database.read() as session:
        for written, typed in (*FOUND, *NOT_FOUND):
            found = await session.scalar(
                select(row.id).where(row.name == written, matches(row, literal(typed), table=PROJECTS, viewer=GUEST))
            )
            assert (found is not None) == ((written, typed) in FOUND), (written, typed)


def test_a_text_looks_for_something_if_it_has_a_letter_or_a_digit() -> None:
    assert [typed for typed in ("", " \n", "---", '""', "(&|!)", "🚀", "\u0301", "'; --") if has_words(typed)] == []
    assert [typed for typed in ("a", "- 1", "東", "é", "٣", "²") if not has_words(typed)] == []


LETTERS = [chr(code) for code in range(0x17000, 0x17200)]
"""Letters that take four bytes each."""
TEXTS = {
    "long words": " ".join("".join(word) * 3 for word in product("bcdfghklmnprst", repeat=4)),
    "short words": " ".join(map("".join, product("abcdefghijklmnopqrstuvwxyzαβγδε", repeat=3))),
    "stems that differ": " ".join("".join(word) + "ing" for word in product("bcdfghklmnprst", repeat=4)),
    "single characters": "".join(chr(code) for code in range(0x20000, 0x2A6DF)) * 3,
    "large letters": " ".join(map("".join, product(LETTERS, repeat=2))),
    "what is longer when it is normalized": "\ufdfa" * LONGEST,
    "one word": "x" * LONGEST * 2,
}


async def test_every_text_can_be_saved_and_is_found_by_its_start(database: Database, world: World) -> None:
    row = tables.SpecificationDocument.__table__.c
    async with database.work(GUEST) as work:
        session = await work.session()
        document = await session.get_one(tables.SpecificationDocument, world.design.id)
        for kind, content in TEXTS.items():
            document.content = f"Beginning {content}"[:1_000_000]
            await session.flush()
            found = await work.scalar(
                select(row.id).where(matches(row, literal("beginning"), table=DOCUMENTS, viewer=GUEST))
            )
            assert found == document.id, kind


async def test_what_a_text_means_is_worked_out_once_a_statement(database: Database) -> None:
    row = tables.SpecificationProject.__table__.c
    statement = select(row.id).where(matches(row, text("'atlas'"), table=PROJECTS, viewer=GUEST))
    async with database.read() as session:
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {statement}")))
    assert "InitPlan" in plan
