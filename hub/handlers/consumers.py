"""Durable consumers: list, make, show, change, delete, acknowledge."""

from __future__ import annotations

from hub.contract.consumers import (
    Acknowledge,
    Acknowledged,
    ChangeConsumer,
    ConsumerPage,
    ConsumerResource,
    NewConsumer,
)
from hub.domain.errors import NotAllowedNow, TakenOver
from hub.door.request import Request
from hub.door.says import says
from hub.services import acknowledging, consumers


class Consumers(Request):
    """`/consumers`"""

    @says(ConsumerPage)
    async def get(self, org: str) -> None:
        """A page of consumers: one's own; owners and admins see all."""
        self.answer_page(await consumers.page(self.desk.ports, self.grant, *self.page()))

    @says(ConsumerResource, 201, takes=NewConsumer, once=True, may=(NotAllowedNow,))
    async def post(self, org: str) -> None:
        """Make one, which misses nothing from now on."""
        asked, key = self.read(NewConsumer), self.idempotency_key()
        made, replayed = await consumers.create(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/consumers/{made.id}")
        self.answer_once(made, replayed, 201)


class Consumer(Request):
    """`/consumers/{consumer}`"""

    @says(ConsumerResource, versioned=True)
    async def get(self, org: str, consumer: str) -> None:
        """One consumer with its lag; its ETag is its version, which no acknowledgement moves."""
        shown = await consumers.show(self.desk.ports, self.grant, consumer)
        self.answer_current(shown, shown.version)

    @says(ConsumerResource, takes=ChangeConsumer, versioned=True)
    async def patch(self, org: str, consumer: str) -> None:
        """Give it another name or filter."""
        asked, expected = self.read(ChangeConsumer), self.if_match()
        changed = await consumers.change_consumer(
            self.desk.ports, self.grant, consumer, asked, expected, self.context
        )
        self.answer_current(changed, changed.version)

    @says(status=204, versioned=True)
    async def delete(self, org: str, consumer: str) -> None:
        """Forget it and its place."""
        await consumers.delete(self.desk.ports, self.grant, consumer, self.if_match(), self.context)
        self.set_status(204)


class Ack(Request):
    """`/consumers/{consumer}/ack`"""

    @says(Acknowledged, takes=Acknowledge, may=(TakenOver,))
    async def post(self, org: str, consumer: str) -> None:
        """Acknowledge everything up to a cursor; what is behind the stored place changes nothing."""
        asked = self.read(Acknowledge)
        self.answer(await acknowledging.acknowledge(self.desk.ports, self.grant, consumer, asked))
