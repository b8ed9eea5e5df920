"""Narratives between the wire and the tables: texts by data class, empty ones left out."""

from __future__ import annotations

from collections.abc import Mapping

from joinedup.common.v1 import common_pb2


def texts(narrative: common_pb2.Narrative) -> dict[str, str]:
    """A narrative's texts by the name of their class."""
    return {field.name: value for field, value in narrative.ListFields() if value.strip()}


def message(parts: Mapping[str, str]) -> common_pb2.Narrative:
    """The narrative of these texts."""
    return common_pb2.Narrative(**parts)
