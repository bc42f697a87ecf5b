"""Door: from where a request comes: exact Host and Origin, and the address behind trusted proxies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]


def networks(trusted: Iterable[str]) -> Networks:
    """Read the addresses and networks of our own proxies; ValueError names one that is neither."""
    return tuple(ip_network(each, strict=False) for each in trusted)


def may_change(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether an unsafe request that needs no secret header may come from this page.

    Its Origin must be one of ours to the letter; without an Origin (older browsers leave it out) only
    `Sec-Fetch-Site: same-origin` serves. Ports count: a page of another port of this host is a stranger,
    but its requests carry our cookies. Of two of our own origins each is a stranger to the other: what
    listens on a loopback port of a visitor's machine need not be this hub.
    """
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if origin is None:
        return site == "same-origin"
    return origin in origins and site in {None, "same-origin"}


def may_open_socket(headers: Mapping[str, str], origins: frozenset[str], *, by_cookie: bool) -> bool:
    """Whether a WebSocket may open from this page: every browser names its Origin, only others leave it out.

    Browsers send the handshake anywhere, with cookies and without asking (RFC 6455, section 10.2).
    """
    origin = headers.get("Origin")
    if origin is None:
        return not by_cookie
    return origin in origins


def may_stream(headers: Mapping[str, str], origins: frozenset[str], *, by_cookie: bool) -> bool:
    """Whether a stream over plain HTTP may open from this page: browsers leave the Origin out of a GET to
    their own, and then say same-origin (Fetch Metadata, section 2.3)."""
    origin = headers.get("Origin")
    if origin is None:
        return not by_cookie or headers.get("Sec-Fetch-Site") == "same-origin"
    return origin in origins


def address(peer: str, forwarded: str, trusted: Networks) -> str:
    """Who is at the other end: the peer, or the last `X-Forwarded-For` entry that is no proxy of ours.

    The header is read from its right end, where our own proxy wrote, and only when the peer is one.
    """
    if not forwarded:
        return _shown(peer)
    found = _parse(peer)
    for entry in reversed(forwarded.split(",")):
        if found is None or not any(found in network for network in trusted):
            break
        found = _parse(entry) or found
    return str(found) if found else peer


def neighbourhood(address: str) -> str:
    """Whoever is counted as one: an IPv4 address, or the /64 of an IPv6 one, of which every host has as many
    addresses as it likes (RFC 8981)."""
    found = _parse(address)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address


@lru_cache(maxsize=4096)
def _shown(peer: str) -> str:
    found = _parse(peer)
    return str(found) if found else peer


@lru_cache(maxsize=4096)
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.strip())
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
