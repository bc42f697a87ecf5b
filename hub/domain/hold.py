"""A hold: while an integration's key may be in wrong hands, listed addresses are heard and others wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from hub.contract.words import Release
from hub.domain.faults import Faults

Networks = tuple[IPv4Network | IPv6Network, ...]


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What an integration's column `hold` says. With `releasing` nobody waits any more, and what waited is
    being processed or discarded, in portions."""

    addresses: tuple[str, ...]
    since: datetime
    releasing: Release | None = None

    def keeps_back(self, address: str) -> bool:
        """Whether a request from this address waits; one of unknown origin does."""
        try:
            asked = ip_address(address)
        except ValueError:
            return True
        return not any(asked in network for network in _networks(self.addresses))


def listed(addresses: Sequence[str]) -> tuple[str, ...]:
    """Addresses and networks (`203.0.113.0/24`) in one way of writing; raise Invalid, naming each bad one."""
    faults, found = Faults(), list[str]()
    for index, each in enumerate(addresses):
        try:
            found.append(str(ip_network(each)))
        except ValueError as error:
            faults.add(f"/addresses/{index}", "invalid", f"{error}.")
    faults.check()
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=256)
def _networks(addresses: tuple[str, ...]) -> Networks:
    return tuple(ip_network(each) for each in addresses)
