"""Logs: lines that machines read, and no person in any of them, whoever logged and whatever went wrong."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.chassis.logs import Lines, log_to_stderr
from services.chassis.telemetry import Telemetry, span

CANARY = "燕归来"
NUMBER = "510326201401011234"
PHONE = "13800000000"
Read = Callable[[], list[dict[str, Any]]]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def kept_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that `log_to_stderr` changes in a process is as before, afterwards."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    access.disabled = False
    for ours in ("services", "gateway", "deploy", "baoxue"):
        logging.getLogger(ours).setLevel(logging.NOTSET)


@pytest.fixture
def lines(kept_as_it_was: None, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Sets logs up and reads what was written so far, but for exporters of other tests that may still be ending."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_stderr(service="cases")

    def read() -> list[dict[str, Any]]:
        told = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in told if not line["logger"].startswith("opentelemetry")]

    return read


def test_a_line_says_when_how_grave_who_and_what(lines: Read) -> None:
    before = datetime.now(UTC)
    logging.getLogger("services.chassis.relay").warning(
        "%s waits at position %d: %s", "cases relay", 17, "LogUnavailable"
    )

    [line] = lines()
    assert {name: line[name] for name in ("level", "logger", "message", "service", "part")} == {
        "level": "warning",
        "logger": "services.chassis.relay",
        "message": "cases relay waits at position 17: LogUnavailable",
        "service": "cases",
        "part": "MainThread",
    }
    assert line["time"].endswith("Z")
    assert abs((datetime.fromisoformat(line["time"]) - before).total_seconds()) < 5
    assert line.keys().isdisjoint({"trace_id", "span_id", "error"})


@pytest.mark.usefixtures("telemetry")
def test_a_line_within_a_trace_names_it(lines: Read) -> None:
    with span("command open-case") as current:
        logging.getLogger("services.cases").info("done")

    context = current.get_span_context()
    [line] = lines()
    assert (line["trace_id"], line["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def test_a_thread_is_named_as_the_part_it_runs(lines: Read) -> None:
    thread = threading.Thread(target=lambda: logging.getLogger("services").info("here"), name="cases inbox")
    thread.start()
    thread.join()

    assert [line["part"] for line in lines()] == ["cases inbox"]


def test_an_exception_is_its_kind_in_whatever_way_it_is_logged(lines: Read) -> None:
    logger = logging.getLogger("services.cases")
    error = ValueError(CANARY)
    try:
        raise error
    except ValueError:
        logger.exception("failed")
    logger.warning("failed: %s", error)
    logger.warning("failed: %(why)s", {"why": error})
    logger.error(error)
    logger.error("failed\nTraceback (most recent call last):\n  ValueError: %s", CANARY)
    logger.error("failed %d times", error)
    logger.error("looked", stack_info=True)

    assert [line["message"] for line in lines()] == [
        "failed",
        "failed: ValueError",
        "failed: ValueError",
        "ValueError",
        "failed",
        "failed %d times",
        "looked",
    ]
    assert lines()[0]["error"] == "ValueError"
    assert CANARY not in json.dumps(lines(), ensure_ascii=False)


def test_numbers_of_persons_and_phones_are_blotted_out_and_other_numbers_are_not(lines: Read) -> None:
    logger = logging.getLogger("services.cases")
    logger.info("of %s, phone %s", NUMBER, PHONE)
    logger.info(f"姓名{NUMBER[:-1]}X。")  # noqa: G004
    logger.info("position %d of 00000000-0000-4000-8000-138000000001", 123_456)

    assert [line["message"] for line in lines()] == [
        "of *, phone *",
        "姓名*。",
        "position 123456 of 00000000-0000-4000-8000-138000000001",
    ]


def test_what_nobody_caught_is_told_by_its_kind(lines: Read) -> None:
    def fail() -> None:
        raise KeyError(CANARY)

    thread = threading.Thread(target=fail, name="cases relay")
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError(CANARY), None)

    assert [(line["part"], line["message"]) for line in lines()] == [
        ("cases relay", "a thread ended: KeyError"),
        ("MainThread", "the process ends: ValueError"),
    ]


def test_libraries_are_heard_from_warnings_on_and_requests_not_at_all(lines: Read) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST http://cases:8700/commands/open-case")
    logging.getLogger("kafka.client").warning("a node is away")
    logging.getLogger("uvicorn.access").error("GET /?name=%s", CANARY)
    logging.getLogger("uvicorn.error").error(
        "Exception in ASGI application\n", exc_info=(ValueError, ValueError(CANARY), None)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("this way is old", DeprecationWarning, stacklevel=1)

    told = lines()
    assert [line["logger"] for line in told] == ["kafka.client", "uvicorn.error", "py.warnings"]
    assert (told[1]["message"], told[1]["error"]) == ("Exception in ASGI application", "ValueError")
    assert CANARY not in json.dumps(told, ensure_ascii=False)


def test_a_line_that_cant_be_written_is_not_printed_otherwise(lines: Read, capsys: pytest.CaptureFixture[str]) -> None:
    class Unwritable:
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

    logging.getLogger("services").info("of %s", Unwritable())

    assert CANARY not in json.dumps(lines(), ensure_ascii=False)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("kept_as_it_was")
def test_a_person_at_a_terminal_reads_words(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    log_to_stderr(service="cases")

    logging.getLogger("services.cases").warning("waits: %s", ValueError(CANARY))

    [line] = terminal.getvalue().splitlines()
    assert line.endswith("WARNING MainThread: waits: ValueError")


def test_a_long_message_ends_somewhere() -> None:
    record = logging.LogRecord("services", logging.INFO, "", 0, "x" * 10_000, None, None)

    assert len(Lines(service="cases").format(record)) < 1_000


@pytest.mark.usefixtures("telemetry")
def test_telemetry_and_logs_live_together(lines: Read) -> None:
    with Telemetry(endpoint="", service="cases", share=1.0), span("x"):
        logging.getLogger("services").info("both")

    assert lines()[0]["trace_id"]
