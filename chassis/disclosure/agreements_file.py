"""Reads sharing agreements from the YAML files that information governance leads write and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.auth import Purpose
from chassis.disclosure.labels import OPERATIONAL
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.options.v1 import options_pb2

# Joinedup's own services, doing their own work for no organisation, and the relationship that they have to anybody.
OURSELVES = "joinedup"
NO_RELATIONSHIP = "none"
_AGREEMENT_KEYS = frozenset(
    {"agreement", "version", "title", "valid_from", "valid_to", "signatories", "rules", "unconfirmed"}
)
_RULE_KEYS = frozenset(
    {"rule", "says", "sectors", "relationships", "purposes", "releases", "lawful_basis", "refusable", "unconfirmed"}
)


def read_all(directory: Path) -> list[events_pb2.Agreement]:
    """Every agreement in a directory of *.yaml files, in order of name; ValueError names file and fault."""
    return [read(path) for path in sorted(directory.glob("*.yaml"))]


def read(path: Path) -> events_pb2.Agreement:
    """One agreement; ValueError names the file, the rule and the fault. Nothing is taken for granted or left out."""
    try:
        return from_document(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as fault:
        problem = f"{fault.args[0]} is missing" if isinstance(fault, KeyError) else str(fault)
        raise ValueError(f"{path}: {problem}") from fault


def from_document(document: Mapping[str, Any]) -> events_pb2.Agreement:
    """An agreement from its YAML as read; ValueError or KeyError when it is malformed."""
    _only(document, _AGREEMENT_KEYS)
    agreement = events_pb2.Agreement(
        id=str(document["agreement"]),
        version=int(document["version"]),
        title=str(document["title"]),
        valid_from=_midnight(document["valid_from"]),
        rules=[_rule(rule) for rule in document["rules"]],
        signatories=[str(signatory) for signatory in document["signatories"]],
    )
    if document.get("valid_to"):
        agreement.valid_to.CopyFrom(_midnight(document["valid_to"]))
    names = [rule.id for rule in agreement.rules]
    if len(set(names)) != len(names):
        raise ValueError("two rules have the same name")
    return agreement


def _rule(document: Mapping[str, Any]) -> events_pb2.AgreementRule:
    name = str(document["rule"])
    try:
        _only(document, _RULE_KEYS)
        rule = events_pb2.AgreementRule(
            id=name,
            sectors=_codes(document["sectors"], common_pb2.Sector.DESCRIPTOR, "SECTOR", OURSELVES),
            relationships=_codes(
                document["relationships"], common_pb2.RelationshipKind.DESCRIPTOR, "RELATIONSHIP_KIND", NO_RELATIONSHIP
            ),
            purposes=[Purpose(purpose).value for purpose in _several(document["purposes"])],
            releases=_codes(document["releases"], options_pb2.DataClass.DESCRIPTOR, "DATA_CLASS"),
            lawful_basis=str(document["lawful_basis"]).strip(),
            refusable=_yes_or_no(document["refusable"]),
        )
    except KeyError as fault:
        raise ValueError(f"rule {name}: {fault.args[0]} is missing") from fault
    except (ValueError, TypeError) as fault:
        raise ValueError(f"rule {name}: {fault}") from fault
    _check_ourselves(rule)
    if OPERATIONAL in rule.releases:
        raise ValueError(f"rule {name}: operational fields say nothing about a person and need no release")
    if not rule.lawful_basis:
        raise ValueError(f"rule {name}: a release needs a lawful basis")
    return rule


def _check_ourselves(rule: events_pb2.AgreementRule) -> None:
    """A rule for our own services speaks of nobody else, and only such a rule needs no relationship."""
    ours = common_pb2.SECTOR_UNSPECIFIED in rule.sectors
    unrelated = common_pb2.RELATIONSHIP_KIND_UNSPECIFIED in rule.relationships
    if ours != unrelated or (ours and (len(rule.sectors) > 1 or len(rule.relationships) > 1)):
        raise ValueError(
            f"rule {rule.id}: `sectors: [{OURSELVES}]` and `relationships: [{NO_RELATIONSHIP}]` belong together, alone"
        )


def _codes(names: object, enum: EnumDescriptor, prefix: str, unspecified: str = "") -> list[Any]:
    """Numbers of the codes that a file calls by the end of their name in lower case; `unspecified` is called so."""
    found = []
    for name in _several(names):
        if name == "unspecified":
            raise ValueError("unspecified is not known here")
        code = "UNSPECIFIED" if unspecified and name == unspecified else name.upper()
        value = enum.values_by_name.get(f"{prefix}_{code}")
        if value is None:
            raise ValueError(f"{name} is not known here")
        found.append(value.number)
    return found


def _several(names: object) -> Sequence[str]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError("a list of names is expected, with at least one in it")
    return names


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("refusable must be yes or no")
    return value


def _only(document: Mapping[str, Any], keys: frozenset[str]) -> None:
    unknown = sorted(set(document) - keys)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not known here")


def _midnight(day: object) -> Timestamp:
    """The start of a day, in UTC."""
    if not isinstance(day, date):
        raise ValueError("a date such as 2026-04-01 is expected")
    stamp = Timestamp()
    stamp.FromDatetime(datetime.combine(day, time(), UTC))
    return stamp
