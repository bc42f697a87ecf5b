"""Token buckets: the clock is an argument, so nothing here waits."""

from __future__ import annotations

import pytest

from hub.domain.errors import RateLimited
from hub.door.limits import Buckets, Meter, Quotas, SignIns


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


def test_the_addresses_of_one_ipv6_host_are_one() -> None:
    sign_ins = SignIns(processes=1)
    for tries in range(30):
        sign_ins.admit(f"person{tries}@example.org", f"2001:db8:1:2::{tries:x}", 5.0)
    with pytest.raises(RateLimited):
        sign_ins.admit("person99@example.org", "2001:db8:1:2:ffff::1", 5.0)
    sign_ins.admit("person99@example.org", "2001:db8:1:3::1", 5.0)
    sign_ins.succeeded("person0@example.org", "2001:db8:1:2::0")
    sign_ins.admit("person99@example.org", "2001:db8:1:2:ffff::1", 5.0)


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


def test_a_quota_says_what_remains_and_when_all_of_it_is_back() -> None:
    meter = Meter("credential", 60)
    first, second = meter.take("a", 100.0), meter.take("a", 100.0)
    assert (first.policy, first.left, first.wait) == ('"credential";q=60;w=60', '"credential";r=59;t=1', 0)
    assert (second.left, second.wait) == ('"credential";r=58;t=2', 0)
    assert meter.take("b", 100.0).left == first.left


def test_asking_whether_a_quota_is_spent_takes_nothing_of_it() -> None:
    meter = Meter("address", 2)
    assert not meter.is_spent("a", 0.0)
    meter.take("a", 0.0)
    assert [meter.is_spent("a", 0.0) for _ in range(3)] == [False] * 3
    meter.take("a", 0.0)
    assert [meter.is_spent("a", at) for at in (0.0, 29.5, 30.0)] == [True, True, False]
    assert not meter.is_spent("b", 0.0)


def test_one_request_too_many_has_to_wait_whole_seconds() -> None:
    meter = Meter("credential", 2)
    waits = [meter.take("a", 0.0).wait for _ in range(3)]
    assert waits == [0, 0, 30]
    assert meter.take("a", 29.5).wait == 1
    assert meter.take("a", 30.0).wait == 0


def test_each_process_gives_its_share_and_at_least_one() -> None:
    quotas = Quotas(per_credential=1200, per_organization=2, per_address=400, processes=4)
    assert quotas.credentials.take("a", 0.0).policy == '"credential";q=300;w=60'
    assert quotas.organizations.take("a", 0.0).policy == '"organization";q=1;w=60'
    assert quotas.addresses.take("a", 0.0).policy == '"address";q=100;w=60'
