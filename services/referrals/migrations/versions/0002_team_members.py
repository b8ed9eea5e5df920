"""Who is in which team, so that a referral is accepted for a key worker who will see the person.

Filled by the events of governance. Roles that were told before this revision ran are not read again by themselves.
"""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The table of members: nothing in it but its key."""
    columns = ("practitioner_id", "organisation_id", "team_id", "role")
    op.create_table("team_member", *(sa.Column(name, sa.String, primary_key=True, nullable=False) for name in columns))
    migrations.grant(op, "team_member", "SELECT, INSERT, UPDATE")
