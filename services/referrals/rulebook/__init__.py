"""Response times as versioned data: which rule holds for a referral at a moment, and what another would have said."""

from services.referrals.rulebook.book import Rulebook
from services.referrals.rulebook.loader import load
from services.referrals.rulebook.replay import Replayed, Run, replay
from services.referrals.rulebook.rule import Clock, Priority, Purpose, ResponseRule, Scope

__all__ = ["Clock", "Priority", "Purpose", "Replayed", "ResponseRule", "Rulebook", "Run", "Scope", "load", "replay"]
