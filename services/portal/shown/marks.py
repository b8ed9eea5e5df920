"""What was withheld from the reader, as the markers in a message say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2
from services.portal.pages.parts import Fact, Text, Withheld
from services.portal.pages.vocabulary import DATA_CLASS

# In a line of text, of an organisation that tells where a restricted person is.
UNSAID = "Organisation withheld for safety"


@dataclass
class Marks:
    """The markers of one message, by the path of the field."""

    markers: Iterable[common_pb2.Withheld]
    by_kind: dict[str, Withheld] = field(init=False)  # by the kind of information
    _by_path: dict[str, Withheld] = field(init=False)

    def __post_init__(self) -> None:
        markers = list(self.markers)
        self._by_path = {one.field: _withheld(one) for one in markers}
        self.by_kind = {found.kind: found for found in self._by_path.values()}

    def of(self, path: str) -> Withheld | None:
        """The marker of a field, if it was withheld."""
        return self._by_path.get(path)

    def text(self, path: str, value: str) -> Text:
        """A value as it may be shown: withheld, text, or None where nobody recorded anything."""
        return self.of(path) or value.strip() or None


def unseen(found: Iterable[Marks]) -> list[Fact]:
    """The kinds of information that were withheld anywhere in some messages, by the reason."""
    by_kind = {kind: marker for marks in found for kind, marker in marks.by_kind.items()}
    return gathered([(kind, by_kind[kind]) for kind in DATA_CLASS.values() if kind in by_kind])


def gathered(values: Sequence[tuple[str, Text]]) -> list[Fact]:
    """Facts with those that were withheld for the same reason under one heading, in the end.

    A marker stands on every field of a withheld class, whether it holds anything or not: a line for each would drown
    what was released.
    """
    shown = [Fact(label, value) for label, value in values if not isinstance(value, Withheld)]
    held: dict[str, list[tuple[str, Withheld]]] = {}
    for label, value in values:
        if isinstance(value, Withheld):
            held.setdefault(value.reason, []).append((label, value))
    for group in held.values():
        labels = ", ".join(label if index == 0 else _inner(label) for index, (label, _) in enumerate(group))
        shown.append(Fact(labels, _together([marker for _, marker in group])))
    return shown


def _inner(label: str) -> str:
    return label[:1].lower() + label[1:]


def _together(group: Sequence[Withheld]) -> Withheld:
    """One marker that stands for several of the same reason."""
    first = group[0]
    if len({marker.because for marker in group}) == 1:
        return first
    words = {"no_agreement": "no sharing agreement lets you see this"}
    return Withheld(words.get(first.reason, first.because), "", first.reason)


def _withheld(marker: common_pb2.Withheld) -> Withheld:
    because = marker.because[:1].lower() + marker.because[1:]
    return Withheld(because, _kind(marker.data_class), marker.reason)


def _kind(data_class: options_pb2.DataClass.ValueType) -> str:
    name = options_pb2.DataClass.Name(data_class).removeprefix("DATA_CLASS_").lower()
    return DATA_CLASS.get(name, "")
