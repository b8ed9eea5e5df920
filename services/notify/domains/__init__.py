"""Reads the list of mail domains: a CSV file with its version and date, replaced without a change of code."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from services.notify import domain

SHIPPED = Path(__file__).parent / "mail-domains.csv"


def load(path: Path = SHIPPED) -> domain.DomainList:
    """The list in a file, and what the shipped one knows to be retired.

    A published list says who is accredited, not who once was: replacing ours must not make a retired domain one that
    a link may go to. Raises ValueError naming the line when it cannot be read.
    """
    found = _read(path)
    if path == SHIPPED:
        return found
    listed = {rule.domain for rule in found.rules}
    retired = (rule for rule in _read(SHIPPED).rules if rule.assurance is domain.Assurance.RETIRED)
    return replace(found, rules=(*found.rules, *(rule for rule in retired if rule.domain not in listed)))


def _read(path: Path) -> domain.DomainList:
    lines = path.read_text().splitlines()
    heads = [line.lstrip("# ") for line in lines if line.startswith("#")]
    stated = dict(head.split(": ", 1) for head in heads if head.startswith(("version: ", "published: ")))
    if set(stated) != {"version", "published"}:
        raise ValueError(f"{path.name}: must state '# version: ...' and '# published: ...'")
    rows = csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))
    rules = []
    for row in rows:
        try:
            assurance = domain.Assurance(row["assurance"])
            rules.append(domain.DomainRule(row["domain"].lower(), assurance, row["reason"]))
        except (KeyError, ValueError, AttributeError) as failure:
            raise ValueError(f"{path.name}: cannot read {row}") from failure
    return domain.DomainList(stated["version"], stated["published"], tuple(rules))
