"""Reads the rulebook from YAML: the one delivered with the software, and the place's own files on top of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pydantic
import yaml

from chassis import errors
from services.referrals.rulebook.book import Rulebook
from services.referrals.rulebook.rule import ResponseRule

DELIVERED = resources.files(__package__) / "response_times.yaml"


def load(local: Iterable[Path] = (), delivered: Traversable | None = DELIVERED) -> Rulebook:
    """The delivered rules and those of the local files, which add rules or later versions of delivered ones.

    Raises Invalid naming the file, the rule and the field of everything that is wrong.
    """
    sources = [*([delivered] if delivered else []), *local]
    violations: list[errors.Violation] = []
    rules: list[ResponseRule] = []
    for source in sources:
        try:
            rules += _read(source, violations)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
            violations.append(errors.Violation(source.name, f"cannot be read: {problem}"))
    if violations:
        raise errors.Invalid(*violations)
    return Rulebook(rules)


def _read(source: Traversable, violations: list[errors.Violation]) -> Iterator[ResponseRule]:
    entries = yaml.safe_load(source.read_text(encoding="utf-8"))
    if not isinstance(entries, list):
        violations.append(errors.Violation(source.name, "is not a list of rules"))
        return
    for number, entry in enumerate(entries, start=1):
        named = entry.get("id", f"rule {number}") if isinstance(entry, dict) else f"rule {number}"
        try:
            yield ResponseRule.model_validate(entry)
        except pydantic.ValidationError as refused:
            for error in refused.errors(include_url=False, include_input=False):
                path = ".".join(str(part) for part in (source.name, named, *error["loc"]))
                violations.append(errors.Violation(path, error["msg"].removeprefix("Value error, ")))
