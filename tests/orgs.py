"""What fixtures hand to tests: an organization with its keys, and the bells that were rung."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.ids import TenantId, parse
from hub.services import credentials, founding
from hub.services.founding import Founded
from hub.services.ports import Ports
from hub.storage import directory
from hub.storage.credentials import Credential

PASSWORD = "correct horse battery staple"


@dataclass
class Rung:
    """What was announced and enqueued: the two ports, as lists."""

    announced: list[tuple[Any, ...]] = field(default_factory=list)
    enqueued: list[tuple[str, set[TenantId]]] = field(default_factory=list)

    def announce(self, *ring: Any) -> None:
        self.announced.append(ring)

    def enqueue(self, kind: str, tenants: Any) -> None:
        self.enqueued.append((kind, set(tenants)))


@dataclass(frozen=True)
class Org:
    """An organization of a test, with everything that `up` would make."""

    founded: Founded
    tenant: TenantId
    slug: str
    key: Credential
    integration_id: Any

    @property
    def api_key(self) -> str:
        assert self.founded.api_key
        return self.founded.api_key

    @property
    def integration_key(self) -> str:
        assert self.founded.integration_key
        return self.founded.integration_key


async def found(ports: Ports, slug: str) -> Org:
    """Make an organization; its owner is owner@SLUG.example."""
    founded = await founding.found(ports, slug, slug.title(), f"owner@{slug}.example", PASSWORD)
    tenant = await directory.find_organization(ports.store, slug)
    key = await credentials.find(ports, founded.api_key or "")
    assert tenant
    assert key
    assert founded.integration_id
    return Org(founded, tenant, slug, key, parse("integration", founded.integration_id))
