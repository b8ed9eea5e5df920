"""PostgreSQL for a service: short transactions under row-level security, and Unavailable instead of a hang."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import asyncpg
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import auth, errors, outbox, settings, statements

# SQLSTATE classes and codes after which the same request may well succeed: connection, resources, shutdown or
# cancellation, and the losers of a race (PostgreSQL documentation, appendix A).
_PASSING_CLASSES = ("08", "53", "57")
_PASSING_STATES = ("40001", "40P01", "55P03")

# What the driver raises of itself: used while it is busy or closed, or (InternalClientError) the connection broke while
# it was writing, and it no longer knows what it was about.
_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError)
# As its pool raises what the driver raised while it connected.
_Adapted = asyncpg_dialect.AsyncAdapt_asyncpg_dbapi.Error

_PROBE = auth.service_actor("probe")
_SEARCH = auth.service_actor("search")
_SCOPE = "joinedup_scope"
_POOLED = "joinedup_pooled"
_BOUND = "joinedup_bound"
_SEARCHES = "joinedup_searches"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections, and how long to wait for what, in seconds.

    No connection is made for a burst and closed after it: making one costs as much as several commands.
    """

    pool: int = 12
    connect_seconds: float = 0.9
    statement_seconds: float = 0.9


@dataclass(slots=True)
class Database:
    """A pool of connections to one service's database; opened without touching the network."""

    url: str
    limits: Limits = field(default_factory=Limits)
    engine: AsyncEngine = field(init=False, repr=False)
    searching_engine: AsyncEngine = field(init=False, repr=False)
    last_success: float = field(default=float("-inf"), init=False)
    bell: outbox.Bell = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.engine = _engine(self.url, self.limits)
        # On these connections, and on no others, the role is one whom policies show everybody and that changes nothing.
        searching = f"{sqlalchemy.make_url(self.url).database}_search"
        self.searching_engine = _engine(self.url, self.limits, {"role": searching})
        self.bell = outbox.Bell(self)

    @classmethod
    def open(cls, url: str, limits: Limits | None = None) -> Database:
        """A database at `url` (`postgresql://role@host:port/name`); connections are made when first needed."""
        return cls(url, limits or Limits())

    @classmethod
    def of(cls, config: settings.ServiceSettings) -> Database:
        """The database that the settings name, with the limits that suit calls."""
        return cls(
            config.database_url,
            Limits(
                config.database_pool,
                config.database_connect_seconds,
                config.database_statement_seconds,
            ),
        )

    def for_batches(self, statement_seconds: float) -> Database:
        """The same database with few connections and patience for statements that carry whole batches."""
        return Database(self.url, replace(self.limits, pool=3, statement_seconds=statement_seconds))

    async def close(self) -> None:
        """Close every connection; hanging ones are cut."""
        try:
            async with asyncio.timeout(2):
                await self.bell.close()
                for engine in (self.engine, self.searching_engine):
                    await engine.dispose()
        except TimeoutError:
            for engine in (self.engine, self.searching_engine):
                await engine.dispose(close=False)

    @asynccontextmanager
    async def transaction(self, actor: auth.Actor, *, opening: str = "") -> AsyncIterator[AsyncSession]:
        """A transaction that sees what row-level security lets the actor see; commits unless the body raises.

        `opening` is a statement to begin it with, in the same round trip; `statements.opened` tells what it did.
        Raises errors.Unavailable when PostgreSQL cannot be reached, hangs or gives up a race, and errors.Conflict when
        a row was changed by somebody else since it was read.
        """
        scoping = _scoping(actor)
        begin = f"BEGIN; {scoping}"
        async with self._session(self.engine, scoping) as session:
            driver = statements.driver(session)
            statements.note_opening(session, await driver.execute(f"{begin}; {opening}" if opening else begin))
            yield session
            await statements.flush(session)
            await _commit(driver)

    def searching(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session that sees everybody and is no transaction: each of its statements stands for itself.

        For looking somebody up, with one statement at the end that says who was told what: nothing has to be begun or
        taken back, and two round trips less are a tenth of the answer's time. Raises errors.Unavailable.
        """
        return self._session(self.searching_engine, _scoping(_SEARCH), searches=True)

    @asynccontextmanager
    async def _session(
        self, engine: AsyncEngine, scoping: str, *, searches: bool = False
    ) -> AsyncIterator[AsyncSession]:
        session, pooled = AsyncSession(sync_session_class=_OnPooled, expire_on_commit=False), None
        try:
            with translated():
                pooled = await self._acquire(engine)
                session.info.update({_POOLED: (engine.sync_engine, pooled), _SCOPE: scoping, _SEARCHES: searches})
                statements.attach(session, pooled.driver_connection)
                yield session
                self.last_success = asyncio.get_running_loop().time()
        except BaseException as failure:
            await _abandon(session, pooled, failure)
            raise
        await _release(session, pooled)

    async def _acquire(self, engine: AsyncEngine) -> Any:
        """Take a connection out of a pool within the limit, however many waits that involves."""
        pool: Any = engine.sync_engine.pool
        if pool.checkedin():
            # Mostly one lies there and is sound, so that there is nothing to wait for.
            with suppress(sqlalchemy.exc.MissingGreenlet):
                return engine.sync_engine.raw_connection()
        async with asyncio.timeout(self.limits.connect_seconds):
            return await engine.raw_connection()

    async def notify(self, channel: str) -> None:
        """Send a notification on its own, outside of any transaction; raises errors.Unavailable."""
        with translated():
            pooled = await self._acquire(self.engine)
            try:
                await pooled.driver_connection.execute(f"NOTIFY {channel}")
            except BaseException:
                pooled.invalidate()
                raise
            pooled.close()

    async def ping(self) -> None:
        """Prove that statements are answered; raises errors.Unavailable."""
        async with self.transaction(_PROBE):
            pass

    async def answers(self, within_seconds: float = 5) -> bool:
        """Whether a transaction succeeded in the last seconds; asks only when there was no traffic to tell."""
        if asyncio.get_running_loop().time() - self.last_success < within_seconds:
            return True
        try:
            await self.ping()
        except errors.Unavailable:
            return False
        return True

    async def listen(self, *, statement_seconds: float) -> asyncpg.Connection[asyncpg.Record]:
        """A connection of its own for LISTEN and advisory locks, outside the pool, acting as a service.

        Raises errors.Unavailable.
        """
        with translated():
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                _plain(self.url),
                timeout=self.limits.connect_seconds,
                command_timeout=statement_seconds,
                server_settings={"application_name": "joinedup", "joinedup.actor_kind": "service"},
            )
        return connection


async def rescope(session: AsyncSession, actor: auth.Actor) -> None:
    """Let the rest of the session's transaction see what row-level security lets `actor` see, if it does not yet."""
    scoping = _scoping(actor)
    if session.info[_SCOPE] != scoping:
        if session.info[_SEARCHES]:
            # Without a transaction there is nothing that a narrower view could hold for.
            raise RuntimeError("a search sees everybody from its beginning to its end")
        await statements.driver(session).execute(scoping)
        # A savepoint takes back what was set since, and tells nobody.
        session.info[_SCOPE] = "" if session.in_nested_transaction() else scoping


execute = statements.execute
fetch = statements.fetch


class _OnPooled(Session):
    """A session on a connection that was taken for it: SQLAlchemy comes to it when the object mapper first asks.

    Most transactions are textual SQL alone, and what SQLAlchemy needs for its own costs more than their round trips.
    """

    def get_bind(self, *_: Any, **__: Any) -> sqlalchemy.Connection:
        """The session's one connection, whatever is asked of it."""
        if _BOUND not in self.info:
            engine, pooled = self.info[_POOLED]
            self.info[_BOUND] = sqlalchemy.Connection(engine, connection=pooled)
        bound: sqlalchemy.Connection = self.info[_BOUND]
        return bound


# The same few callers come again and again.
@lru_cache(maxsize=4096)
def _scoping(actor: auth.Actor) -> str:
    """One statement that sets what row-level security compares with, for the length of a transaction."""
    values = scope(actor).items()
    return "SELECT " + ", ".join(
        f"set_config('joinedup.{name}', {statements.quoted(value)}, true)" for name, value in values
    )


def scope(actor: auth.Actor) -> dict[str, str]:
    """The values that row-level security compares with, for one actor."""
    return {
        # A service that acts for an organisation (a message composed for housing) sees no more than that organisation.
        "actor_kind": "delegate" if actor.kind is auth.Kind.SERVICE and not actor.is_internal else actor.kind.value,
        "organisation_id": actor.organisation_id,
        "team_ids": ",".join(actor.team_ids),
        "practitioner_id": actor.practitioner_id,
    }


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def _engine(url: str, limits: Limits, more: Mapping[str, str] = MappingProxyType({})) -> AsyncEngine:
    milliseconds = str(int(limits.statement_seconds * 1000))
    engine = create_async_engine(
        _plain(url).replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=limits.pool,
        max_overflow=0,
        # The last one given back first: few connections do the work, and what PostgreSQL has planned and read for them
        # is still at hand.
        pool_use_lifo=True,
        # The frame ends its transactions; there is nothing to take back.
        pool_reset_on_return=None,
        pool_timeout=limits.connect_seconds,
        # What a statement was asked with is people's data; an error's text goes wherever its reader puts it.
        hide_parameters=True,
        # The frame begins and ends its transactions itself, in fewer round trips than SQLAlchemy takes.
        isolation_level="AUTOCOMMIT",
        connect_args={
            "async_creator_fn": _Connecting,
            "timeout": limits.connect_seconds,
            "command_timeout": limits.statement_seconds,
            "server_settings": {
                "application_name": "joinedup",
                # The server gives up with the client, so that no forgotten statement holds a lock.
                "statement_timeout": milliseconds,
                "idle_in_transaction_session_timeout": "30000",
                "timezone": "UTC",
                "jit": "off",
                "standard_conforming_strings": "on",
                **more,
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


class _Connecting:
    """A connection that is not begun before somebody waits for it."""

    def __init__(self, *where: Any, **how: Any) -> None:
        self._begin = partial(asyncpg.connect, *where, **how)

    def __await__(self) -> Generator[Any, None, asyncpg.Connection[asyncpg.Record]]:
        """The connection."""
        return self._begin().__await__()


def _refuse_closed(connection: Any, record: Any, proxy: Any) -> None:
    """Replace a pooled connection that PostgreSQL closed meanwhile, without a round trip to find out."""
    if connection.driver_connection.is_closed():
        raise sqlalchemy.exc.DisconnectionError("closed by the server")


async def _commit(driver: Any) -> None:
    # PostgreSQL answers COMMIT with ROLLBACK when a statement had failed and somebody hid it.
    if await driver.execute("COMMIT") != "COMMIT":
        raise RuntimeError("a statement of this transaction had failed: nothing was committed")


async def _release(session: AsyncSession, pooled: Any) -> None:
    """Give the connection of an ended transaction back."""
    if session.in_transaction():
        await session.close()
    pooled.close()


async def _abandon(session: AsyncSession, pooled: Any, failure: BaseException) -> None:
    """Give the connection back after a failure; one that may hang is cut off rather than asked to roll back."""
    if pooled is None:
        return
    # Not the pool's word for it: SQLAlchemy may have let go of a connection that it found broken.
    driver = statements.driver(session)
    sound = False
    try:
        if not isinstance(failure, errors.Unavailable):
            await driver.execute("ROLLBACK", timeout=1)
            # Not before: cut off on the way, it would give back an open transaction for the next one to continue.
            sound = True
    except (*_DRIVER, asyncpg.PostgresError, OSError, TimeoutError):
        pass
    finally:
        if sound:
            await _release(session, pooled)
        else:
            driver.terminate()
            await session.invalidate()
            if pooled.is_valid:
                pooled.invalidate()


@contextmanager
def translated() -> Iterator[None]:
    """Turn what PostgreSQL and its driver raise into the vocabulary of chassis/errors.py."""
    try:
        yield
    except errors.Failure:
        raise
    except StaleDataError as failure:
        raise errors.Conflict("it was changed by somebody else meanwhile") from failure
    except (TimeoutError, ConnectionError, OSError, ssl.SSLError, sqlalchemy.exc.TimeoutError) as failure:
        raise errors.Unavailable("the database does not answer") from failure
    except (*_DRIVER, _Adapted, asyncpg.PostgresError, sqlalchemy.exc.DBAPIError) as failure:
        if passing(failure):
            raise errors.Unavailable("the database does not answer") from failure
        raise


def passing(failure: BaseException) -> bool:
    """Whether a failure says nothing about the statement that met it, only about the moment."""
    if isinstance(failure, sqlalchemy.exc.DBAPIError):
        if failure.connection_invalidated:
            return True
        failure = failure.orig or failure
    if isinstance(failure, _Adapted):
        failure = failure.__cause__ or failure
    if isinstance(failure, _DRIVER):
        return True
    state = str(getattr(failure, "sqlstate", "") or "")
    return state in _PASSING_STATES or state.startswith(_PASSING_CLASSES)
