"""Snapshots: the state as of one place of the log, to go on from with any stream."""

from __future__ import annotations

import msgspec

from hub.contract.resources import SnapshotResource
from hub.domain import filter
from hub.domain.resume import Place
from hub.door.request import Request
from hub.door.says import says
from hub.services import snapshots, views


class Snapshot(Request):
    """`/snapshot`"""

    @says(SnapshotResource, query={"filter": f"Terms of what is asked for: {filter.WHAT}."})
    async def get(self, org: str) -> None:
        """Incidents that are not closed, at most 10,000, and the cursor from which a stream goes on."""
        asked = filter.read(self.get_query_argument("filter", ""))
        view = msgspec.structs.replace(views.view(self.grant), filter=asked)
        taken = await snapshots.take(self.desk.ports, self.grant, view)
        place = Place(epoch=taken.epoch, position=taken.position, view=view.hash)
        cursor = self.desk.ports.cursors.write(self.grant.tenant, place)
        items = b",".join(chunk[1:-1] for chunk in taken.chunks)
        said = SnapshotResource(
            cursor=cursor, data=msgspec.Raw(b"[%s]" % items), is_complete=taken.is_complete
        )
        self.answer(said)
