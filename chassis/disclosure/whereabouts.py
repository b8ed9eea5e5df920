"""Text about a person whose whereabouts are protected: what may be shown of it, and putting back what was not.

What looks like a place is taken out and a mark stands for it. The text itself stays as it was written, wherever it is
kept: only what leaves is changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from chassis.disclosure import places

MARK = "[withheld: this person is restricted]"


def parts(text: str) -> tuple[list[str], list[str]]:
    """What is shown of a text, and what is withheld between: always one less.

    A mark that is there already counts as withheld.
    """
    shown, withheld = [""], list[str]()
    for number, piece in enumerate(text.split(MARK)):
        if number:
            withheld.append(MARK)
            shown.append("")
        seen, unseen = _cut(piece)
        shown[-1] += seen[0]
        shown += seen[1:]
        withheld += unseen
    return shown, withheld


def _cut(text: str) -> tuple[list[str], list[str]]:
    found = places.found(text)
    shown: list[str] = []
    withheld: list[str] = []
    at = 0
    for begin, end in [*found, (len(text), len(text))] if found else []:
        # What remains is looked through again, as it will be shown: cut off, it may be a number where it was none.
        seen, unseen = _cut(text[at:begin])
        shown += seen
        withheld += [*unseen, text[begin:end]] if begin < len(text) else unseen
        at = end
    return (shown, withheld) if found else ([text], [])


def without(text: str) -> str:
    """A text with a mark for everything in it that looks like a place."""
    return MARK.join(parts(text)[0])


def named(texts: Sequence[str]) -> list[str]:
    """What is withheld of some texts, in order."""
    return [place for text in texts for place in parts(text)[1]]


def restored(standing: Sequence[str], sent: Sequence[str]) -> list[str]:
    """What a writer who was shown `standing` without its places means by `sent`: each mark is what it stood for.

    Raises ValueError when marks are missing, or more than there were: which one stood for what cannot be told then.
    """
    places = named(standing)
    marks = sum(text.count(MARK) for text in sent)
    if marks != len(places):
        raise ValueError(f"must keep its marks for what is withheld: it had {len(places)}, and has {marks}")
    following = iter(places)
    whole = []
    for text in sent:
        first, *others = text.split(MARK)
        whole.append(first + "".join(next(following) + piece for piece in others))
    return whole
