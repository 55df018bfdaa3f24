"""The list of trusted documents, and the levels at which it is held."""

from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from app.persisted import trusted as module
from app.persisted.names import digest
from app.persisted.trusted import BadDocuments, IdRequired, NotInSafelist, Trusted
from app.settings import Level

HOME = "query Home { viewer { ...Names } }\n\nfragment Names on User { name }"
ELSEWHERE = "{ viewer { email } }"


def listed(level: Level, text: str = HOME) -> Trusted:
    return Trusted({"home": text}, level)


def test_a_document_has_three_names() -> None:
    trusted = listed("off")
    assert [trusted.get(name) for name in ("home", digest(HOME), f"sha256:{digest(HOME)}")] == [HOME] * 3
    assert trusted.get("away") is None


def test_an_id_goes_before_the_hash_of_another_document() -> None:
    trusted = Trusted({digest(HOME): ELSEWHERE, "home": HOME}, "off")
    assert trusted.get(digest(HOME)) == ELSEWHERE


@pytest.mark.parametrize(("level", "counted"), [("off", 0), ("log", 1)])
def test_what_is_not_on_the_list_runs_all_the_same(level: Level, counted: int) -> None:
    trusted = listed(level)
    trusted.admit(ELSEWHERE, None)
    assert trusted.outside == counted


def test_only_what_is_on_the_safelist_runs() -> None:
    trusted = listed("safelist")
    trusted.admit(HOME, None)
    for text in (ELSEWHERE, "", "{", "{a" * 900, HOME.replace("name", "email"), f"{HOME} query Other {{ __typename }}"):
        with pytest.raises(NotInSafelist):
            trusted.admit(text, None)


@pytest.mark.parametrize(
    "text",
    [
        "query Home{viewer{...Names}} fragment Names on User{name}",
        "fragment Names on User { name }\n# a comment\nquery Home { viewer { ...Names } }",
        HOME.replace("\n", "\r\n"),
    ],
)
def test_neither_layout_nor_the_order_of_definitions_matters_to_the_safelist(text: str) -> None:
    listed("safelist").admit(text, None)
    listed("safelist", text).admit(HOME, None)


def test_where_an_id_is_required_no_text_runs() -> None:
    for text in (HOME, ELSEWHERE):
        with pytest.raises(IdRequired):
            listed("id-only").admit(text, None)


def test_what_is_not_on_the_list_is_counted_each_time_and_logged_once() -> None:
    trusted = listed("log")
    with capture_logs() as entries:
        for _ in range(3):
            trusted.admit(ELSEWHERE, "Away" * 100)
            trusted.admit(HOME, "Home")
            trusted.admit(f"{HOME}#", "Home")
    assert trusted.outside == 3
    [entry] = entries
    assert (entry["event"], entry["sha256"]) == ("operation outside the list", digest(ELSEWHERE))
    assert entry["operation"] == "Away" * 25


def test_what_has_been_logged_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_JUDGED", 10)
    trusted = listed("log")
    with capture_logs() as entries:
        for number in range(25):
            trusted.admit(f"{ELSEWHERE} # {number}", None)
    assert len(entries) == trusted.outside == 25
    assert len(trusted._judged) <= 10


def test_the_list_is_loaded_from_its_file(tmp_path: Path) -> None:
    (file := tmp_path / "list.json").write_bytes(orjson.dumps({"home": HOME}))
    assert Trusted.load(file, "safelist").get("home") == HOME


@pytest.mark.parametrize("content", [b"", b"[]", b'{"home": 1}', b'{"home": null}', b"\xff"])
def test_a_file_that_is_no_list_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    (file := tmp_path / "list.json").write_bytes(content)
    with pytest.raises(BadDocuments, match=r"list\.json is no list of trusted documents"):
        Trusted.load(file, "off")


def test_a_list_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    (file := tmp_path / "list.json").write_bytes(orjson.dumps({"home": "{"}))
    with pytest.raises(BadDocuments, match=r"list\.json: Syntax Error: Expected Name, found <EOF>\.$"):
        Trusted.load(file, "log")


@pytest.mark.parametrize("level", ["log", "safelist", "id-only"])
def test_a_level_without_a_list_is_refused(level: Level) -> None:
    with pytest.raises(BadDocuments, match=f"TRELLIS_TRUSTED_LEVEL is {level}, but TRELLIS_TRUSTED_DOCUMENTS names no"):
        Trusted.load(None, level)


def test_without_a_list_everything_runs() -> None:
    trusted = Trusted.load(None, "off")
    trusted.admit(ELSEWHERE, None)
    assert trusted.get(digest(ELSEWHERE)) is None
