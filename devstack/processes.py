"""Recognises processes of this machine: who works in a folder, and whether a pid still means who it meant."""

from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def start_time(pid: int) -> str:
    """When a process began, as the kernel counts it; with the pid it names one process for ever.

    Empty when there is no such process, or only its corpse. The boot id belongs to it, because the count begins anew at
    each boot; no clock belongs to it, because clocks are set.
    """
    if not BOOT_ID.exists():
        return _start_time_by_clock(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The command's name may hold spaces and brackets: count fields from behind it. proc(5): state is 3, start time 22.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{BOOT_ID.read_text().strip()}/{fields[19]}"


def is_alive(pid: int, began: str) -> bool:
    """Does the process that had this pid, and began then, still run?"""
    return bool(pid and began) and start_time(pid) == began


def working_in(directory: Path) -> list[int]:
    """Processes whose current directory this is."""
    return _which(lambda process: Path(process.cwd()) == directory)


def mentioning(text: str) -> list[int]:
    """Processes that were started with the text in their command line or their environment."""
    return _which(lambda process: text in "\n".join([*process.cmdline(), *process.environ().values()]))


def _which(fits: Callable[[psutil.Process], bool]) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if fits(process):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue  # it ended while we looked, or is not ours to look at
    return found


def _start_time_by_clock(pid: int) -> str:
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return ""


def resident_mb(pid: int) -> float:
    """Memory that a process holds in RAM, in MB (10^6 bytes); 0 when there is no such process."""
    try:
        return round(psutil.Process(pid).memory_info().rss / 1e6, 1) if pid else 0.0
    except psutil.Error:
        return 0.0
