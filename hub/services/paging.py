"""Pages of lists: a bounded limit, and a cursor that is bound to the tenant and the filter."""

from __future__ import annotations

from uuid import UUID

from hub.contract.signals import Fault
from hub.domain.access import Grant
from hub.domain.errors import Invalid
from hub.services.ports import Ports

LIMIT = 50
LIMIT_MAX = 200
NEWEST = UUID(int=(1 << 128) - 1)
OLDEST = UUID(int=0)


def place(ports: Ports, grant: Grant, filter: str, cursor: str | None, size: int) -> bytes | None:
    """The place that a page cursor holds, None without one; raise Invalid for a cursor of elsewhere."""
    if cursor is None:
        return None
    found = ports.cursors.read_page(grant.tenant, filter, cursor)
    if found is None or len(found) != size:
        raise Invalid([Fault(pointer="/cursor", code="cursor", detail="This cursor is of another list.")])
    return found


def id_place(ports: Ports, grant: Grant, filter: str, cursor: str | None, first: UUID) -> UUID:
    """The id to go on from; `first` without a cursor."""
    found = place(ports, grant, filter, cursor, 16)
    return UUID(bytes=found) if found else first


def number_place(ports: Ports, grant: Grant, filter: str, cursor: str | None, first: int) -> int:
    """The position to go on from; `first` without a cursor."""
    found = place(ports, grant, filter, cursor, 8)
    return int.from_bytes(found, "big") if found else first


def next_cursor(ports: Ports, grant: Grant, filter: str, more: bool, last: UUID | int | None) -> str | None:
    """The cursor of the next page, where there is one."""
    if not more or last is None:
        return None
    written = last.bytes if isinstance(last, UUID) else last.to_bytes(8, "big")
    return ports.cursors.write_page(grant.tenant, filter, written)
