"""Looks for what must not be there."""

from __future__ import annotations

import re


def place(canary: bytes, content: bytes) -> int:
    """Where a canary stands in a content, -1 where it does not.

    Six digits of a telephone number stand by chance in one of many thousand ids and moments, too: there they are none.
    """
    if len(canary) == 6 and canary.isdigit():
        standing = re.search(rb"(?<![\da-f.:-])" + canary + rb"(?![\da-f-])", content)
        return standing.start() if standing else -1
    return content.find(canary)
