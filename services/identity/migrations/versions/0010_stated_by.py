"""Each statement keeps in the name of which organisation it was made: a source alone is an id to a human."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """What was stated before names none: it is not known any more whose it was."""
    op.add_column("statement", sa.Column("organisation_id", sa.String, nullable=False, server_default=""))
