"""From where: Origin to the letter, and the address behind our own proxies only."""

from __future__ import annotations

import pytest

from hub.door.origins import address, may_change, may_open_socket, neighbourhood, networks

OURS = frozenset({"https://hub.example.org", "http://127.0.0.1:8080"})
STRANGERS = [
    "https://hub.example.org.evil",
    "https://evil.org",
    "http://hub.example.org",
    "https://hub.example.org:444",
    "https://HUB.example.org",
    "https://hub.example.org/",
    "https://hub.example.org,https://evil.org",
    "http://127.0.0.1:8081",
    "http://127.0.0.1",
    "null",
    "",
]


@pytest.mark.parametrize("origin", sorted(OURS))
def test_our_own_pages_may_change_and_open_sockets(origin: str) -> None:
    assert may_change({"Origin": origin}, OURS)
    assert may_open_socket({"Origin": origin}, OURS, by_cookie=True)


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_page_of_another_origin_may_not(origin: str) -> None:
    assert not may_change({"Origin": origin, "Sec-Fetch-Site": "same-origin"}, OURS)
    assert not may_open_socket({"Origin": origin}, OURS, by_cookie=True)
    assert not may_open_socket({"Origin": origin}, OURS, by_cookie=False)


@pytest.mark.parametrize(
    ("site", "verdict"), [("same-origin", True), ("same-site", False), ("cross-site", False), ("none", False)]
)
def test_without_an_origin_only_same_origin_changes(site: str, verdict: bool) -> None:
    assert may_change({"Sec-Fetch-Site": site}, OURS) is verdict


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin, cross-site"])
def test_of_our_own_origins_each_is_a_stranger_to_the_other(site: str) -> None:
    origin = next(iter(OURS))
    assert may_change({"Origin": origin, "Sec-Fetch-Site": "same-origin"}, OURS)
    assert not may_change({"Origin": origin, "Sec-Fetch-Site": site}, OURS)


def test_neither_header_is_no_browser_of_ours() -> None:
    assert not may_change({}, OURS)


def test_a_socket_without_an_origin_is_for_keys_only() -> None:
    assert may_open_socket({}, OURS, by_cookie=False)
    assert not may_open_socket({}, OURS, by_cookie=True)
    assert not may_open_socket({"Sec-Fetch-Site": "same-origin"}, OURS, by_cookie=True)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("fd00::1", "198.51.100.1", "fd00::1"),
        ("/run/socket", "198.51.100.1", "/run/socket"),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, forwarded: str, expected: str) -> None:
    assert address(peer, forwarded, networks(["10.0.0.0/8"])) == expected


def test_a_proxy_that_is_no_address_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        networks(["not-an-address"])


@pytest.mark.parametrize(
    ("one", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_an_address_of_ipv6_is_counted_with_its_64(one: str, counted: str) -> None:
    assert neighbourhood(one) == counted
