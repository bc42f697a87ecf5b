"""Ground: structured logs, one JSON object a line, with the context of the request, row or task."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str, process: str) -> None:
    """Send every logger of the process, the libraries' too, to stderr as JSON lines.

    `process` ("web", "worker", "cli") is a field of every line. JSON escapes control characters, so that
    one event stays one line whatever an alert's labels contain.
    """
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
            _named(process),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_number(level))
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)  # door/request.py writes that line itself
    logging.captureWarnings(True)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping().get(level.upper(), logging.INFO)


def _named(process: str) -> structlog.typing.Processor:
    def name(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line["process"] = process
        return line

    return name


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
