"""Takes the portal's vendored style and script files out of their packages, and lists their digests.

`npm pack nhsuk-frontend@10.6.1 htmx.org@2.0.11 htmx-ext-sse@2.2.4`, then
`python -m services.portal.assets nhsuk-frontend-10.6.1.tgz htmx.org-2.0.11.tgz htmx-ext-sse-2.2.4.tgz`.
"""

import hashlib
import re
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
SUMS = VENDOR / "SHA256SUMS"

FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
SOURCE_MAP = re.compile(r"(/\*|//)# sourceMappingURL=\S+( \*/)?\n?")
IMAGES = "url(/assets/images/"


@dataclass(frozen=True)
class Taken:
    """One file of a package and the name it gets here."""

    package: str
    inside: str
    name: str


TAKEN = (
    Taken("nhsuk-frontend", "dist/nhsuk/nhsuk-frontend.min.css", "nhsuk-frontend.min.css"),
    Taken("nhsuk-frontend", "dist/nhsuk/nhsuk-frontend.min.js", "nhsuk-frontend.min.js"),
    *(
        Taken("nhsuk-frontend", f"dist/nhsuk/assets/images/nhsuk-icon-{icon}.svg", f"images/nhsuk-icon-{icon}.svg")
        for icon in ("arrow-down", "arrow-up", "arrow-up-down", "cross")
    ),
    Taken("htmx.org", "dist/htmx.min.js", "htmx.min.js"),
    Taken("htmx.org", "LICENSE", "htmx.LICENSE.txt"),
    Taken("htmx-ext-sse", "dist/sse.min.js", "htmx-ext-sse.min.js"),
    Taken("htmx-ext-sse", "LICENSE", "htmx-ext-sse.LICENSE.txt"),
)


def localised(text: str) -> str:
    """Drop what would make a browser ask another origin (web fonts) or miss (source maps), and point images here."""
    return SOURCE_MAP.sub("", FONT_FACE.sub("", text)).replace(IMAGES, "url(images/")


def take(archives: Iterable[Path]) -> None:
    """Write every file of TAKEN that the archives hold, then the list of digests.

    Raises KeyError when an archive lacks a file it should have, ValueError when one is no package known here.
    """
    for archive in archives:
        package = re.sub(r"-[0-9.]+\.tgz$", "", archive.name)
        wanted = [taken for taken in TAKEN if taken.package == package]
        if not wanted:
            raise ValueError(f"{archive.name} is none of the packages that are vendored here")
        with tarfile.open(archive) as opened:
            for taken in wanted:
                member = opened.extractfile(f"package/{taken.inside}")
                if member is None:
                    raise KeyError(taken.inside)
                target = VENDOR / taken.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(localised(member.read().decode("utf-8")), encoding="utf-8")
    SUMS.write_text(digests(), encoding="utf-8")


def digests() -> str:
    """`sha256  name` of every vendored file, in the form that `sha256sum --check` reads."""
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path != SUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(VENDOR)}\n" for path in files)


if __name__ == "__main__":
    take(Path(name) for name in sys.argv[1:])
