"""What a statement was asked with does not come back in the error that it ended in."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
import sqlalchemy
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi as adapted

from chassis import auth, db, errors
from devstack.databases import Database


async def test_an_error_of_the_database_does_not_repeat_what_was_asked(database: Database) -> None:
    connected = db.Database.open(database.app_url)
    broken: Any = sqlalchemy.select(sqlalchemy.literal("Margaret"), sqlalchemy.literal_column("1/0"))
    try:
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="division") as failed:
            async with connected.transaction(auth.service_actor("tests")) as session:
                await db.execute(session, broken)
    finally:
        await connected.close()
    assert "Margaret" not in str(failed.value)


@pytest.mark.parametrize(
    ("cause", "raised"),
    [
        (asyncpg.CannotConnectNowError("the database system is starting up"), errors.Unavailable),
        (asyncpg.InterfaceError("the connection is closed"), errors.Unavailable),
        (asyncpg.InvalidPasswordError("password authentication failed"), adapted.Error),
    ],
)
def test_what_a_pool_meets_while_it_connects_is_judged_by_what_the_driver_said(
    cause: Exception, raised: type[Exception]
) -> None:
    with pytest.raises(raised), db.translated():
        raise adapted.Error("as the pool raises it", cause) from cause  # type: ignore[no-untyped-call]
