"""What has to be done with databases that were taken back to an earlier moment, before anybody opens them.

The same for a restored backup and for servers that were recovered to a moment: erasures are done again, then it is asked
whether stores and readers are of one history. `baoxue recovered` does it on the servers that the settings name.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
from rich.console import Console

from deploy.erasures import CONNECT_S, erase_again
from deploy.operate import NamedServers
from deploy.postgres.databases import Server
from deploy.postgres.positions import GATEWAY, Head, examine, refuse_astray
from deploy.showing import table
from gateway.readmodel.in_force import note_restoration
from services.chassis.clock import SystemClock
from services.chassis.config import SERVICES, ProcessSettings
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing
from services.chassis.shred_list import ShredList


def make_ready(
    server: Server,
    *,
    listed: Mapping[UUID, datetime],
    ring: KeyRing,
    roster_key: bytes,
    shred_list: ShredList | None = None,
) -> tuple[dict[str, Head], int]:
    """Returns how far each service is, and how many keys of the erased had come back.

    Raises `positions.Astray` where the databases must not be opened like this. Their tables must be of this version.
    """
    came_back = erase_again(server, listed=listed, ring=ring, roster_key=roster_key, shred_list=shred_list)
    dsns = {name: server.dsn(name, f"{name}_app") for name in SERVICES}
    heads, findings = examine({**dsns, GATEWAY: server.dsn(GATEWAY, "gateway_writer")})
    refuse_astray(findings)
    with psycopg.connect(server.dsn(GATEWAY, "gateway_writer"), connect_timeout=CONNECT_S) as gateway:
        note_restoration(gateway, erasures=len(listed), keys_back=came_back, at=SystemClock().now())
    return heads, came_back


def recovered(console: Console, *, settings: ProcessSettings, shred_lists: Sequence[Path]) -> None:
    """Makes the databases ready that the settings name, with nothing else running, and says so.

    Needs the secrets of the services' app roles, `vault_app` and `gateway_writer`, `vault.kek` and `roster.key`.
    """
    listed = read_shred_lists(shred_lists, wanted=shred_lists)
    heads, came_back = make_ready(
        NamedServers(settings),
        listed=listed,
        ring=KeyRing(lambda: settings.secret("vault.kek")),
        roster_key=bytes.fromhex(settings.secret("roster.key")),
    )
    show(console, heads, title="Recovered 已恢复", listed=listed, came_back=came_back)
    console.print("Now a new generation of the topics, then the services, the projector, and the gateway last.")


def read_shred_lists(lists: Sequence[Path], *, wanted: Sequence[Path]) -> dict[UUID, datetime]:
    """Everybody on any of the lists; raises `Refused` where one of the `wanted` isn't there."""
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        raise Refused(f"There is no shred list at {', '.join(missing)}.")
    listed: dict[UUID, datetime] = {}
    for path in lists:
        listed = ShredList(path).read() | listed
    return listed


def show(
    console: Console, heads: Mapping[str, Head], *, title: str, listed: Mapping[UUID, datetime], came_back: int
) -> None:
    """How far each service is, and what of the erasures was done again."""
    rows = [
        (name, head.position, f"{head.newest_at:%Y-%m-%d %H:%M:%S %Z}" if head.newest_at else "nothing yet")
        for name, head in heads.items()
    ]
    console.print(table(title, ("service", "events", "newest"), rows))
    latest = f", the last on {max(listed.values()):%Y-%m-%d %H:%M:%S %Z}" if listed else ""
    console.print(
        f"Every store is whole, no reader beyond its producer.\n{len(listed):,} erasures are known{latest}; "
        f"{came_back:,} keys had come back and were destroyed again.\n[bold]Compare the list with the office's own record "
        "of erasures[/bold]: one that is on no list at hand has to be done again by hand, before anybody opens the system."
    )
