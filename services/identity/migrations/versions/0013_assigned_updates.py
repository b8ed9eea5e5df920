"""An update goes to another record, too, when a human says so: what it replaced is so again where it stood."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import migrations

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Each update keeps which version of the person it made, and what it emptied; older ones cannot tell any more."""
    op.add_column("statement", sa.Column("version", sa.Integer))
    op.add_column("statement", sa.Column("emptied", ARRAY(sa.Text), nullable=False, server_default="{}"))
    migrations.grant(op, "former_value", "DELETE")
