"""The state diagrams: each lifecycle as its domain's TRANSITIONS table has it, drawn for Mermaid."""

import importlib
from collections.abc import Iterable, Mapping

INTRODUCTION = """# State diagrams

Drawn from the `TRANSITIONS` tables of the domains; a test holds each table complete.
"""

# Service module, the name of its table, the heading.
TABLES = (
    ("services.referrals.domain", "TRANSITIONS", "Referral (FHIR Task.status)"),
    ("services.caseworker.domain", "TRANSITIONS", "Action of a support plan"),
    ("services.notify.domain", "TRANSITIONS", "Message (GOV.UK Notify delivery states)"),
)


def page() -> str:
    """The page docs/reference/states.md."""
    return INTRODUCTION + "\n" + "\n\n".join(_diagram(*table) for table in TABLES) + "\n"


def _diagram(module: str, name: str, heading: str) -> str:
    table: Mapping[object, Iterable[object]] = getattr(importlib.import_module(module), name)
    lines = [f"## {heading}\n", "```mermaid", "stateDiagram-v2"]
    reached = {state for targets in table.values() for state in targets}
    lines += [f"    [*] --> {_label(state)}" for state in table if state not in reached]
    for state, targets in table.items():
        lines += [f"    {_label(state)} --> {_label(target)}" for target in _ordered(targets)]
    lines += [f"    {_label(state)} --> [*]" for state in table if not tuple(table[state])]
    return "\n".join([*lines, "```"])


def _ordered(states: Iterable[object]) -> list[object]:
    return sorted(states, key=_label)


def _label(state: object) -> str:
    return str(getattr(state, "value", state)).replace("-", "_")
