"""Entries of the disclosure ledger in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2, governance_pb2
from joinedup.options.v1 import options_pb2
from services.portal.directory import Names
from services.portal.pages.disclosures import Disclosure
from services.portal.pages.vocabulary import DATA_CLASS, PURPOSE, RELATIONSHIP
from services.portal.shown.referrals import moment

_REFUSED = events_pb2.DISCLOSURE_OUTCOME_REFUSED


def entry(one: governance_pb2.LedgerEntry, names: Names, titles: Mapping[str, str]) -> Disclosure:
    """One entry; `titles` are those of the sharing agreements by id."""
    told = one.disclosure
    released = [held for held in told.classes if held.released]
    agreements = (
        f"{titles.get(held.agreement_id, held.agreement_id)}, version {held.agreement_version}" for held in released
    )
    return Disclosure(
        sequence=one.sequence,
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
