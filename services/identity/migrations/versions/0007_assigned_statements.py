"""A statement goes to another record when a human says, after an unmerge, that it was about the other person."""

from alembic import op

from chassis import migrations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """It is written anew where it belongs, as it was and with its time, and taken from where it stood."""
    migrations.grant(op, "statement", "DELETE")
