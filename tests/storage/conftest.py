"""Storage is tested twice: on connections of its own, and behind a pgbouncer that shares them out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Database, Servers


@pytest.fixture(params=["straight", "pgbouncer"])
def database(servers: Servers, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database of this test's own, reached either way."""
    made = servers.create_database("hub_template")
    through = request.param == "pgbouncer"
    yield request.getfixturevalue("bouncer").before(made) if through else made
    servers.drop_database(made)
