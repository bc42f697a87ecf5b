"""The readers of one organization: who sees what, on which transports, and with which habits."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from authors import CONSUMERS, Author
from chronicle import read
from histories import Fact, Sees
from theatre import Theatre
from visitors import TRANSPORTS, Visitor

from hub.contract.kinds import ADMINISTRATIVE


def administrator(fact: Fact) -> bool:
    """All of an organization."""
    return True


def responder(fact: Fact) -> bool:
    """All but what is administrative, and what is private."""
    return fact.kind not in ADMINISTRATIVE and not fact.is_secret


def of_incidents(fact: Fact) -> bool:
    """`kind:incident.*` of a responder's."""
    return fact.kind.startswith("incident.") and not fact.is_secret


def severe(fact: Fact) -> bool:
    """`severity:<=2`: before or after."""
    return bool({"SEV1", "SEV2"} & set(fact.levels))


def leaves_severe(fact: Fact) -> bool:
    """Before, and not after."""
    after, before = fact.levels
    return before in {"SEV1", "SEV2"} and after not in {"SEV1", "SEV2"}


@dataclass
class Side:
    """One organization: who writes, and who reads."""

    author: Author
    theatre: Theatre
    dice: random.Random
    visitors: list[Visitor] = field(default_factory=list)

    def invite(self, bot: str, with_state: bool) -> None:
        """Those who read from beginning to end; `bot` is a responder's key."""
        admin = self.author.key
        for via in TRANSPORTS:
            self.add(via, admin, administrator, (via,))
        self.add("bot", bot, responder, ("socket",), view="bot")
        self.add("switching", bot, responder, view="bot")
        self.add("kinds", bot, of_incidents, view="bot", filter="kind:incident.*")
        for name, tears in (("severe", 0.0), ("torn", 0.2)):
            self.add(name, admin, severe, filter="severity:<=2", leaves=leaves_severe, tears=tears)
        self.add("restless", admin, administrator, stay=(0.1, 1.0))
        for name, via in zip(CONSUMERS, TRANSPORTS[:2], strict=True):
            self.add(name, admin, administrator, (via,), consumer=name)
        if with_state:
            self.add("state", bot, responder, TRANSPORTS[:2], view="bot", snapshot="always").may_reset = True

    def add(
        self, name: str, key: str, sees: Sees, transports: tuple[str, ...] = TRANSPORTS, **habits: Any
    ) -> Visitor:
        """One more reader, who has not dialled yet."""
        visitor = Visitor(
            name, self.author.org, self.theatre.port, key, self.theatre.folder,
            random.Random(self.dice.random()), sees, transports, **habits,
        )  # fmt: skip
        self.visitors.append(visitor)
        return visitor

    def come_late(self, first: Visitor) -> Visitor:
        """Another one with the same eyes, from a place where `first` once was, on any transport (I7)."""
        first.flush()
        cursors = [record["cursor"] for record in read(first.path) if record["what"] == "events"]
        view, after = first.view.split()[0], self.dice.choice(cursors)
        return self.add(f"late-{first.name}", first.key, first.sees, view=view, after=after)
