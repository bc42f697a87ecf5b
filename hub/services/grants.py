"""Grants kept in the process: what was proven stays proven while the logs it rests on are followed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from hub.contract.ids import TenantId
from hub.domain.access import Grant
from hub.storage.credentials import Credential

KEPT_MAX: Final = 4096
KEPT_FOR: Final = timedelta(minutes=1)  # then read again: last uses move, and nothing is believed for ever

WORK: Final = ("incident.", "alert.")  # kinds that change no key

Key = TypeVar("Key", bound=Hashable)
Proof = TypeVar("Proof")


class IntegrationRef(msgspec.Struct, frozen=True):
    """Whose key it is; `is_signed` where it takes signed requests only."""

    tenant: TenantId
    integration: UUID
    is_signed: bool = False


class Ground(Protocol):
    """One log that a proof rests on, as far as this process follows it."""

    @property
    def doubts(self) -> int:
        """Moves with every event that may have changed somebody's rights, and when the log begins anew."""
        ...

    @property
    def is_confirmed(self) -> bool:
        """Whether PostgreSQL itself said, two seconds ago at most, that nothing came after what we know."""
        ...


class Following(Protocol):
    """The logs that this process follows for the sake of proofs. realtime/ has it; app.py plugs it in."""

    def ground(self, tenant: TenantId) -> Ground | None:
        """The log of a tenant; None while it is not followed."""
        ...

    def follow(self, tenant: TenantId) -> None:
        """Have it followed from now on."""
        ...

    def happened(self, tenant: TenantId, kinds: Iterable[str]) -> None:
        """This process has committed events of these kinds: doubt at once what they change."""
        ...


class Rest(msgspec.Struct, frozen=True):
    """A log, and where its doubts stood before the proof was read."""

    tenant: TenantId
    ground: Ground
    doubts: int


class Kept(msgspec.Struct, Generic[Proof], frozen=True):
    """A proof, what it rests on, and when it ends at the latest."""

    proof: Proof
    rests: tuple[Rest, ...]
    until: datetime


class Shelf(Generic[Key, Proof]):
    """Bounded: the least recently used of 4,096 is forgotten. Refusals are never kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Kept[Proof]] = OrderedDict()

    def find(self, key: Key, following: Following | None, now: datetime) -> Proof | None:
        """What was kept under this key while all of it still stands, else None."""
        kept = self._kept.get(key)
        if kept is None or following is None:
            return None
        if now < kept.until:
            for rest in kept.rests:
                if not _stands(rest, following):
                    break
            else:
                self._kept.move_to_end(key)
                return kept.proof
        if now >= kept.until or any(rest.ground.doubts != rest.doubts for rest in kept.rests):
            del self._kept[key]
        return None

    def keep(self, key: Key, kept: Kept[Proof]) -> None:
        """Keep a proof in the place of an older one."""
        self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)


def _stands(rest: Rest, following: Following) -> bool:
    ground = following.ground(rest.tenant)
    return ground is rest.ground and ground.doubts == rest.doubts and ground.is_confirmed


class Briefly(Generic[Key, Proof]):
    """Proofs that are believed for a second and rest on no log, so that whoever storms in with a key is
    looked up once a second. Bounded like a shelf. What this process itself changes is doubted at once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[Proof, TenantId, float]] = OrderedDict()

    def find(self, key: Key) -> Proof | None:
        """What was kept under this key a second ago at most, else None."""
        kept = self._kept.get(key)
        if kept is None or asyncio.get_running_loop().time() >= kept[2]:
            return None
        return kept[0]

    def keep(self, key: Key, tenant: TenantId, proof: Proof, until: float) -> None:
        """Keep a proof until a time of the loop: a second after its reading began, or before."""
        self._kept[key] = (proof, tenant, until)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    def doubt(self, tenant: TenantId) -> None:
        """Forget what is a tenant's."""
        for key in [key for key, kept in self._kept.items() if kept[1] == tenant]:
            del self._kept[key]


class Grants:
    """Without a `following` (the worker, the command line) nothing is kept, and everything is read.

    A proof is kept only if what it rests on was followed *before* it was read: then whatever was committed
    before the reading is in it, and whatever comes after moves the doubts.
    """

    def __init__(self) -> None:
        self.following: Following | None = None
        self._credentials: Shelf[bytes, Credential] = Shelf()
        self._grants: Shelf[tuple[UUID, str], Grant] = Shelf()
        self.integrations: Briefly[bytes, IntegrationRef] = Briefly()

    def rests(self, *tenants: TenantId) -> tuple[Rest, ...] | None:
        """Where the logs of these tenants stand now; None where one of them is not followed."""
        rests = []
        for tenant in tenants:
            ground = self.following.ground(tenant) if self.following else None
            if ground is None:
                return None
            rests.append(Rest(tenant, ground, ground.doubts))
        return tuple(rests)

    def follow(self, *tenants: TenantId) -> None:
        """Have the logs of tenants followed, of whom somebody was proven to be."""
        if self.following is not None:
            for tenant in tenants:
                self.following.follow(tenant)

    def credential(self, hash: bytes, now: datetime) -> Credential | None:
        """The credential of a secret with this SHA-256, if it is kept and stands."""
        return self._credentials.find(hash, self.following, now)

    def keep_credential(
        self, hash: bytes, credential: Credential, rests: tuple[Rest, ...], now: datetime
    ) -> None:
        """Keep a credential that was read after `rests` were taken."""
        self._credentials.keep(hash, Kept(credential, rests, _until(credential.expires_at, now)))

    def grant(self, credential: UUID, slug: str, now: datetime) -> Grant | None:
        """The Grant of a credential in an organization, if it is kept and stands."""
        return self._grants.find((credential, slug), self.following, now)

    def keep_grant(
        self, credential: UUID, grant: Grant, rests: tuple[Rest, ...] | None, now: datetime
    ) -> None:
        """Keep a Grant whose rights were read after `rests` were taken; without, the next one can be kept."""
        if rests is None:
            self.follow(grant.tenant, grant.person or grant.tenant)
            return
        self._grants.keep((credential, grant.slug), Kept(grant, rests, _until(grant.expires_at, now)))

    def happened(self, tenant: TenantId, kinds: Collection[str]) -> None:
        """Events were committed here; who is told by this process need not wait for the log to come round."""
        if not all(kind.startswith(WORK) for kind in kinds):
            self.integrations.doubt(tenant)
        if self.following is not None:
            self.following.happened(tenant, kinds)


def _until(expires_at: datetime | None, now: datetime) -> datetime:
    latest = now + KEPT_FOR
    return latest if expires_at is None else min(expires_at, latest)
