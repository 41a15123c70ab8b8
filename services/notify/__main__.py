"""Runs parts of notify 通知 as a process of their own: `python -m services.notify api relay inbox sender`, or `all`."""

from services.chassis.process import Process, run
from services.chassis.runtime import Service
from services.contracts.divisions import COUNTY
from services.notify.service import build, channels_of


def start(process: Process) -> Service:
    """The service in its process."""
    return build(
        dsn=process.dsn("app"),
        vault=process.vault,
        surroundings=process.surroundings,
        county=COUNTY,
        channels=channels_of(process.settings.ways_out, secret=process.settings.secret, clock=process.clock)
        if "sender" in process.parts
        else (),
        reports_key=process.settings.secret("reports.key").encode() if "api" in process.parts else b"",
    )


if __name__ == "__main__":
    run("notify", start, also=("sender",))
