"""What a search reads, shown to the role that searches."""

from alembic import op

from chassis import migrations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """People and their keys, whom humans told apart, and the facts of the frame by which an answer is decided."""
    migrations.searched(op, "person", "blocking_key", "former_number", "review_decision", "also_known_as")
    migrations.searched(op, "relationship", "sharing_decision", "restriction", "agreement")
