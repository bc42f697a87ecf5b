"""Ground: structured logs, one JSON object a line, with the context of the request, row or task."""

from __future__ import annotations

import asyncio
import atexit
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import msgspec
import structlog

API_KEY: Final = re.compile(r"(ihk_[a-z0-9]+_)[A-Za-z0-9]+")
PASSWORD: Final = re.compile(r"(://[^:/@\s\"]*:)[^@/\s\"]+@")
_everywhere: dict[str, str] = {}  # the fields of every line of this process
_bound: ContextVar[Mapping[str, object]] = ContextVar("bound", default=MappingProxyType({}))


def bind(**fields: object) -> None:
    """Let every line that this task, or thread, logs from now on have these fields, and no others of before.
    (structlog's own keep a variable for each, and look through all variables there are at each line.)"""
    _bound.set(fields)


def bound() -> Mapping[str, object]:
    """The fields that are bound here."""
    return _bound.get()


def _merged(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {**_bound.get(), **line}


SHARED: list[structlog.typing.Processor] = [
    _merged,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str, process: str) -> None:
    """Send every logger of the process, the libraries' too, to stderr as JSON lines.

    `process` ("web", "worker", "cli") is a field of every line. JSON escapes control characters, so that
    one event stays one line whatever an alert's labels contain. The secret part of an API key and the
    password in an address are masked wherever they stand.
    """
    _everywhere["process"] = process
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _named,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
            _masked,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_number(level))
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)  # door/request.py writes that line itself
    logging.getLogger("tornado.general").addFilter(_unquoted)
    logging.captureWarnings(True)


class Lines:
    """Lines that come with every request: encoded without the machinery of logging, and written together, at
    most 0.2 s later (a process that is killed loses those), so that a request does not wait for a pipe."""

    LATER = 0.2
    WAITING_MAX = 200

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self._waiting: list[str] = []
        self._writing: asyncio.TimerHandle | None = None
        atexit.register(self.write)

    def __call__(self, event: str, **fields: object) -> None:
        """Log `event` at level info, with the context that is bound."""
        if not self._logger.isEnabledFor(logging.INFO):
            return
        said = {**_bound.get(), **fields, "event": event, "level": "info", "timestamp": datetime.now(UTC)}
        said |= _everywhere
        self._waiting.append(_masked(None, "", msgspec.json.encode(said).decode()))
        if len(self._waiting) >= self.WAITING_MAX:
            self.write()
        elif self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(self.LATER, self.write)

    def write(self) -> None:
        """Write what waits."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        if self._waiting:
            lines, self._waiting = self._waiting, []
            sys.stderr.write("".join(f"{line}\n" for line in lines))
            sys.stderr.flush()


def _number(level: str) -> int:
    return logging.getLevelNamesMapping().get(level.upper(), logging.INFO)


def _named(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    line.update(_everywhere)
    return line


def _masked(_: object, __: str, line: str | bytes | Mapping[str, object]) -> str:
    """The last processor: what a sentence or a traceback may have quoted."""
    text = str(line)
    if "ihk_" in text:
        text = API_KEY.sub(r"\1***", text)
    return PASSWORD.sub(r"\1***@", text) if "://" in text else text


def _unquoted(record: logging.LogRecord) -> bool:
    """Tornado says why a request cannot be read, and quotes it: a key with a typo in its field, or in the
    field before. Its own words end where the quotation begins."""
    if record.msg == "Malformed HTTP message from %s: %s" and isinstance(record.args, tuple):
        peer, reason = record.args
        record.args = (peer, re.split("[:'\"]", str(reason), maxsplit=1)[0].strip())
    return True


class Seldom:
    """One line in `seconds` for a trouble that comes back all the time; the first one at once, the next
    with the number of those that were swallowed."""

    def __init__(self, say: Callable[..., object], seconds: float = 30) -> None:
        self._say = say
        self._seconds = seconds
        self._next_at = 0.0
        self._swallowed = 0

    def __call__(self, event: str, **fields: object) -> None:
        """Log `event`, or count it."""
        now = time.monotonic()
        if now < self._next_at:
            self._swallowed += 1
            return
        self._say(event, swallowed=self._swallowed, **fields)
        self._next_at = now + self._seconds
        self._swallowed = 0
