"""Runs parts of notify 通知 as a process of their own: `python -m services.notify api relay inbox`, or `all`."""

from services.chassis.process import Process, run
from services.chassis.runtime import Service
from services.contracts.divisions import COUNTY
from services.notify.service import build


def start(process: Process) -> Service:
    """The service in its process."""
    return build(dsn=process.dsn("app"), vault=process.vault, surroundings=process.surroundings, county=COUNTY)


if __name__ == "__main__":
    run("notify", start)
