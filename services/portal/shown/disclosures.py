"""Entries of the disclosure ledger in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2, governance_pb2
from joinedup.options.v1 import options_pb2
from services.portal.directory import Names
from services.portal.pages.disclosures import Disclosure
from services.portal.pages.vocabulary import DATA_CLASS, PURPOSE, RELATIONSHIP
from services.portal.shown.referrals import moment

# Entries of one reader that are no further apart are one visit.
_VISIT = timedelta(minutes=5)
_REFUSED = events_pb2.DISCLOSURE_OUTCOME_REFUSED


def entries(
    found: Iterable[governance_pb2.LedgerEntry], names: Names, titles: Mapping[str, str]
) -> tuple[Disclosure, ...]:
    """Entries, the newest first, those of one visit together; `titles` are those of the sharing agreements by id.

    One page of the portal asks several services, each of which enters what it told.
    """
    made: list[Disclosure] = []
    for one in found:
        told = _entry(one, names, titles)
        if made and _same_visit(told, made[-1]):
            made[-1] = _joined(made[-1], told)
        else:
            made.append(told)
    return tuple(made)


def _same_visit(earlier: Disclosure, later: Disclosure) -> bool:
    alike = ("who", "organisation", "purpose", "relationship")
    same = all(getattr(earlier, name) == getattr(later, name) for name in alike)
    # A refused attempt stands by itself, whatever was shown before or after it.
    return same and bool(earlier.released) == bool(later.released) and later.at - earlier.at <= _VISIT


def _joined(later: Disclosure, earlier: Disclosure) -> Disclosure:
    return replace(
        later,
        first=earlier.first,
        released=_once(later.released, earlier.released),
        withheld=_once(later.withheld, earlier.withheld),
        agreement="; ".join(_once(_several(later.agreement), _several(earlier.agreement))),
        lawful_basis="; ".join(_once(_several(later.lawful_basis), _several(earlier.lawful_basis))),
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(text.split("; ")) if text else ()


def _once(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))


def _entry(one: governance_pb2.LedgerEntry, names: Names, titles: Mapping[str, str]) -> Disclosure:
    told = one.disclosure
    released = [held for held in told.classes if held.released]
    agreements = (
        f"{titles.get(held.agreement_id, held.agreement_id)}, version {held.agreement_version}" for held in released
    )
    return Disclosure(
        first=one.sequence,
        last=one.sequence,
        at=moment(told.at),
        who=_who(told, names),
        organisation=names.organisation(told.organisation_id) or "Joinedup",
        purpose=PURPOSE.get(told.purpose, told.purpose or "No purpose"),
        relationship=_relationship(told),
        released=_classes(held.data_class for held in released),
        withheld=_classes(held.data_class for held in told.classes if not held.released),
        agreement="; ".join(dict.fromkeys(agreements)),
        lawful_basis=_basis(told, released),
        hash=one.hash,
    )


def _who(told: events_pb2.DisclosureRecorded, names: Names) -> str:
    if told.practitioner_id:
        return names.practitioner(told.practitioner_id) or "Somebody who is no longer listed"
    kind, _, name = told.actor.partition(":")
    return f"The service {name}" if kind == "service" and name else "A system"


def _relationship(told: events_pb2.DisclosureRecorded) -> str:
    kinds = (
        common_pb2.RelationshipKind.Name(kind).removeprefix("RELATIONSHIP_KIND_").lower() for kind in told.relationships
    )
    words = [RELATIONSHIP.get(kind, kind) for kind in kinds if kind != "unspecified"]
    if words:
        return " and ".join(dict.fromkeys(words))
    return "one of Joinedup's own services" if not told.organisation_id else "somebody without a part in their support"


def _classes(numbers: Iterable[options_pb2.DataClass.ValueType]) -> tuple[str, ...]:
    names = (options_pb2.DataClass.Name(number).removeprefix("DATA_CLASS_").lower() for number in numbers)
    return tuple(dict.fromkeys(DATA_CLASS.get(name, name) for name in names))


def _basis(told: events_pb2.DisclosureRecorded, released: Iterable[events_pb2.DisclosedClass]) -> str:
    bases = list(dict.fromkeys(held.lawful_basis for held in released if held.lawful_basis))
    if bases:
        return "; ".join(bases)
    return "Refused: answered as if there were no such person" if told.outcome == _REFUSED else "Nothing was released"
