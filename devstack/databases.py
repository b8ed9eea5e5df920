"""One database for each service, with the role that owns its tables and the role that works in them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from devstack import ready


@dataclass(frozen=True)
class Database:
    """A service's database: URLs (`postgresql://...`) as its owner, who migrates it, and as the application."""

    name: str
    owner_url: str
    app_url: str


async def ensure(admin_url: str, name: str, *, owner_password: str, app_password: str) -> Database:
    """Make the database and its roles where missing, set their passwords, and return how to reach it.

    `<name>_owner` owns database and schema and runs migrations, which grant what the application may do.
    `<name>_app` owns nothing and cannot pass by row-level security. It may become `<name>_search`, to which migrations
    may show everybody, and inherits nothing of it. Nobody else can connect.
    """
    owner, app, search = (f"{name}_{end}" for end in ("owner", "app", "search"))
    async with _connected(admin_url) as admin:
        for role, password in ((owner, owner_password), (app, app_password)):
            await _ensure_role(admin, role, f"LOGIN NOINHERIT PASSWORD '{password.replace(chr(39), chr(39) * 2)}'")
        await _ensure_role(admin, search, "NOLOGIN")
        await admin.execute(f"GRANT {_quote(search)} TO {_quote(app)} WITH INHERIT FALSE, SET TRUE")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await admin.execute(f"GRANT {_quote(owner)} TO CURRENT_USER")
            await admin.execute(f"CREATE DATABASE {_quote(name)} OWNER {_quote(owner)}")
        await admin.execute(f"REVOKE ALL ON DATABASE {_quote(name)} FROM PUBLIC")
        await admin.execute(f"GRANT CONNECT ON DATABASE {_quote(name)} TO {_quote(app)}")
    async with _connected(at(admin_url, database=name)) as admin:
        await admin.execute(f"ALTER SCHEMA public OWNER TO {_quote(owner)}")
        await admin.execute(f"GRANT USAGE ON SCHEMA public TO {_quote(app)}, {_quote(search)}")
    return Database(
        name=name,
        owner_url=at(admin_url, user=owner, password=owner_password, database=name),
        app_url=at(admin_url, user=app, password=app_password, database=name),
    )


async def drop(admin_url: str, name: str) -> None:
    """Delete a database with its roles, ending whoever is connected to it."""
    async with _connected(admin_url) as admin:
        await admin.execute(f"DROP DATABASE IF EXISTS {_quote(name)} WITH (FORCE)")
        roles = ", ".join(_quote(f"{name}_{end}") for end in ("owner", "app", "search"))
        await admin.execute(f"DROP ROLE IF EXISTS {roles}")


async def answers(admin_url: str) -> bool:
    """Does the server take connections and statements?"""
    try:
        async with _connected(admin_url) as admin:
            await admin.execute("SELECT 1")
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    return True


async def wait(admin_url: str, seconds: float) -> bool:
    """Wait until PostgreSQL answers; False when it has not after `seconds`."""
    return await ready.within(seconds, lambda: answers(admin_url))


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=5, command_timeout=30)
    try:
        yield connection
    finally:
        await connection.close()


async def _ensure_role(admin: asyncpg.Connection, role: str, login: str) -> None:
    verb = "ALTER" if await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role) else "CREATE"
    await admin.execute(f"{verb} ROLE {_quote(role)} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS {login}")


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def at(url: str, *, database: str, user: str = "", password: str = "") -> str:
    """The URL of the same server with another database, and another user if one is given."""
    parts = urlsplit(url)
    if not user:
        return urlunsplit(parts._replace(path=f"/{database}"))
    server = f"{parts.hostname or 'localhost'}:{parts.port or 5432}"
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{server}", path=f"/{database}"))
