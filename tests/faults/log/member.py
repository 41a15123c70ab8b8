"""A member of a reader's group as a process: `python -m tests.faults.log.member '{…}'`; it ends when its input does."""

import json
import sys
from contextlib import closing

from services.chassis.keyring import KeyRing
from services.chassis.log_kafka import Cluster
from services.chassis.vault import Vault
from tests.faults.log.line import Listener, Place


def main() -> None:
    place = Place(**json.loads(sys.argv[1]))
    with (
        closing(Vault(dsn=place.vault, ring=KeyRing.single(bytes.fromhex(place.kek)))) as vault,
        closing(Listener(store=place.store, vault=vault)) as listener,
    ):
        cluster = Cluster(bootstrap=tuple(place.bootstrap))
        inbox = listener.inbox(cluster=cluster, topic=place.topic, groups=place.groups)
        inbox.start()
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        sys.stdin.read()
        inbox.stop()


if __name__ == "__main__":
    main()
