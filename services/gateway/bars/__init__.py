"""BaRS, the Booking and Referral Standard: referral messages from other systems into our terms, and answers to them."""

from services.gateway.bars.message import Intention, ReferralMessage
from services.gateway.bars.reader import prepare, read
from services.gateway.bars.refusal import Refusal, operation_outcome

__all__ = ["Intention", "ReferralMessage", "Refusal", "operation_outcome", "prepare", "read"]
