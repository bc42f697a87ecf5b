"""The same intake without us: a stock Tornado handler that knows the key, reads the JSON and answers alike.

With a database URL, each request is one SQLAlchemy Core INSERT in a transaction of its own before its 202.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from bench.bare import wait_for
from hub.embedded.keep import choose_port

POOL = 10
KEPT = sa.Table(
    "bench_inbox",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
)


class Given(msgspec.Struct):
    """What a server is told: whose key it knows, the hub's headers, and where it keeps what comes, if so."""

    path: str
    key: str
    headers: list[tuple[str, str]]
    database: str = ""


class Plain(RequestHandler):
    """As a Tornado program would do it."""

    def initialize(self, given: Given, engine: AsyncEngine | None) -> None:
        """Take what to know."""
        self.given, self.engine = given, engine

    async def post(self) -> None:
        """202 for a known key and a body that is JSON."""
        if self.request.headers.get("Authorization") != f"Bearer {self.given.key}":
            self.set_status(401)
            return
        events = msgspec.json.decode(self.request.body)
        id = uuid4()
        if self.engine is not None:
            async with self.engine.begin() as connection:
                await connection.execute(
                    KEPT.insert().values(id=id, body=self.request.body, received_at=datetime.now(UTC))
                )
        for name, value in self.given.headers:
            self.set_header(name, value)
        self.set_status(202)
        count = len(events) if isinstance(events, list) else 1
        items = [{"index": index, "status": "accepted", "errors": []} for index in range(count)]
        said = {"receipt_id": f"rcp_{id.hex}", "status": "accepted", "items": items}
        self.write(msgspec.json.encode(said))


@contextmanager
def served(given: Given, folder: Path) -> Iterator[tuple[int, int]]:
    """(port, process id) of such a server for the length of the block."""
    port = choose_port(None)
    file = folder / f"given-{port}.json"
    file.write_bytes(msgspec.json.encode(given))
    server = subprocess.Popen([sys.executable, "-m", "bench.plain", str(port), str(file)])
    try:
        wait_for(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(10)


async def _serve(port: int, given: Given) -> None:
    engine: AsyncEngine | None = None
    if given.database:
        engine = create_async_engine(given.database, pool_size=POOL, max_overflow=0)
        async with engine.begin() as connection:
            await connection.run_sync(KEPT.metadata.create_all)
    supplies: dict[str, Any] = {"given": given, "engine": engine}
    HTTPServer(Application([(given.path, Plain, supplies)])).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Given)))
