"""Which response time a referral runs under, and when it is due: the rulebook applied to a team's calendar."""

from __future__ import annotations

from datetime import datetime

from chassis import clock as working_time
from chassis import errors
from services.referrals import domain, routing, rulebook


def begin(
    rules: rulebook.Rulebook, *, team: routing.Team | None, team_kind: str, priority: domain.Priority, at: datetime
) -> domain.Clock:
    """The clock of a referral received at `at`.

    Before a team is found the kind asked for chooses the rule, and office hours count. A team whose service hours
    cannot be counted with (none are known, or it opens at weekends only and the rule allows working days) is counted in
    office hours too, and the explanation says so: no referral is turned away for the way a team wrote its hours.
    """
    rule = rules.in_force(team_kind=team.kind if team else team_kind, priority=priority, at=at)
    if rule is None:
        # The rulebook ends in a rule for everything; a place that cut it out has a fault to mend, not a caller.
        raise ValueError("the rulebook has no rule for a first response")
    told: tuple[str, ...] = ()
    try:
        due = rule.due(at, working_time.Calendar.of(team.service_hours if team else {}))
    except errors.Invalid:
        told = ("Office hours are counted, as the team's own are not known.",)
        due = rule.due(at, working_time.Calendar.office())
    return domain.Clock(
        rule_id=rule.id,
        rule_version=rule.version,
        started_at=at,
        due_at=due.at,
        explanation=(*told, *due.explain()),
    )
