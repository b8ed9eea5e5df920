"""The state diagrams: each lifecycle as its domain's TRANSITIONS table has it, drawn for Mermaid."""

import importlib
from collections.abc import Iterable, Mapping

INTRODUCTION = """# State diagrams

Drawn from the `TRANSITIONS` tables of the domains; a test holds each table complete.
"""

# Service module, the name of its table, the heading.
TABLES = (
    ("services.referrals.domain", "TRANSITIONS", "Referral (FHIR Task.status)"),
    ("services.identity.reviews", "TRANSITIONS", "Review of two records"),
    ("services.caseworker.domain", "CASE_TRANSITIONS", "Case"),
    ("services.caseworker.domain", "TRANSITIONS", "Action of a support plan"),
    ("services.notify.domain", "TRANSITIONS", "Message (GOV.UK Notify delivery states)"),
)


def page() -> str:
    """The page docs/reference/states.md."""
    return INTRODUCTION + "\n" + "\n\n".join(_diagram(*table) for table in TABLES) + "\n"


def _diagram(module: str, name: str, heading: str) -> str:
    table: Mapping[object, Iterable[object]] = getattr(importlib.import_module(module), name)
    lines = [f"## {heading}\n", "```mermaid", "stateDiagram-v2"]
    edges = {state: _edges(targets) for state, targets in table.items()}
    reached = {target for targets in edges.values() for target, _ in targets}
    # A state that nothing leads to and nothing leaves is a word of a vocabulary, and no part of this life.
    lines += [f"    [*] --> {_label(state)}" for state in table if state not in reached and edges[state]]
    for state, targets in edges.items():
        lines += [f"    {_label(state)} --> {_label(target)}{act}" for target, act in targets]
    lines += [f"    {_label(state)} --> [*]" for state in table if state in reached and not edges[state]]
    return "\n".join([*lines, "```"])


def _edges(targets: Iterable[object]) -> list[tuple[object, str]]:
    """Each state that can follow, with the act that leads there where the table names it."""
    if isinstance(targets, Mapping):
        return [(target, f": {_label(act)}") for act, target in targets.items()]
    return [(target, "") for target in sorted(targets, key=_label)]


def _label(state: object) -> str:
    return str(getattr(state, "value", state)).replace("-", "_")
