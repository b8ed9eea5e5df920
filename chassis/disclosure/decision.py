"""May this actor know this about this person, and by what right? Pure: everything it depends on is handed in.

The default is to withhold: without a relationship, an agreement in force and a rule that names the actor's sector, the
relationship, the purpose and the class, nothing personal is released. Joinedup's own services, when they act for no
organisation, need a rule too: one whose sector and relationship are both the unspecified ones, written in an agreement
as `joinedup` and `none`; such a rule speaks of nobody else. A service that acts for an organisation is decided as that
organisation, with the team and practitioner it names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.auth import Actor
from chassis.disclosure import words
from chassis.disclosure.labels import PERSONAL_CLASSES, Leaf
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2

NO_RELATIONSHIP = "no_relationship"
NO_AGREEMENT = "no_agreement"
REFUSED_BY_PERSON = "refused_by_person"
RESTRICTED = "restricted"
_NONE = common_pb2.RELATIONSHIP_KIND_UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Relationship:
    """Why an organisation (or one team or practitioner of it) may know about a person, and from when to when."""

    organisation_id: str
    kind: int
    team_id: str = ""
    practitioner_id: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def holds_for(self, actor: Actor, now: datetime) -> bool:
        """Whether it is the actor's own, their team's or their organisation's, and in force at `now`."""
        return (
            bool(actor.organisation_id)
            and self.kind != _NONE
            and self.organisation_id == actor.organisation_id
            and (not self.team_id or self.team_id in actor.team_ids)
            and (not self.practitioner_id or self.practitioner_id == actor.practitioner_id)
            and (self.valid_from is None or self.valid_from <= now)
            and (self.valid_to is None or now < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class SharingDecision:
    """What a person said about sharing with one sector, and under which of their other ids, if not under this one."""

    sector: int
    refused: bool
    decided_at: datetime
    version: int = 0
    other_id: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an agreement; an empty list of sectors, relationships, purposes or classes matches nothing."""

    id: str
    sectors: frozenset[int]
    relationships: frozenset[int]
    purposes: frozenset[str]
    releases: frozenset[int]
    lawful_basis: str
    refusable: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of a sharing agreement; in force from `valid_from` up to `valid_to`, without end when None."""

    id: str
    version: int
    valid_from: datetime
    valid_to: datetime | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """The right by which a class is released."""

    agreement_id: str
    agreement_version: int
    rule_id: str
    lawful_basis: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a class is withheld: a code for machines, a sentence for people."""

    reason: str
    because: str


Outcome = Released | Withheld


@dataclass(frozen=True, slots=True)
class Decision:
    """What one actor may know about one person: an outcome for each personal class, and the relationships found.

    The same decision is made again and again: `memory` keeps what follows from it and takes time to work out.
    """

    outcomes: Mapping[int, Outcome]
    relationships: tuple[int, ...]
    is_stranger: bool
    # Whether the person's whereabouts are protected, so that nothing that is released may tell them.
    restricted: bool = False
    released: frozenset[int] = field(init=False)
    memory: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        released = frozenset(one for one, outcome in self.outcomes.items() if isinstance(outcome, Released))
        object.__setattr__(self, "released", released)

    def of(self, data_class: int) -> Outcome:
        """The outcome for a class; an unknown class is withheld."""
        return self.outcomes.get(data_class) or Withheld(NO_AGREEMENT, words.no_agreement(0, 0, "", elsewhere=False))

    def releases(self, leaf: Leaf) -> bool:
        """Whether a field is released: its class is, and it does not tell where somebody is who may not be found."""
        return leaf.data_class in self.released and not (self.restricted and leaf.tells_whereabouts)

    def of_leaf(self, leaf: Leaf) -> Outcome:
        """The outcome for a field: its class's, but for a field that tells where such a person is."""
        outcome = self.of(leaf.data_class)
        if isinstance(outcome, Released) and not self.releases(leaf):
            return Withheld(RESTRICTED, words.restricted())
        return outcome


def in_force(agreements: Iterable[Agreement], now: datetime) -> tuple[Agreement, ...]:
    """Of each agreement the latest version that has begun, if it has not ended, in order of id.

    A version replaces the earlier ones from the moment it begins: when it ends, they do not come back.
    """
    latest: dict[str, Agreement] = {}
    for agreement in agreements:
        known = latest.get(agreement.id)
        if agreement.valid_from <= now and (known is None or agreement.version > known.version):
            latest[agreement.id] = agreement
    return tuple(
        agreement for _, agreement in sorted(latest.items()) if agreement.valid_to is None or now < agreement.valid_to
    )


def decide(
    actor: Actor,
    purpose: str,
    relationships: Iterable[Relationship],
    agreements: Iterable[Agreement],
    decisions: Iterable[SharingDecision],
    *,
    restricted: bool = False,
    now: datetime,
) -> Decision:
    """Decide every personal class for one actor, one purpose and one person at `now`."""
    kinds = frozenset(one.kind for one in relationships if one.holds_for(actor, now))
    return settle(
        actor, purpose, kinds, in_force(agreements, now), refused=has_refused(actor, decisions), restricted=restricted
    )


def has_refused(actor: Actor, decisions: Iterable[SharingDecision]) -> bool:
    """Whether the person's latest decision for the actor's sector is a refusal.

    Of somebody with two ids, a refusal under either holds until it is withdrawn under the same one.
    """
    sector = words.SECTOR_CODES[actor.sector]
    latest: dict[str, SharingDecision] = {}
    for decision in sorted(decisions, key=lambda decision: (decision.decided_at, decision.version)):
        if decision.sector == sector:
            latest[decision.other_id] = decision
    return any(decision.refused for decision in latest.values())


def settle(
    actor: Actor,
    purpose: str,
    kinds: Collection[int],
    agreements: Sequence[Agreement],
    *,
    refused: bool,
    restricted: bool,
) -> Decision:
    """Decide every class once the facts are boiled down: relationship kinds, agreements in force, refusal."""
    # That somebody's whereabouts are protected is told to those who have a part in their support. To a stranger they
    # are withheld as everybody's are: who is in hiding is not found out by asking about one person after another.
    caller = _Caller(actor, purpose, frozenset((_NONE,)) if actor.is_internal else frozenset(kinds), refused)
    outcomes: dict[int, Outcome] = {
        data_class: Withheld(RESTRICTED, words.restricted())
        if restricted and caller.kinds and data_class == options_pb2.DATA_CLASS_CONTACT
        else caller.may_know(data_class, agreements)
        for data_class in PERSONAL_CLASSES
    }
    is_stranger = not kinds and not actor.is_internal
    return Decision(outcomes, tuple(sorted(kinds)), is_stranger, restricted)


def about_nobody() -> Decision:
    """The decision where it is not known whom a record is about: everything is withheld, from everybody."""
    withheld = Withheld(NO_RELATIONSHIP, words.no_subject())
    return Decision(dict.fromkeys(PERSONAL_CLASSES, withheld), (), is_stranger=False)


@dataclass(frozen=True, slots=True)
class _Caller:
    actor: Actor
    purpose: str
    kinds: frozenset[int]  # of the relationships; the unspecified one for our own services
    refused: bool

    @property
    def sector(self) -> int:
        return words.SECTOR_CODES[self.actor.sector]

    def may_know(self, data_class: int, agreements: Sequence[Agreement]) -> Outcome:
        """The first rule that releases the class, or why none does."""
        stopped = False
        for agreement in agreements:
            for rule in agreement.rules:
                if not self._covers(rule, data_class):
                    continue
                if self.refused and rule.refusable:
                    stopped = True
                    continue
                return Released(agreement.id, agreement.version, rule.id, rule.lawful_basis)
        return self._withheld(data_class, agreements, stopped=stopped)

    def _covers(self, rule: Rule, data_class: int) -> bool:
        # Without a sector only our own services are meant: an operator has none either.
        return (
            data_class in rule.releases
            and self.sector in rule.sectors
            and self.purpose in rule.purposes
            and not self.kinds.isdisjoint(rule.relationships)
            and (self.sector != common_pb2.SECTOR_UNSPECIFIED or self.actor.is_internal)
        )

    def _withheld(self, data_class: int, agreements: Sequence[Agreement], *, stopped: bool) -> Withheld:
        if stopped:
            return Withheld(REFUSED_BY_PERSON, words.refused(self.sector))
        if self.actor.is_internal:
            return Withheld(NO_AGREEMENT, words.no_internal_rule(data_class))
        if not self.kinds:
            return Withheld(NO_RELATIONSHIP, words.no_relationship())
        elsewhere = any(
            data_class in rule.releases and self.sector in rule.sectors
            for agreement in agreements
            for rule in agreement.rules
        )
        return Withheld(NO_AGREEMENT, words.no_agreement(self.sector, data_class, self.purpose, elsewhere=elsewhere))
