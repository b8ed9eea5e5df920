"""The settings page: every setting of every service, from the settings classes themselves."""

import importlib

from chassis import settings as frame

INTRODUCTION = """# Settings

Every service reads its settings from the environment. The first table holds for each of them; the others add what one
service alone needs.
"""

SERVICES = ("identity", "referrals", "caseworker", "notify", "governance", "insight", "gateway", "portal")


def page() -> str:
    """The page docs/reference/settings.md."""
    shared = list(frame.describe(frame.ServiceSettings))
    known = {row.variable for row in shared}
    sections = [_table("Every service", shared)]
    for service in SERVICES:
        own = importlib.import_module(f"services.{service}.settings").Settings
        rows = [row for row in frame.describe(own) if row.variable not in known]
        if rows:
            sections.append(_table(service, rows))
    return INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _table(heading: str, rows: list[frame.Described]) -> str:
    head = [f"## {heading}\n", "| variable | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *(_row(row) for row in rows)])


def _row(row: frame.Described) -> str:
    default = f"`{row.default}`" if row.default not in ("", "''") else "-"
    return f"| `{row.variable}` | {row.kind} | {default} | {row.meaning} |"
