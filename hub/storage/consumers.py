"""Consumers: whose they are, the place that each has acknowledged, and who holds it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from hub.domain.resume import Place
from hub.storage.constraints import told
from hub.storage.statement import written
from hub.storage.tx import Tx

# How long a consumer counts as held after its holder's last word; a holder that lives says so every third.
HELD = "interval '60 seconds'"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer; `holder` counts how often it was taken over, `held` is whether somebody holds it now."""

    id: UUID
    name: str
    owner_kind: str
    owner_id: UUID
    owner_name: str
    filter: str
    epoch: UUID
    position: int
    view: bytes
    owed: UUID | None
    holder: int
    held: bool
    acknowledged_at: datetime | None
    created_at: datetime
    version: int

    @property
    def place(self) -> Place:
        """What it has acknowledged; before that, where the log ended when it was made."""
        return Place(epoch=self.epoch, position=self.position, view=self.view, owed=self.owed)


class Step(msgspec.Struct, frozen=True):
    """A holder's place on the way to its row."""

    id: UUID
    holder: int
    place: Place


_COLUMNS = """c.id, c.name, c.owner_kind, c.owner_id, c.filter, c.epoch, c.position, c.view, c.owed, c.holder,
  coalesce(c.held_until > now(), false) AS held, c.acknowledged_at, c.created_at, c.version,
  coalesce(
    (SELECT m.display_name FROM membership m WHERE m.tenant_id = c.tenant_id AND c.owner_kind = 'member'
      AND m.id = c.owner_id),
    (SELECT k.about ->> 'name' FROM credential k WHERE k.tenant_id = c.tenant_id AND k.kind = 'api_key'
      AND c.owner_kind = 'key' AND k.subject = c.owner_id ORDER BY k.id DESC LIMIT 1), '') AS owner_name"""
_SHOWN = f"SELECT {_COLUMNS} FROM consumer c WHERE c.tenant_id = :tenant"
_FIND = written(_SHOWN + " AND c.id = :id", tenant="uuid", id="uuid")
_NAMED = written(_SHOWN + " AND c.name = :name", tenant="uuid", name="text")
_LOCK = written(_SHOWN + " AND c.id = :id FOR NO KEY UPDATE OF c", tenant="uuid", id="uuid")
_PAGE = written(
    _SHOWN + " AND c.id > :after ORDER BY c.id LIMIT :limit", tenant="uuid", after="uuid", limit="int"
)
_OF = written(
    _SHOWN + " AND c.owner_kind = :kind AND c.owner_id = :owner AND c.id > :after ORDER BY c.id LIMIT :limit",
    tenant="uuid", kind="text", owner="uuid", after="uuid", limit="int",
)  # fmt: skip
_COUNT = written(
    "SELECT count(*) AS of_all, count(*) FILTER (WHERE owner_kind = :kind AND owner_id = :owner) AS of_owner"
    " FROM consumer WHERE tenant_id = :tenant",
    tenant="uuid", kind="text", owner="uuid",
)  # fmt: skip
_ADD = written(
    "INSERT INTO consumer (tenant_id, id, name, owner_kind, owner_id, filter, epoch, position, view,"
    " created_at) VALUES (:tenant, :id, :name, :kind, :owner, :filter, :epoch, :position, :view, :at)",
    tenant="uuid", id="uuid", name="text", kind="text", owner="uuid", filter="text", epoch="uuid",
    position="big", view="bytes", at="time",
)  # fmt: skip
_RENAME = written(
    "UPDATE consumer SET name = :name, version = version + 1 WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", name="text",
)  # fmt: skip
_FILTER = written(
    "UPDATE consumer SET filter = :filter, view = :view, holder = holder + 1, held_until = NULL,"
    " version = version + 1 WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", filter="text", view="bytes",
)  # fmt: skip
_DELETE = written("DELETE FROM consumer WHERE tenant_id = :tenant AND id = :id", tenant="uuid", id="uuid")
_END = written(
    "DELETE FROM consumer WHERE tenant_id = :tenant AND owner_kind = :kind AND owner_id = :owner"
    " RETURNING id, name",
    tenant="uuid", kind="text", owner="uuid",
)  # fmt: skip
_TAKE = written(
    f"UPDATE consumer c SET holder = coalesce(:holder, c.holder + 1), held_until = now() + {HELD}"
    " WHERE c.tenant_id = :tenant AND c.name = :name AND c.owner_kind = :kind AND c.owner_id = :owner"
    f" AND (:holder IS NULL OR c.holder = :holder) RETURNING {_COLUMNS}",
    tenant="uuid", name="text", kind="text", owner="uuid", holder="big",
)  # fmt: skip
# Never backwards, as `is_further` of domain/resume.py has it; a holder that was replaced moves nothing.
_ACKNOWLEDGE = written(
    """
    UPDATE consumer c SET epoch = u.epoch, position = u.position, view = u.view, owed = u.owed,
      acknowledged_at = :at
    FROM unnest(:ids, :holders, :epochs, :positions, :views, :owed)
      AS u (id, holder, epoch, position, view, owed)
    WHERE c.tenant_id = :tenant AND c.id = u.id AND c.holder = u.holder
      AND (c.epoch <> u.epoch OR c.position < u.position OR (c.position = u.position
        AND (c.view <> u.view OR (c.owed IS NOT NULL AND u.owed IS NULL))))
    RETURNING c.id
    """,
    tenant="uuid", ids="uuid[]", holders="big[]", epochs="uuid[]", positions="big[]", views="bytes[]",
    owed="uuid[]", at="time",
)  # fmt: skip
_ARE = "FROM unnest(:ids, :holders) AS u (id, holder) WHERE c.tenant_id = :tenant AND c.id = u.id"
_RENEW = written(
    f"UPDATE consumer c SET held_until = now() + {HELD} {_ARE} AND c.holder = u.holder",
    tenant="uuid", ids="uuid[]", holders="big[]",
)  # fmt: skip
_RELEASE = written(
    f"UPDATE consumer c SET held_until = NULL {_ARE} AND c.holder = u.holder",
    tenant="uuid", ids="uuid[]", holders="big[]",
)  # fmt: skip


async def find(tx: Tx, id: UUID) -> Kept | None:
    """One consumer."""
    row = await tx.one(_FIND, id=id)
    return Kept(**dict(row)) if row else None


async def named(tx: Tx, name: str) -> Kept | None:
    """The consumer of a name."""
    row = await tx.one(_NAMED, name=name)
    return Kept(**dict(row)) if row else None


async def lock(tx: Tx, id: UUID) -> Kept | None:
    """One consumer, which nobody else changes, takes or acknowledges for until this transaction ends."""
    row = await tx.one(_LOCK, id=id)
    return Kept(**dict(row)) if row else None


async def page(tx: Tx, owner: tuple[str, UUID] | None, after: UUID, limit: int) -> list[Kept]:
    """Consumers in the order in which they were made: all of the organization, or one owner's."""
    if owner is None:
        rows = await tx.fetch(_PAGE, after=after, limit=limit)
    else:
        rows = await tx.fetch(_OF, kind=owner[0], owner=owner[1], after=after, limit=limit)
    return [Kept(**dict(row)) for row in rows]


async def count(tx: Tx, owner: tuple[str, UUID]) -> tuple[int, int]:
    """How many an owner has, and the whole organization."""
    row = await tx.one(_COUNT, kind=owner[0], owner=owner[1])
    return (row["of_owner"], row["of_all"]) if row else (0, 0)


async def add(
    tx: Tx, id: UUID, name: str, owner: tuple[str, UUID], filter: str, place: Place, at: datetime
) -> None:
    """A consumer with its first place; raise Invalid for a name that is taken."""
    with told():
        await tx.fetch(
            _ADD, id=id, name=name, kind=owner[0], owner=owner[1], filter=filter, epoch=place.epoch,
            position=place.position, view=place.view, at=at,
        )  # fmt: skip


async def rename(tx: Tx, id: UUID, name: str) -> None:
    """Another name; raise Invalid for one that is taken."""
    with told():
        await tx.fetch(_RENAME, id=id, name=name)


async def set_filter(tx: Tx, id: UUID, filter: str, view: bytes) -> None:
    """Another filter, from the same position on; whoever holds the consumer does so no more."""
    await tx.fetch(_FILTER, id=id, filter=filter, view=view)


async def delete(tx: Tx, id: UUID) -> None:
    """Forget one."""
    await tx.fetch(_DELETE, id=id)


async def end(tx: Tx, kind: str, owner: UUID) -> list[tuple[UUID, str]]:
    """Forget all that an owner has; the id and name of each."""
    return [(row["id"], row["name"]) for row in await tx.fetch(_END, kind=kind, owner=owner)]


async def take(tx: Tx, name: str, owner: tuple[str, UUID], holder: int | None) -> Kept | None:
    """Hold a consumer in whoever's place, or go on as `holder`; None where the owner has none of this name,
    or another holder has come."""
    row = await tx.one(_TAKE, name=name, kind=owner[0], owner=owner[1], holder=holder)
    return Kept(**dict(row)) if row else None


async def acknowledge(tx: Tx, steps: Iterable[Step], at: datetime) -> set[UUID]:
    """Move the places of these holders forward; the ids of those that moved."""
    each = sorted(steps, key=lambda step: step.id)
    rows = await tx.fetch(
        _ACKNOWLEDGE,
        ids=[step.id for step in each],
        holders=[step.holder for step in each],
        epochs=[step.place.epoch for step in each],
        positions=[step.place.position for step in each],
        views=[step.place.view for step in each],
        owed=[step.place.owed for step in each],
        at=at,
    )
    return {row["id"] for row in rows}


async def renew(tx: Tx, holders: dict[UUID, int]) -> None:
    """Say that these holders live."""
    await tx.fetch(_RENEW, ids=list(holders), holders=list(holders.values()))


async def release(tx: Tx, holders: dict[UUID, int]) -> None:
    """Say that these holders hold no more, unless somebody else has taken over."""
    await tx.fetch(_RELEASE, ids=list(holders), holders=list(holders.values()))
