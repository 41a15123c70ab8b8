"""Writes a golden history from a life told in a service's tests: run once when an event or a version of one is new.

    python -m tests.histories.write roster a_child_lost_and_found

The life is a function of `tests/<service>/lives.py`; its personal fields are sealed under keys that are added to
`keys.json`. A file once written is never written again: it stands for what a county has stored, and has to load for ever.
"""

import json
import sys
import tempfile
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from services.chassis.key_store import migrate
from services.chassis.keyring import KeyRing
from services.chassis.mapper import SealingMapper
from services.chassis.store import RecordedEvent
from services.chassis.vault import Vault
from tests.histories.stored import HERE, KEYS, put_keys, read_keys


def main(service: str, life: str) -> None:
    """Tells the life, seals it, and writes it down with the keys."""
    path = HERE.parent / service / "histories" / f"{life.replace('_', '-')}.json"
    aggregates = getattr(import_module(f"tests.{service}.lives"), life)()
    with path.open("xb") as file, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with Cluster.start(Path(folder) / "cluster", durable=False) as cluster:
            prepare(cluster)
            kek, keys = read_keys()
            with psycopg.connect(cluster.dsn("vault", "vault_owner")) as connection:
                migrate(connection)
                put_keys(connection, keys)
            with closing(Vault(dsn=cluster.dsn("vault", "vault_app"), ring=KeyRing.single(kek))) as vault:
                mapper = SealingMapper(vault=vault)
                events = [mapper.to_stored_event(event) for one in aggregates for event in one.pending_events]
            with psycopg.connect(cluster.dsn("vault", "vault_owner")) as connection:
                rows = connection.execute(
                    "select subject, generation, kek_epoch, wrapped from subject_key order by 1, 2"
                )
                kept = [
                    {"subject": str(subject), "generation": generation, "kek_epoch": epoch, "wrapped": wrapped.hex()}
                    for subject, generation, epoch, wrapped in rows
                ]
        file.write(msgspec.json.format(msgspec.json.encode([_as_kept(event) for event in events])) + b"\n")
    KEYS.write_text(json.dumps({"kek": kek.hex(), "keys": kept}, indent=2) + "\n", encoding="utf-8")


def _as_kept(event: RecordedEvent) -> dict[str, Any]:
    return {
        "topic": event.topic,
        "originator_id": event.originator_id,
        "version": event.originator_version,
        "recorded_at": event.recorded_at,
        "state": msgspec.Raw(event.state),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
