"""Keeps what a writer may not see: a plan is replaced as a whole, and nobody erases what they were not shown.

The frame redacts a plan on its way out, so that a writer sends back less than there is. Which fields those are is read
from the same labels and decided by the same rules as the redaction, never taken from the request. Where places were
taken out of a restricted person's texts, the marks that stand for them become again what they stood for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from chassis import errors
from chassis.disclosure import labels, whereabouts

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class _Shown:
    """What the writer was shown: these classes, and texts without their places."""

    released: frozenset[int]
    without_places: bool


def keep(standing: M, sent: M, released: Collection[int], path: str = "", *, restricted: bool = False) -> M:
    """What is to stand when a writer who is shown the data classes `released` sends `sent` for `standing`.

    Entries of repeated messages belong together by their position. Raises errors.Invalid for a withheld field that is
    sent with a value, when entries are missing that may hold withheld fields, and when marks for places are missing.
    """
    merged = type(sent)()
    merged.CopyFrom(sent)
    # Who was restricted when the writer looked may be so no longer: the marks are in the text all the same.
    marked = restricted or whereabouts.MARK.encode() in sent.SerializeToString()
    refusals = list(_merge(standing, merged, _Shown(frozenset(released), marked), path))
    if refusals:
        raise errors.Invalid(*refusals)
    return merged


def without_empty(content: M) -> M:
    """The same without entries of repeated messages that hold nothing."""
    for child in labels.shape(content.DESCRIPTOR).children:
        if not child.repeated:
            if content.HasField(child.name):
                without_empty(getattr(content, child.name))
            continue
        entries: Any = getattr(content, child.name)
        held = [without_empty(entry) for entry in entries if not is_blank(entry)]
        del entries[:]
        entries.extend(held)
    return content


def _merge(standing: Any, merged: Any, shown: _Shown, path: str) -> Iterator[errors.Violation]:
    shape = labels.shape(merged.DESCRIPTOR)
    for leaf in shape.personal:
        if leaf.data_class not in shown.released:
            yield from _keep_field(standing, merged, leaf, path)
        elif leaf.is_prose and shown.without_places:
            yield from _put_back(standing, merged, leaf, path)
    for child in shape.personal_children:
        if child.repeated:
            yield from _merge_entries(standing, merged, child, shown, path)
        elif standing.HasField(child.name) or merged.HasField(child.name):
            place = f"{path}{child.name}."
            yield from _merge(getattr(standing, child.name), getattr(merged, child.name), shown, place)


def _keep_field(standing: Any, merged: Any, leaf: labels.Leaf, path: str) -> Iterator[errors.Violation]:
    """A field that was withheld stays what it was."""
    if leaf.is_filled(merged):
        yield errors.Violation(path + leaf.name, "is withheld from you, so that you cannot change it")
    merged.ClearField(leaf.name)
    if leaf.is_filled(standing):
        _copy(standing, merged, leaf.name)


def _put_back(standing: Any, merged: Any, leaf: labels.Leaf, path: str) -> Iterator[errors.Violation]:
    """The places of a text, or of several, where their marks stand."""
    before, after = _texts(standing, leaf), _texts(merged, leaf)
    if before == after:
        return
    try:
        whole = whereabouts.restored(before, after)
    except ValueError as refusal:
        yield errors.Violation(path + leaf.name, str(refusal))
        return
    if leaf.field.is_repeated:
        getattr(merged, leaf.name)[:] = whole
    else:
        setattr(merged, leaf.name, whole[0])


def _texts(message: Any, leaf: labels.Leaf) -> list[str]:
    held = getattr(message, leaf.name)
    return list(held) if leaf.field.is_repeated else [held]


def _merge_entries(
    standing: Any, merged: Any, child: labels.Child, shown: _Shown, path: str
) -> Iterator[errors.Violation]:
    before, after = getattr(standing, child.name), getattr(merged, child.name)
    withheld = _classes(child.descriptor) - shown.released
    if not withheld and not shown.without_places:
        return
    if withheld and withheld == _classes(child.descriptor):
        # Nothing of them was shown, not even how many there are: what is sent comes on top.
        after_all = [*before, *after]
        merged.ClearField(child.name)
        getattr(merged, child.name).extend(after_all)
        return
    # Entries from which nothing was withheld may go without a word.
    if len(after) < (len(before) if withheld else _until_last_place(before)):
        problem = f"has {len(after)} entries of {len(before)}: some hold what is withheld from you; send those empty"
        yield errors.Violation(path + child.name, problem)
        return
    whole = _Shown(frozenset(labels.PERSONAL_CLASSES), shown.without_places)
    for index, entry in enumerate(after):
        stands = index < len(before)
        # What is new may be written whether or not it is shown again, and has no place that a mark could stand for.
        known, seen = (before[index], shown) if stands else (type(entry)(), whole)
        yield from _merge(known, entry, seen, f"{path}{child.name}[{index}].")


def _until_last_place(entries: Sequence[Message]) -> int:
    """How many entries there are up to the last in whose texts a place stands."""
    return max((index + 1 for index, entry in enumerate(entries) if _names_place(entry)), default=0)


def _names_place(message: Any) -> bool:
    shape = labels.shape(message.DESCRIPTOR)
    return any(whereabouts.named(_texts(message, leaf)) for leaf in shape.prose) or any(
        _names_place(held) for child in shape.personal_children for held in labels.values(message, child)
    )


def _copy(source: Any, target: Any, name: str) -> None:
    value = getattr(source, name)
    if isinstance(value, str | int | float | bool | bytes):
        setattr(target, name, value)
    elif isinstance(value, Message):
        getattr(target, name).CopyFrom(value)
    else:
        getattr(target, name).extend(value)


def _classes(descriptor: Descriptor) -> frozenset[int]:
    return frozenset(data_class for _, data_class in labels.paths(descriptor))


def is_blank(message: Message) -> bool:
    """Whether a message holds nothing but blank texts and empty messages."""
    return all(_is_blank_value(value) for _, value in message.ListFields())


def _is_blank_value(value: Any) -> bool:
    if isinstance(value, Message):
        return is_blank(value)
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Sequence) or hasattr(value, "__iter__"):
        return all(_is_blank_value(one) for one in value)
    return False
