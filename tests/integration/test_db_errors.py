"""What a statement was asked with does not come back in the error that it ended in."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy

from chassis import auth, db
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
