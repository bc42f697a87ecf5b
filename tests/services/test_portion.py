"""Portions: as much as is done in a tenth of a second, between bounds."""

from __future__ import annotations

from hub.services.portion import LEAST, MOST, SECONDS, Portion


def test_what_takes_too_long_halves_and_what_is_quick_grows() -> None:
    portion = Portion()
    size = portion.size
    portion.took(size, SECONDS * 2)
    assert portion.size == size // 2
    portion.took(size // 2, SECONDS / 4)
    assert size // 2 < portion.size < size


def test_it_stays_between_its_bounds() -> None:
    portion = Portion()
    for _ in range(50):
        portion.took(MOST, 10.0)
    assert portion.size == LEAST
    for _ in range(50):
        portion.took(portion.size, 0.001)
    assert portion.size == MOST


def test_a_small_one_says_nothing() -> None:
    portion = Portion()
    size = portion.size
    portion.took(1, 10.0)  # it has waited for a lock, or for the disk
    portion.took(1, 0.0001)
    assert portion.size == size
