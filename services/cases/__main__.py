"""Runs parts of cases 个案 as a process of their own: `python -m services.cases api relay inbox`, or `all`."""

from services.cases.service import build
from services.chassis.process import Process, run
from services.chassis.runtime import Service


def start(process: Process) -> Service:
    """The service in its process."""
    return build(dsn=process.dsn("app"), vault=process.vault, surroundings=process.surroundings)


if __name__ == "__main__":
    run("cases", start)
