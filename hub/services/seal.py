"""Seal the log into its hash chain, and verify all chains."""

from __future__ import annotations

import hmac
from uuid import UUID

import msgspec
import structlog

from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.crash import around, reached
from hub.domain import chain
from hub.logs import Seldom
from hub.metrics import INVARIANTS_BROKEN
from hub.services.access import system
from hub.services.ports import Ports
from hub.storage import directory, seals
from hub.storage.seals import Chained
from hub.storage.tx import Tx

LINKS = 1000
_broken = Seldom(structlog.get_logger().error)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verification found for one tenant. `problem` is empty where the chain holds; `waiting` events
    are not sealed yet."""

    tenant: UUID
    sealed: int
    waiting: int
    problem: str = ""


async def seal(ports: Ports, tenant: TenantId) -> int:
    """Hash the next 1,000 events after the last seal; how many there were. Safe twice and side by side:
    the only possible next links are equal, and the primary key keeps one."""
    grant = system("sealer", tenant)
    grant.require(Action.LOG_SEAL)
    reached("seal.before")
    async with ports.store.begin(tenant, durable=False) as tx:  # lost links are made again, and equal
        last = await seals.last(tx)
        position, previous = last or (0, chain.genesis(tenant))
        hashes: list[bytes] = []
        for link in await seals.links(tx, position, LINKS):
            if link.position != position + len(hashes) + 1:  # a hole is not sealed over
                INVARIANTS_BROKEN.labels("I14").inc()
                _broken("a log cannot be sealed: an event is missing", tenant=str(tenant))
                break
            previous = chain.seal(previous, link)
            hashes.append(previous)
        end = position + len(hashes)
        if hashes:
            with around("link"):
                await seals.add(tx, range(position + 1, end + 1), hashes)
        await seals.reached(tx, end)
    reached("seal.after")
    return len(hashes)


async def verify(ports: Ports) -> list[Verdict]:
    """Recompute every chain: organizations, persons, the installation."""
    verdicts: list[Verdict] = []
    after: TenantId | None = None
    while tenants := await directory.tenants(ports.store, after, LINKS):
        verdicts += [await _verify(ports, tenant) for tenant in tenants]
        after = tenants[-1]
    return verdicts


async def _verify(ports: Ports, tenant: TenantId) -> Verdict:
    system("sealer", tenant).require(Action.LOG_READ)
    async with ports.store.begin(tenant, snapshot=True) as tx:
        head, cut, count = await seals.count(tx)
        sealed, problem = await _walk(tx, tenant)
        waiting = head - cut - count
        if not problem and sealed != count:
            problem = f"{count} seals stand for {sealed} events"
        if not problem and waiting < 0:
            problem = "there are more seals than events"
        if not problem and not await _dense(tx, sealed, head):
            problem = f"the log does not reach its head, {head}"
    return Verdict(tenant=tenant, sealed=sealed, waiting=max(waiting, 0), problem=problem)


async def _walk(tx: Tx, tenant: TenantId) -> tuple[int, str]:
    """Follow the chain from its genesis: (how far it holds, what is wrong there)."""
    position, previous = 0, chain.genesis(tenant)
    while page := await seals.chained(tx, position, LINKS):
        for entry in page:
            if entry.hash is None:
                return position, ""
            previous, problem = _check(previous, position, entry)
            if problem:
                return position, f"position {position + 1}: {problem}"
            position += 1
    return position, ""


def _check(previous: bytes, position: int, entry: Chained) -> tuple[bytes, str]:
    expected = chain.seal(previous, entry.link)
    if entry.link.position != position + 1:
        return expected, "an event is missing"
    if not hmac.compare_digest(expected, entry.hash or b""):
        return expected, "the hash does not fit the event and what came before"
    if entry.salt is not None and entry.body is not None:
        digest = chain.digest(entry.salt, entry.body, entry.address or "")
        if not hmac.compare_digest(digest, entry.link.digest):
            return expected, "the body is not the one that was sealed"
    return expected, ""


async def _dense(tx: Tx, sealed: int, head: int) -> bool:
    """Whether the events that wait for their seal reach the head without a hole."""
    position = sealed
    while page := await seals.links(tx, position, LINKS):
        for link in page:
            position += 1
            if link.position != position:
                return False
    return position == head
