"""Bank holidays of England and Wales by year, from the `holidays` library, imported only when first asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType


@lru_cache(maxsize=64)
def of_year(year: int) -> Mapping[date, str]:
    """Each bank holiday of a year and its name, substitute days included.

    Raises ValueError for a year that the library does not know: an empty year would be a silent lie.
    Source: Banking and Financial Dealings Act 1971 and royal proclamations, as the library records them.
    """
    # 20 MB and a third of a second: a process that never asks for a due time does not pay for it.
    import holidays

    calendar = holidays.country_holidays("GB", subdiv="ENG", years=[year], expand=False)
    if not calendar.start_year <= year <= calendar.end_year:
        raise ValueError(f"bank holidays of {year} are not known, only {calendar.start_year} to {calendar.end_year}")
    return MappingProxyType(dict(calendar.items()))


def name_of(day: date) -> str:
    """The bank holiday's name, or an empty text on any other day."""
    return of_year(day.year).get(day, "")
