"""Referrals in PostgreSQL, under row-level security: nobody reads a referral about a person out of their reach."""

from services.referrals.store import lists, referrals, teams

__all__ = ["lists", "referrals", "teams"]
