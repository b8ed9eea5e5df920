"""Keeps what a writer may not see: a plan is replaced as a whole, and nobody erases what they were not shown.

The frame redacts a plan on its way out, so that a writer sends back less than there is. Which fields those are is read
from the same labels and decided by the same rules as the redaction, never taken from the request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from chassis import errors
from chassis.disclosure import labels

M = TypeVar("M", bound=Message)


def keep(standing: M, sent: M, released: Collection[int], path: str = "") -> M:
    """What is to stand when a writer who is shown the data classes `released` sends `sent` for `standing`.

    Entries of repeated messages belong together by their position. Raises errors.Invalid for a withheld field that is
    sent with a value, and when entries are missing that may hold withheld fields.
    """
    merged = type(sent)()
    merged.CopyFrom(sent)
    refusals = list(_merge(standing, merged, frozenset(released), path))
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


def _merge(standing: Any, merged: Any, released: frozenset[int], path: str) -> Iterator[errors.Violation]:
    shape = labels.shape(merged.DESCRIPTOR)
    for leaf in shape.personal:
        if leaf.data_class in released:
            continue
        if leaf.is_filled(merged):
            yield errors.Violation(path + leaf.name, "is withheld from you, so that you cannot change it")
        merged.ClearField(leaf.name)
        if leaf.is_filled(standing):
            _copy(standing, merged, leaf.name)
    for child in shape.personal_children:
        if child.repeated:
            yield from _merge_entries(standing, merged, child, released, path)
        elif standing.HasField(child.name) or merged.HasField(child.name):
            place = f"{path}{child.name}."
            yield from _merge(getattr(standing, child.name), getattr(merged, child.name), released, place)


def _merge_entries(
    standing: Any, merged: Any, child: labels.Child, released: frozenset[int], path: str
) -> Iterator[errors.Violation]:
    before, after = getattr(standing, child.name), getattr(merged, child.name)
    withheld = _classes(child.descriptor) - released
    if not withheld:
        return
    if withheld == _classes(child.descriptor):
        # Nothing of them was shown, not even how many there are: what is sent comes on top.
        after_all = [*before, *after]
        merged.ClearField(child.name)
        getattr(merged, child.name).extend(after_all)
        return
    if len(after) < len(before):
        problem = f"has {len(after)} entries of {len(before)}: some hold what is withheld from you; send those empty"
        yield errors.Violation(path + child.name, problem)
        return
    for index, entry in enumerate(before):
        yield from _merge(entry, after[index], released, f"{path}{child.name}[{index}].")


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
