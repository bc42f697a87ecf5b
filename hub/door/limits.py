"""Door: token buckets in this process, each process at its share, so that no request waits for Redis."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

import msgspec

from hub.domain.errors import RateLimited
from hub.door.origins import neighbourhood

NAMES_MAX: Final = 10_000
MINUTE: Final = 60


class Bucket(msgspec.Struct):
    """What is left, and when that was so (seconds of a monotonic clock)."""

    tokens: float
    at: float


class Buckets:
    """One bucket a name in a bounded table; when it is full, the least recently used name is forgotten."""

    def __init__(self, burst: float, per_second: float, names_max: int = NAMES_MAX) -> None:
        self._burst = max(burst, 1.0)
        self._per_second = per_second
        self._names_max = names_max
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, name: str, now: float) -> float:
        """Take one token and return 0.0, or take nothing and return the seconds until there is one."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self._burst, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._names_max:
            self._buckets.popitem(last=False)
        bucket.tokens, bucket.at = self._filled(bucket, now), now
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / self._per_second
        bucket.tokens -= 1.0
        return 0.0

    def is_empty(self, name: str, now: float) -> bool:
        """Whether `take` would give nothing. Asking takes nothing, and makes no bucket."""
        bucket = self._buckets.get(name)
        return bucket is not None and self._filled(bucket, now) < 1.0

    def _filled(self, bucket: Bucket, now: float) -> float:
        return min(self._burst, bucket.tokens + max(now - bucket.at, 0.0) * self._per_second)

    def left(self, name: str) -> float:
        """The tokens that were left when `name` was last asked for."""
        bucket = self._buckets.get(name)
        return bucket.tokens if bucket else self._burst

    def give_back(self, name: str) -> None:
        """Return a token that turned out to be no failure."""
        if bucket := self._buckets.get(name):
            bucket.tokens = min(self._burst, bucket.tokens + 1.0)


class SignIns:
    """Tries to sign in: ten at once and one in 6 s more for an account, three times that for an address
    (of IPv6 a /64: one host has them all).

    A try that succeeds is given back, so only failures count. A patient attacker can keep an account at its
    limit from outside; guessing its password from many addresses would be worse.
    """

    def __init__(self, processes: int) -> None:
        self._accounts = Buckets(10 / processes, 1 / 6 / processes)
        self._addresses = Buckets(30 / processes, 1 / 2 / processes)

    def admit(self, account: str, address: str, now: float) -> None:
        """Count one try; raise RateLimited with the whole seconds to wait."""
        wait = max(
            self._addresses.take(neighbourhood(address), now),
            self._accounts.take(account.strip().casefold(), now),
        )
        if wait:
            raise RateLimited(retry_after=int(wait) + 1)

    def succeeded(self, account: str, address: str) -> None:
        """Take back the count of a try that was none."""
        self._addresses.give_back(neighbourhood(address))
        self._accounts.give_back(account.strip().casefold())


class Quota(msgspec.Struct, frozen=True):
    """Where a request left one policy: two structured fields, and the whole seconds to wait if refused."""

    policy: str
    left: str
    wait: int = 0


class Meter:
    """One policy: so many requests a minute for each name, all at once or spread."""

    def __init__(self, policy: str, per_minute: float) -> None:
        self._quota = max(int(per_minute), 1)
        self._per_second = self._quota / MINUTE
        self._name = policy
        self._policy = f'"{policy}";q={self._quota};w={MINUTE}'
        self._buckets = Buckets(self._quota, self._per_second)

    def take(self, name: str, now: float) -> Quota:
        """Count a request; `wait` is more than zero where it is one too many.

        The fields are those of draft-ietf-httpapi-ratelimit-headers: `q` requests in `w` seconds, `r` of them
        remain, and in `t` seconds all of them are back.
        """
        wait = self._buckets.take(name, now)
        left = int(self._buckets.left(name))
        reset = math.ceil((self._quota - left) / self._per_second)
        return Quota(self._policy, f'"{self._name}";r={left};t={reset}', math.ceil(wait))

    def wait(self, name: str, now: float) -> int:
        """Count a request like `take`, and say only how many whole seconds it has to wait; 0 mostly."""
        return math.ceil(self._buckets.take(name, now))

    def is_spent(self, name: str, now: float) -> bool:
        """Whether the next request is one too many."""
        return self._buckets.is_empty(name, now)


class Quotas:
    """How much one credential, one organization, and those at one address who have not said who they are, may
    ask of this process, and how much the senders of one organization may bring: its share of the whole."""

    def __init__(
        self,
        per_credential: int,
        per_organization: int,
        per_address: int,
        processes: int,
        ingest: int = 300_000,
    ) -> None:
        self.credentials = Meter("credential", per_credential / processes)
        self.organizations = Meter("organization", per_organization / processes)
        self.addresses = Meter("address", per_address / processes)
        self.ingest = Meter("ingest", ingest / processes)
