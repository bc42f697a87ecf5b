"""One web process for the attacks of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Servers
from victim import Victim, attacked


@pytest.fixture(scope="module")
def victim(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with attacked(servers, tmp_path_factory.mktemp("victim")) as running:
        yield running
