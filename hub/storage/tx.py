"""A Tx: the only way to SQL. Its first statement sets the tenant, so no row of another can be met."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import Any

import asyncpg
import structlog

from hub.contract.ids import TenantId
from hub.domain.errors import Broken, Contended, TooSlow, Unavailable
from hub.logs import Seldom
from hub.storage.statement import Statement

CONNECT_SECONDS = 1.0
COMMAND_SECONDS = 6.0  # the server's own statement_timeout is 5 s; this is for a server that has stopped
KEPT_STATEMENTS = 256  # prepared ones of one connection: more than there are in storage/
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
IN_THE_WAY = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)
_full = Seldom(structlog.get_logger().error)


def _is_away(error: BaseException) -> bool:
    """Whether the server went away. A cancelled statement is the server's own time-out, and asyncpg's
    complaint about an argument is a bug of ours."""
    return isinstance(error, AWAY) and not isinstance(error, (asyncpg.QueryCanceledError, ValueError))


def _throw_away(connection: Any) -> None:
    """End a connection in an unknown state; one that was cut has left the pool by itself already."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _is_open(connection: Any) -> bool:
    """Whether a connection that lay ready is still there; one that was thrown away is not even asked."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


def _is_fit(connection: Any) -> bool:
    """Whether a connection that was used can be used again: nothing is open on it."""
    try:
        return not connection.is_in_transaction()
    except asyncpg.InterfaceError:
        return False


@asynccontextmanager
async def _ending(connection: Any) -> AsyncIterator[None]:
    """COMMIT the open transaction at the end of the block, ROLLBACK on any error."""
    try:
        yield
    except Exception as error:
        if not _is_away(error):  # nobody answers a ROLLBACK there; the connection ends instead
            await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")


class Connection(asyncpg.Connection):
    """A pooled connection that saves the round trip of a reset: nothing here outlives its transaction,
    and the opening statement checks that."""

    def get_reset_query(self) -> str:
        """No reset on release."""
        return ""


class Tx:
    """One transaction of one tenant."""

    __slots__ = ("_connection", "tenant")

    def __init__(self, connection: Any, tenant: TenantId) -> None:
        self._connection = connection
        self.tenant = tenant

    async def fetch(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """All rows. The tenant is a parameter of every statement too: the second lock."""
        values["tenant"] = self.tenant
        rows: list[asyncpg.Record] = await self._connection.fetch(
            statement.text, *statement.arguments(values)
        )
        return rows

    async def one(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        rows = await self.fetch(statement, **values)
        return rows[0] if rows else None

    @asynccontextmanager
    async def forgotten(self) -> AsyncIterator[None]:
        """Take back what the block does, and let go of what it has locked, but for its answers. An error ends
        the whole transaction, as ever."""
        await self._connection.execute("SAVEPOINT trial")
        yield
        await self._connection.execute("ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial")


class Reading(Tx):
    """Questions of one tenant that change nothing: each is a transaction of its own, which sets the tenant
    and asks in one round trip. What one of them saw, another one of the same block may see changed, as in a
    READ COMMITTED transaction."""

    __slots__ = ("_turn",)

    def __init__(self, turn: Turn, tenant: TenantId) -> None:
        self._turn = turn
        self.tenant = tenant

    async def __aenter__(self) -> Tx:
        self._connection = await self._turn.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, asyncpg.DivisionByZeroError):
            _throw_away(self._connection)
            await self._turn.__aexit__(None, None, None)
            raise Broken("A connection still had another tenant.") from error
        await self._turn.__aexit__(kind, error, trace)

    async def fetch(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """All rows; a statement that writes is a syntax error here."""
        values["tenant"] = self.tenant
        rows: list[asyncpg.Record] = await self._connection.fetch(
            statement.alone, *statement.arguments(values)
        )
        return rows


class Turn:
    """A connection for one block, and the errors of whatever is done with it: Unavailable; Contended to try
    again; TooSlow where the server ended a statement.

    Whoever is cancelled or out of time leaves a connection in an unknown state: it is thrown away, because
    asking a stopped server to cancel would wait as well. A class, since a generator would cost a question of
    one row a tenth of its time.
    """

    __slots__ = ("_connection", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __aenter__(self) -> Any:
        self._connection = await self._store.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self._judge(error)
        finally:
            await self._store.give_back(self._connection)

    def _judge(self, error: BaseException) -> None:
        if isinstance(error, IN_THE_WAY):
            raise Contended from error
        if isinstance(error, asyncpg.QueryCanceledError):
            raise TooSlow from error
        if not isinstance(error, Exception):
            _throw_away(self._connection)
        elif _is_away(error):
            if isinstance(error, asyncpg.DiskFullError):
                _full("the disk of the database is full")
            _throw_away(self._connection)
            raise Unavailable from error


class Store:
    """The pool, and the opening of transactions. It connects when first asked, not before.

    Behind a pooler that gives a server connection for one transaction only (`pooler` "transaction"), a
    prepared statement may be gone, or be another client's of the same name: none is kept then, and what
    is asked outside a transaction gets one around it.
    """

    def __init__(self, url: str, size: int = 10, pooler: str = "") -> None:
        self._url = url
        self._size = size
        self._is_shared = pooler == "transaction"
        self._pool: asyncpg.Pool | None = None
        self._ready: list[Any] = []  # connections of the pool, the last used on top
        self._waiting = 0

    async def open(self) -> None:
        """Make the pool on the running loop; the database may still be away."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._size,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            connection_class=Connection,
            statement_cache_size=0 if self._is_shared else KEPT_STATEMENTS,
            server_settings={"application_name": "incidenthub"},
        )

    async def close(self) -> None:
        """Close the pool, politely for two seconds."""
        if self._pool is not None:
            try:
                async with asyncio.timeout(2):
                    while self._ready:
                        await self._pool.release(self._ready.pop())
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection for the functions of the directory, with the errors of a Turn."""
        async with Turn(self) as connection:
            if not self._is_shared:
                yield connection
                return
            await connection.execute("BEGIN")
            async with _ending(connection):
                yield connection

    async def take(self) -> Any:
        """One that lies ready, or the pool's. A turn of the pool costs two tasks: as much as a question."""
        pool = self._opened()
        while self._ready:
            connection = self._ready.pop()
            if _is_open(connection):
                return connection
            await pool.release(connection)
        self._waiting += 1
        try:
            return await pool.acquire(timeout=CONNECT_SECONDS)
        except (*AWAY, asyncpg.ObjectNotInPrerequisiteStateError) as error:  # it takes no connections now
            raise Unavailable from error
        finally:
            self._waiting -= 1

    async def give_back(self, connection: Any) -> None:
        """Lay it ready for the next one, unless somebody waits at the pool, or it is not fit for use."""
        if self._waiting or not _is_fit(connection):
            await self._opened().release(connection)
        else:
            self._ready.append(connection)

    def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            raise Unavailable("The database pool is not open.")
        return self._pool

    def reading(self, tenant: TenantId) -> AbstractAsyncContextManager[Tx]:
        """Ask about `tenant` and change nothing; behind a pooler, in one transaction around all of it."""
        return self.begin(tenant) if self._is_shared else Reading(Turn(self), tenant)

    @asynccontextmanager
    async def begin(
        self, tenant: TenantId, snapshot: bool = False, durable: bool = True
    ) -> AsyncIterator[Tx]:
        """Open a transaction of `tenant`; COMMIT at the end, ROLLBACK on any error.

        One round trip begins, checks that no tenant was left over on this connection (division by zero,
        where one was: a bug, and the connection is thrown away) and sets ours. `snapshot` is REPEATABLE
        READ; else READ COMMITTED, which the log's positions rely on. `durable` False does not wait for the
        disk: for what a crash of PostgreSQL may take back, because it would be made again just so.
        """
        async with Turn(self) as connection:
            level = "REPEATABLE READ" if snapshot else "READ COMMITTED"
            lazily = "" if durable else "; SET LOCAL synchronous_commit = off"
            try:
                await connection.execute(
                    f"BEGIN ISOLATION LEVEL {level};"
                    f"SELECT set_config('hub.tenant', '{tenant}', true)"
                    f" WHERE 1 / (coalesce(current_setting('hub.tenant', true), '') = '')::int = 1{lazily}"
                )
            except asyncpg.DivisionByZeroError as error:
                _throw_away(connection)
                raise Broken("A connection still had another tenant.") from error
            async with _ending(connection):
                yield Tx(connection, tenant)
