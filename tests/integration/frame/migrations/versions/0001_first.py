"""The frame's tables, and one of effects."""

from alembic import op

from chassis import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    migrations.frame_tables(op)
    migrations.restriction_table(op)
    op.execute(
        "CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id text NOT NULL,"
        " person_id text NOT NULL, number bigint NOT NULL, mood text NOT NULL)"
    )
    migrations.grant(op, "effect", "SELECT, INSERT, UPDATE, DELETE")
    op.execute("CREATE TABLE note (id text PRIMARY KEY, person_id text NOT NULL, words text NOT NULL)")
    migrations.grant(op, "note")
    migrations.row_security(op, "note")
    migrations.searched(op, "note")
