"""Services: list, make, show, change, archive and unarchive."""

from __future__ import annotations

from hub.contract.catalogue import DependOn, NewService, Nothing, ServicePatch
from hub.contract.resources import ServicePage, ServiceResource
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import catalogue, depending


class Services(Request):
    """`/services`"""

    @says(ServicePage, query={"archived": "`true`: those that are archived, instead of the others."})
    async def get(self, org: str) -> None:
        """A page of services."""
        archived = self.get_query_argument("archived", "false")
        if archived not in ("true", "false"):
            self.faults.add("/archived", "word", "Say true or false.")
        self.answer_page(
            await catalogue.page_services(self.desk.ports, self.grant, *self.page(), archived == "true")
        )

    @says(ServiceResource, 201, takes=NewService, once=True)
    async def post(self, org: str) -> None:
        """Make one."""
        asked, key = self.read(NewService), self.idempotency_key()
        made, replayed = await catalogue.add_service(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/services/{made.id}")
        self.answer_once(made, replayed, 201)


class Service(Request):
    """`/services/{service}`"""

    @says(ServiceResource, versioned=True)
    async def get(self, org: str, service: str) -> None:
        """One service, with how it does; its ETag is its version."""
        shown = await catalogue.show_service(self.desk.ports, self.grant, service)
        self.answer_current(shown, shown.version)

    @says(ServiceResource, takes=ServicePatch, versioned=True)
    async def patch(self, org: str, service: str) -> None:
        """Change what the body names."""
        asked, expected = self.read(ServicePatch), self.if_match()
        changed = await catalogue.change_service(
            self.desk.ports, self.grant, service, asked, expected, self.context
        )
        self.answer_current(changed, changed.version)


class Dependencies(Request):
    """`/services/{service}/dependencies`"""

    @says(ServiceResource, takes=DependOn, versioned=True, may=(NotAllowedNow,))
    async def put(self, org: str, service: str) -> None:
        """Have it need these services and no others."""
        asked, expected = self.read(DependOn), self.if_match()
        changed = await depending.depend(self.desk.ports, self.grant, service, asked, expected, self.context)
        self.answer_current(changed, changed.version)


class Archive(Request):
    """`/services/{service}/archive` and `/unarchive`, as the route says."""

    is_archived: bool

    @says(ServiceResource, takes=Nothing, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, service: str) -> None:
        """Take it out of the lists, or put it back."""
        self.read(Nothing)
        archived, replayed = await catalogue.archive_service(
            self.desk.ports, self.grant, service, self.is_archived, self.idempotency_key(), self.context
        )
        self.answer_once(archived, replayed)
