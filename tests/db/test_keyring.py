"""The secrets of an installation: what is signed and sealed with them, and how they change."""

from uuid import uuid4

import pytest

from db.errors import CannotRun
from db.keyring import NO_SECRETS, Keyring, Unreadable

OLD, NEW = "o" * 32, "n" * 32
ADA, BEN = uuid4(), uuid4()
HERE, THERE = "accounts.access_token:1", "accounts.access_token:2"


def test_what_is_sealed_is_read_in_its_place_only() -> None:
    keyring = Keyring((OLD,))
    sealed = keyring.seal("a token", owner=ADA, place=HERE)
    assert b"a token" not in sealed
    assert keyring.open(sealed, owner=ADA, place=HERE) == "a token"
    for owner, place in ((BEN, HERE), (ADA, THERE)):
        with pytest.raises(Unreadable, match="another place"):
            keyring.open(sealed, owner=owner, place=place)


def test_what_was_changed_is_not_read() -> None:
    keyring = Keyring((OLD,))
    sealed = bytearray(keyring.seal("a token", owner=ADA, place=HERE))
    sealed[-1] ^= 1
    with pytest.raises(Unreadable):
        keyring.open(bytes(sealed), owner=ADA, place=HERE)


def test_the_same_text_never_looks_the_same() -> None:
    keyring = Keyring((OLD,))
    assert keyring.seal("a", owner=ADA, place=HERE) != keyring.seal("a", owner=ADA, place=HERE)


def test_a_secret_is_changed_while_what_was_made_with_it_still_counts() -> None:
    before, changing, after = Keyring((OLD,)), Keyring((NEW, OLD)), Keyring((NEW,))
    sealed = before.seal("a token", owner=ADA, place=HERE)
    assert changing.open(sealed, owner=ADA, place=HERE) == "a token"
    assert not sealed.startswith(changing.mark)
    assert changing.seal("a token", owner=ADA, place=HERE).startswith(changing.mark)
    with pytest.raises(Unreadable, match="not known any more"):
        after.open(sealed, owner=ADA, place=HERE)
    assert before.sign("keys", b"1") in changing.signatures("keys", b"1")
    assert changing.sign("keys", b"1") == after.sign("keys", b"1") != before.sign("keys", b"1")


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    keyring = Keyring((OLD,))
    assert keyring.sign("keys", b"1") != keyring.sign("links", b"1")


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(CannotRun, match="TRELLIS_SECRETS"):
        NO_SECRETS.sign("keys", b"1")
