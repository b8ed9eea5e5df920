"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Expand: old code keeps working while this is applied."""
    ${upgrades if upgrades else "op.execute('SELECT 1')"}
