"""How fast notices leave the house through a slow receiver that loses answers, beside bare POSTs of the same bodies to it.

    make bench-notices                    2,000 notices
    make bench-notices NOTICES=100000

Each notice is a message of its own, to the webhook of one of forty units. The receiver takes its time over each, is busy now and then,
and now and then takes a message and breaks off before it answers. In the end it is counted what it took, by id: none may be missing,
and none that it would have to take twice. The floor sends as many signed bodies, ten thousand at most, over the same door with as many lines, and
keeps no record of anything; no message of it is lost or refused. Beside the rates stands the processor time of this process for one.
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid5

import psycopg

from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from services.chassis import key_store
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SystemClock
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.runtime import Repeating, Service
from services.chassis.vault import Vault
from services.notify.application import Notices
from services.notify.channels.door import Door
from services.notify.channels.signing import signed
from services.notify.channels.webhook import WebhookChannel
from services.notify.service import build, migrate
from tests.bench.figures import machine, table, write_section

UNITS = 40
TAKES_S = 0.02
RAISED_TOGETHER = 500
FLOOR_MOST = 10_000
"""Bare POSTs that the floor is taken from at most."""
BUSY_EVERY, BREAKS_EVERY = 97, 101
SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
TAKING = threading.Event()
"""Never set: what the receiver waits for while it takes its time."""
SEED = UUID("0c9a7c1e-7f0b-4d0a-9a55-3f3b1f7d2e10")


class Hurried(SystemClock):
    """The machine's clock, moved on where all that is left waits for its hour."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Receiver(BaseHTTPRequestHandler):
    """A department's system, slow and not always well."""

    taken: ClassVar[Counter[str]] = Counter()
    asked = 0
    well = False
    lock = threading.Lock()
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:  # the library's word
        self.rfile.read(int(self.headers["content-length"]))
        TAKING.wait(TAKES_S)
        with self.lock:
            Receiver.asked += 1
            number = Receiver.asked
            busy = not self.well and number % BUSY_EVERY == 0
            if not busy:
                self.taken[self.headers["webhook-id"]] += 1
        if not self.well and not busy and number % BREAKS_EVERY == 0:
            self.close_connection = True
            return
        self.send_response(503 if busy else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def receiver() -> Iterator[str]:
    """The receiver, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notices"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def notify(clock: Hurried, channel: WebhookChannel) -> Iterator[Service]:
    """Notify on a durable cluster of its own."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = Cluster.start(Path(folder) / "cluster")
        stack.callback(cluster.stop)
        prepare(cluster)
        for name, make in (("notify", migrate), ("vault", key_store.migrate)):
            with psycopg.connect(cluster.dsn(name, f"{name}_owner")) as connection:
                make(connection)
        keys = Vault(dsn=cluster.dsn("vault", "vault_app"), ring=KeyRing.single(bytes(32)))
        vault = stack.enter_context(closing(keys))
        service = build(
            dsn=cluster.dsn("notify", "notify_app"),
            vault=vault,
            surroundings=Surroundings(clock=clock, token="t"),
            county="410326",
            channels=[channel],
        )
        stack.callback(service.close)
        yield service


def raise_notices(app: Notices, *, notices: int, address: str, clock: Hurried) -> None:
    """So many notices for forty units, each with a webhook."""
    units = [f"school:31410{number:05}" for number in range(UNITS)]
    for unit in units:
        with acting(Caused.begin(actor="clerk", department=unit, purpose="dropout_control", at=clock.now())):
            app.set_address(unit=unit, channel="webhook", address=address, secret=SECRET)

    for start in range(0, notices, RAISED_TOGETHER):
        by = Caused.begin(actor="policy", department="system:policy", purpose="dropout_control", at=clock.now())
        with acting(by), app.together():
            for number in range(start, min(start + RAISED_TOGETHER, notices)):
                cause = uuid5(SEED, str(number))
                unit = units[number % UNITS]
                app.raise_notice(cause=cause, about=cause, recipient=unit, reason="circular", area="410326103")


def send_all(sender: Repeating, *, clock: Hurried, notices: int) -> tuple[float, float, int]:
    """Rounds until every notice was taken: seconds, processor seconds, rounds."""
    begun, cpu, rounds = time.perf_counter(), time.process_time(), 0
    while True:
        before = Receiver.asked
        sender.once()
        rounds += 1
        if Receiver.asked == before:
            if len(Receiver.taken) >= notices and rounds > 2:
                break
            clock.ahead += timedelta(seconds=40)
    return time.perf_counter() - begun, time.process_time() - cpu, rounds


def floor(door: Door, address: str, *, clock: Hurried, notices: int, width: int) -> tuple[float, float]:
    """As many bare signed POSTs."""
    body, key = b'{"specversion": "1.0"}' * 20, b"k" * 24

    def one(number: int) -> None:
        headers = signed(body, key=key, id=str(number), at=clock.now())
        assert door.call("POST", address, body=body, headers=headers).status == 200

    begun, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(width) as lines:
        list(lines.map(one, range(notices)))
    return time.perf_counter() - begun, time.process_time() - cpu


def main(notices: int) -> None:
    """Measures, counts, and writes the section."""
    before = machine()
    clock = Hurried()
    door = Door(networks=(ip_network("127.0.0.0/8"),), plain=True)
    channel = WebhookChannel(door=door, clock=clock, per_minute=10**9)
    with receiver() as address, notify(clock, channel) as service:
        app: Any = service.application
        raise_notices(app, notices=notices, address=address, clock=clock)
        sender = service.also["sender"](clock)[0]
        assert isinstance(sender, Repeating)
        seconds, cpu, rounds = send_all(sender, clock=clock, notices=notices)
        taken, asked = dict(Receiver.taken), Receiver.asked
        Receiver.well = True
        bare = min(notices, FLOOR_MOST)
        floor_s, floor_cpu = floor(door, address, clock=clock, notices=bare, width=channel.width)
    again = sum(number - 1 for number in taken.values())
    rows = [
        (
            "notify's sender",
            f"{notices / seconds:,.0f}",
            f"{notices / seconds / (bare / floor_s):.2f}",
            f"{cpu / notices * 1e3:.2f}",
        ),
        (f"{bare:,} bare POSTs", f"{bare / floor_s:,.0f}", "1.00", f"{floor_cpu / bare * 1e3:.2f}"),
    ]
    said = (
        f"{notices:,} notices, each a message of its own, to the webhooks of {UNITS} units, {channel.width} lines at once ({before})."
        f" The receiver takes {TAKES_S * 1e3:.0f} ms over each, answers every {BUSY_EVERY}th with 503, and breaks off after every"
        f" {BREAKS_EVERY}th that it took. Processor time includes the receiver, which runs in the same process."
    )
    counted = (
        f"Taken: {len(taken):,} different ids of {notices:,}; missing {notices - len(taken):,}. {asked:,} calls in {rounds:,} rounds;"
        f" {again:,} ids came again because their answer was lost, and count once for whoever keeps to the specification. The rests"
        " of a receiver, 30 s and more, were jumped over."
    )
    text = "\n\n".join((said, table(("", "messages/s", "of the floor", "ms CPU"), rows), counted))
    sys.stdout.write(text + "\n")
    write_section("bench-notices", title="Notices that leave the house `make bench-notices`", text=text)
    if len(taken) != notices:
        sys.exit(f"{notices - len(taken)} notices were lost")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
