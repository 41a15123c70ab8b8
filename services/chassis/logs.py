"""The logs of a process: one line of JSON for each record on stderr, and nothing personal in any.

A line: `time` (UTC), `level`, `logger`, `message`, `service` (the process), `part` (the thread, which bears the name of
the part it runs), within a trace `trace_id` and `span_id`, and `error`, the kind of an exception.

No exception's text and no traceback leaves the process, whoever logs them: psycopg quotes rows, pydantic quotes input, and
a traceback shows lines in which such values stand. That costs something when a fault is looked for; the kind, the place
that the message names and the trace lead to it. Last fence: what looks like an identity or phone number is blotted out.
"""

import logging
import re
import sys
import threading
from datetime import UTC, datetime
from typing import Final

import msgspec
from opentelemetry import trace

OURS: Final = ("services", "gateway", "deploy", "baoxue")
"""Loggers whose messages are written in this project; all others are heard from `WARNING` on."""
MESSAGE_MAX: Final = 500

_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z-])(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?![0-9A-Za-z-])")


def log_to_stderr(*, service: str, level: int = logging.INFO) -> None:
    """Sets up this process's logs: a line of JSON each on stderr, in plain words where that is a terminal.

    Our own modules from `level` on, libraries from `WARNING` on; what would have printed a traceback tells its kind.
    uvicorn has to be made with `log_config=None`, or it sets up a way of its own that bypasses this one.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(service=service, plain=sys.stderr.isatty()))
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for ours in OURS:
        logging.getLogger(ours).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger(
        "uvicorn.access"
    ).disabled = True  # a line for each request: metrics count them, and a URL is the caller's
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # else a line that can't be written is printed with its arguments
    logger = logging.getLogger("baoxue")
    sys.excepthook = lambda kind, _error, _trace: logger.critical("the process ends: %s", kind.__name__)
    threading.excepthook = lambda args: logger.error("a thread ended: %s", args.exc_type.__name__)
    sys.unraisablehook = lambda args: logger.error("an error nobody could be told: %s", args.exc_type.__name__)


class Lines(logging.Formatter):
    """A record as one line, in which an exception is its kind and nothing else."""

    def __init__(self, *, service: str, plain: bool = False) -> None:
        super().__init__()
        self._service = service
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = _told(record)
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        if self._plain:
            return f"{at[11:23]} {record.levelname:7} {record.threadName}: {message}{f' ({kind})' if kind else ''}"
        line = {
            "time": at,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            "service": self._service,
            "part": record.threadName,
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line |= {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        if kind:
            line["error"] = kind
        return msgspec.json.encode(line).decode()


def _told(record: logging.LogRecord) -> str:
    """The first line of the message: what libraries put below it is a traceback or a dump."""
    message, arguments = _kind_only(record.msg), record.args
    if isinstance(arguments, tuple):
        arguments = tuple(_kind_only(argument) for argument in arguments)
    elif arguments:
        arguments = {name: _kind_only(argument) for name, argument in arguments.items()}
    try:
        text = str(message) % arguments if arguments else str(message)
    except (TypeError, ValueError):
        text = str(message)
    first, _, _ = text.partition("\n")
    return _NUMBER.sub("*", first[:MESSAGE_MAX])


def _kind_only(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value
