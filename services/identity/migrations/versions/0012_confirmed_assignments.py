"""What a human has looked at of all that came in while two people were taken for one."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Ids of records of any service, and with whom each stood: nothing that is said of anybody."""
    keys = ("merge_id", "kind", "item_id", "person_id")
    op.create_table(
        "confirmed_assignment",
        *(sa.Column(name, sa.String, primary_key=True) for name in keys),
        sa.Column("confirmed_by", sa.String, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "confirmed_assignment", "SELECT, INSERT")
    migrations.row_security(op, "confirmed_assignment")
