"""Log lines as JSON on stderr, one a line, that carry no personal data however careless the call.

What is dropped: any value that is a protobuf message, and any value whose key is the name of a field that some proto
labels personal. A line from the standard library's logging passes the same processors.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import structlog
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from chassis import errors, telemetry
from chassis.disclosure import labels
from chassis.settings import ServiceSettings

WITHHELD = "(withheld)"
_KEPT = frozenset({"event", "level", "time", "logger", "service", "instance", "method", "request_id", "trace_id"})


def configure(config: ServiceSettings) -> None:
    """Send every log line of this process, ours and the libraries', through the same processors to stderr."""
    shared: list[structlog.typing.Processor] = [
        _with_bound,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _Names(config.service, config.instance or os.uname().nodename),
        _place_of_exception,
        drop_personal,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if config.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_clean_arguments)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log_level.upper())
    # Their lines below a warning are about connections, and some quote addresses or statements.
    for talkative in ("aiokafka", "sqlalchemy", "asyncio", "grpc", "faust", "mode", "aiosmtplib", "httpx", "httpcore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(config.log_level.upper())),
        cache_logger_on_first_use=True,
    )


_bound: ContextVar[Mapping[str, str]] = ContextVar("joinedup_log", default={})  # noqa: B039 (never changed)


@contextmanager
def bound(**values: str) -> Iterator[None]:
    """Put these on every line that is logged inside."""
    token = _bound.set({**_bound.get(), **values})
    try:
        yield
    finally:
        _bound.reset(token)


def _with_bound(_logger: Any, _level: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: what is bound; structlog's own binding looks through every context variable at each call."""
    return {**_bound.get(), **line}


def where(fault: BaseException) -> str:
    """A fault without its text, which may quote anybody's data: its class, SQLSTATE, and places in the code.

    The place where it was raised, and the last three places of our own code that led there.
    """
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(fault.__traceback__)]
    ours = [place for place in frames if "site-packages" not in place[0]][-3:]
    chosen = ours if ours[-1:] == frames[-1:] else [*ours, *frames[-1:]]
    places = " < ".join(f"{'/'.join(file.rsplit('/', 2)[-2:])}:{line}" for file, line in reversed(chosen))
    state = getattr(getattr(fault, "orig", fault), "sqlstate", None)
    return f"{type(fault).__qualname__}{f' {state}' if state else ''} at {places or 'an unknown place'}"


def _clean_arguments(record: logging.LogRecord) -> bool:
    """Filter of the standard library: what goes into a line's text, before it does."""
    record.msg = _spoken(record.msg)
    if isinstance(record.args, Mapping):
        record.args = {name: _spoken(value) for name, value in record.args.items()}
    elif record.args:
        record.args = tuple(_spoken(value) for value in record.args)
    return True


def _spoken(value: Any) -> Any:
    """A message by its name, an exception by its place; Unavailable in its own words, which name parts only."""
    if isinstance(value, Message):
        return f"({value.DESCRIPTOR.full_name})"
    if isinstance(value, BaseException) and not isinstance(value, errors.Unavailable):
        return where(value)
    return value


def drop_personal(_logger: Any, _level: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: replace what may be personal data."""
    names = personal_names()
    for key in list(line):
        if key not in _KEPT and key in names:
            line[key] = WITHHELD
        else:
            line[key] = _cleaned(line[key], names)
    return line


def _cleaned(value: Any, names: frozenset[str]) -> Any:
    value = _spoken(value)
    if isinstance(value, Mapping):
        return {key: WITHHELD if key in names else _cleaned(held, names) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(held, names) for held in value]
    return value


def personal_names() -> frozenset[str]:
    """Names of the fields that any proto loaded by now labels personal."""
    if len(sys.modules) != _known.modules:
        _known.learn()
    return _known.names


class _Known:
    """The personal names found so far, and how many modules were loaded when they were looked for."""

    def __init__(self) -> None:
        self.modules = 0
        self.names: frozenset[str] = frozenset()
        self._seen: set[str] = set()

    def learn(self) -> None:
        """Look through the generated modules that were loaded meanwhile."""
        self.modules = len(sys.modules)
        found = {
            name: module.DESCRIPTOR
            for name, module in list(sys.modules.items())
            if name.startswith("joinedup.") and name.endswith("_pb2") and name not in self._seen
        }
        for name, file in found.items():
            self._seen.add(name)
            messages: Mapping[str, Descriptor] = file.message_types_by_name
            self.names |= labels.personal_fields(messages)


_known = _Known()


class _Names:
    """Processor: the service, the instance and the trace that a line belongs to."""

    def __init__(self, service: str, instance: str) -> None:
        self._service, self._instance = service, instance

    def __call__(self, _logger: Any, _level: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["service"], line["instance"] = self._service, self._instance
        span = telemetry.current()
        if span is not None:
            line["trace_id"] = span.trace_id
        return line


def _place_of_exception(_logger: Any, _level: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: an exception as its class and place; its text, and the values in its frames, stay out."""
    raised = line.pop("exc_info", None)
    if raised:
        line["exception"] = where(_raised(raised))
    return line


def _raised(raised: Any) -> BaseException:
    if isinstance(raised, BaseException):
        return raised
    found: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
    found = raised if isinstance(raised, tuple) else sys.exc_info()
    return found[1] or RuntimeError("an exception was to be logged, and there is none")
