"""By what somebody's merged records are found together, and by none alone."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis import migrations
from services.identity import domain, merges
from services.identity.matching import blocking

revision = "0011"
down_revision = "0010"

# Named here: what people.COLUMNS names may be of a later revision than this one.
_MERGED = """
    SELECT DISTINCT person.id, person.demographics, person.other_families, person.source, person.registered_at,
      same.surviving_id
    FROM person JOIN also_known_as AS same ON same.person_id = person.id
"""
_ACT_AS = "SELECT set_config('joinedup.actor_kind', :kind, true)"


def upgrade() -> None:
    """The table, and in it whoever is merged by now."""
    op.create_table(
        "united_key",
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.String, primary_key=True, index=True),
    )
    migrations.grant(op, "united_key", "SELECT, INSERT, DELETE")
    migrations.row_security(op, "united_key")
    migrations.searched(op, "united_key")
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    # Row-level security is forced upon the owner, too, who is nobody's acquaintance.
    connection.execute(sa.text(_ACT_AS), {"kind": "service"})
    records = [_person(row) for row in connection.execute(sa.text(_MERGED))]
    rows = [
        {"key": blocking.hashed(key), "person_id": person_id}
        for person_id, group in merges.groups(records).items()
        for key in merges.united_keys(group)
    ]
    if rows:
        connection.execute(sa.text("INSERT INTO united_key (key, person_id) VALUES (:key, :person_id)"), rows)
    connection.execute(sa.text(_ACT_AS), {"kind": ""})


def _person(row: Any) -> domain.Person:
    """Of a record what its keys are made of."""
    known = row.demographics if isinstance(row.demographics, dict) else json.loads(row.demographics)
    demographics = domain.Demographics(
        given=tuple(known.get("given", ())), family=known.get("family", ""), birth_date=known.get("birth_date", "")
    )
    return domain.Person(
        id=row.id,
        version=1,
        verification=domain.Verification.TRACE_REQUIRED,
        demographics=demographics,
        source=row.source,
        registered_at=row.registered_at,
        other_families=tuple(row.other_families),
        surviving_id="" if row.surviving_id == row.id else row.surviving_id,
    )
