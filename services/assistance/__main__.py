"""Runs parts of assistance 资助帮扶 as a process of their own: `python -m services.assistance api relay inbox`, or `all`."""

from services.assistance.service import build
from services.chassis.process import Process, run
from services.chassis.runtime import Service


def start(process: Process) -> Service:
    """The service in its process."""
    return build(dsn=process.dsn("app"), vault=process.vault, surroundings=process.surroundings)


if __name__ == "__main__":
    run("assistance", start)
