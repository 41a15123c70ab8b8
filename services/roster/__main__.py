"""Runs parts of the roster 花名册 as a process of their own: `python -m services.roster api relay`, or `all`."""

from services.chassis.process import Process, run
from services.chassis.runtime import Service
from services.roster.service import build


def start(process: Process) -> Service:
    """The service in its process."""
    built = build(
        dsn=process.dsn("app"),
        vault=process.vault,
        surroundings=process.surroundings,
        key_secret=bytes.fromhex(process.settings.secret("roster.key")),
    )
    return built.service


if __name__ == "__main__":
    run("roster", start)
