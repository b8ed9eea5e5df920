"""docs/reference/matching-model.md: the card of the model in force, from the record in its file."""

from services.identity.matching.scorer import Scorer
from services.identity.training import card, reviewed


def page() -> str:
    """The page."""
    return card.page(Scorer.load(), reviewed.COLUMNS)
