"""The words of `q=`: what they come to, and what is refused by name."""

from __future__ import annotations

import pytest

from hub.contract.words import Status
from hub.domain import query
from hub.domain.errors import Invalid


def test_the_order_and_the_case_of_words_make_no_difference() -> None:
    one = query.read("Disk severity:<=2 status:open service:Pay full")
    other = query.read("full service:pay  STATUS:Open disk severity:1 severity:SEV2", ["all"])
    assert one == other
    assert one.words == other.words
    assert one.words != query.read("disk severity:<=2 status:open service:pay").words
    assert query.read("a").words != query.read("service:a").words


@pytest.mark.parametrize(("written", "small"), [("İLK", "ilk"), ("ΦΩΣ", "φωσ"), ("ẞ", "ß"), ("ÄÖ", "äö")])
def test_a_word_is_in_small_letters_as_the_database_writes_them(written: str, small: str) -> None:
    assert query.read(f"{written} service:{written}").texts == {small}
    assert query.read(f"{written} service:{written}").services == {small}


def test_what_holds_among_statuses_is_in_both() -> None:
    assert query.read("status:open", ["triggered", "closed"]).statuses == {Status.TRIGGERED}
    assert query.read("status:open", ["closed"]).statuses == frozenset()
    assert query.read("").is_of_statuses
    assert not query.read("x").is_of_statuses


@pytest.mark.parametrize(
    ("words", "among", "pointers"),
    [
        ("status:fired severity:6 severity:<=0 fine", ["open", ""], ["/q", "/q", "/q", "/status"]),
        ("severity:low", [], ["/q"]),
        ("severity:2,3", [], ["/q"]),
        ("status:open,,closed", [], ["/q"]),
        ("x" * 1001, [], ["/q"]),
        ("x " * 51, [], ["/q"]),
    ],
)
def test_every_term_that_means_nothing_is_named(words: str, among: list[str], pointers: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        query.read(words, among)
    assert [fault.pointer for fault in caught.value.faults] == pointers
    assert all(len(fault.detail) < 200 for fault in caught.value.faults)
