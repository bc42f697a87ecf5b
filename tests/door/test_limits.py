"""Token buckets: the clock is an argument, so nothing here waits."""

from __future__ import annotations

import pytest

from hub.domain.errors import RateLimited
from hub.door.limits import Buckets, SignIns


def test_a_bucket_gives_its_burst_and_then_says_how_long_to_wait() -> None:
    buckets = Buckets(burst=2, per_second=0.5)
    assert [buckets.take("a", 100.0) for _ in range(3)] == [0.0, 0.0, 2.0]
    assert buckets.take("b", 100.0) == 0.0


def test_a_bucket_fills_with_time_and_never_above_its_burst() -> None:
    buckets = Buckets(burst=2, per_second=0.5)
    assert [buckets.take("a", 0.0), buckets.take("a", 0.0), buckets.take("a", 2.0)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 2.0) > 0
    assert [buckets.take("a", 1e9) for _ in range(3)] == [0.0, 0.0, 2.0]


def test_a_refused_try_costs_nothing() -> None:
    buckets = Buckets(burst=1, per_second=1)
    assert buckets.take("a", 0.0) == 0.0
    assert all(buckets.take("a", 0.5) == 0.5 for _ in range(10))
    assert buckets.take("a", 1.0) == 0.0


def test_the_table_is_bounded_and_forgets_who_was_away_longest() -> None:
    buckets = Buckets(burst=1, per_second=0.001, names_max=2)
    for name in ("old", "busy", "busy"):
        buckets.take(name, 0.0)
    buckets.take("new", 0.0)
    assert buckets.take("busy", 0.0) > 0
    assert buckets.take("old", 0.0) == 0.0


def test_twenty_wrong_passwords_are_limited_for_the_account() -> None:
    sign_ins = SignIns(processes=1)
    for tries in range(10):
        sign_ins.admit("Ann@Example.org " if tries % 2 else "ann@example.org", f"10.0.0.{tries}", 5.0)
    with pytest.raises(RateLimited) as limited:
        sign_ins.admit("ann@example.org", "10.0.0.99", 5.0)
    assert limited.value.retry_after == 7
    sign_ins.admit("bob@example.org", "10.0.0.1", 5.0)


def test_many_accounts_from_one_address_are_limited_too() -> None:
    sign_ins = SignIns(processes=1)
    for tries in range(30):
        sign_ins.admit(f"person{tries}@example.org", "10.0.0.1", 5.0)
    with pytest.raises(RateLimited):
        sign_ins.admit("person99@example.org", "10.0.0.1", 5.0)


def test_who_signs_in_is_not_counted() -> None:
    sign_ins = SignIns(processes=1)
    for _ in range(100):
        sign_ins.admit("ann@example.org", "10.0.0.1", 5.0)
        sign_ins.succeeded("ann@example.org", "10.0.0.1")


def test_each_process_holds_its_share() -> None:
    sign_ins = SignIns(processes=5)
    sign_ins.admit("ann@example.org", "10.0.0.1", 5.0)
    sign_ins.admit("ann@example.org", "10.0.0.1", 5.0)
    with pytest.raises(RateLimited):
        sign_ins.admit("ann@example.org", "10.0.0.1", 5.0)
