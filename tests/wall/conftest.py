"""One migrated database with two tenants for all the tests of a file that change nothing for good."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scratch import OURS, connection
from servers import Database, Servers, wait


@pytest.fixture(scope="module")
def place(servers: Servers) -> Iterator[Database]:
    """The database of Acme and Globex."""
    made = servers.create_database("hub_template")

    async def fill() -> None:
        async with connection(made.admin_url) as admin:
            await admin.execute(OURS)

    wait(fill())
    yield made
    servers.drop_database(made)
