"""Whose whereabouts are protected, projected from identity's events.

Filled from the events that come after this revision ran: nobody was restricted before.
"""

from alembic import op

from chassis import migrations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The frame's table."""
    migrations.restriction_table(op)
