"""The logs asked, and what they answer checked 存证核验: with the very file that inspectors are handed, and no line of our own beside it.

The services are asked over HTTP, bounded in time and size, as for commands; the gateway's own two logs lie on its database. The keys
are those that each log tells: whoever doubts the operator compares them with paper, or checks on a machine of his own.
"""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from deploy.witness import verify
from gateway.commands import Commands, CommandUncertain
from gateway.readmodel import trees
from gateway.readmodel.reading import ReadModelUnavailable
from gateway.schema.proofs import Checkpoint, CheckpointSignature, Continuation, Proof, ProofStep, SignedLog
from services.chassis.config import SERVICES
from services.chassis.errors import NotFound, Refused
from services.chassis.merkle import node_hash
from services.chassis.notes import tlog_proof
from services.chassis.proving import Proven, prove
from services.chassis.store import StoreUnavailable
from services.chassis.tree import SignedTree, origin_of

CONNECT_S: Final = 5
LOGS: Final = (*SERVICES, *trees.LOGS)
"""Every log that is proved."""


class Proofs:
    """Asks the logs; `dsn` is `gateway_writer`'s, on whose database the gateway's own logs lie."""

    def __init__(self, *, commands: Commands, dsn: str) -> None:
        self._commands = commands
        self._dsn = dsn

    async def signed_logs(self) -> Sequence[SignedLog]:
        """Every log with its last checkpoint; one that doesn't answer keeps no other from it."""
        return await asyncio.gather(*(self._signed_log(log) for log in LOGS))

    async def proof(self, log: str, position: int, *, earlier: str = "") -> Proof:
        """What proves an entry; raises `NotFound` for one that is not signed, `Refused` for what is no log."""
        _require_log(log, position)
        before = _read(earlier) if earlier else None
        proven = await self._proven(log, position=position, earlier=before.size if before else None)
        proof = _proof(log, position, proven)
        if before is not None:
            proof.continued = _continuation(log, before, proven)
        return proof

    async def continuation(self, earlier: str) -> Continuation:
        """Whether the log of a checkpoint goes on from there; what can't be read as one is said, not raised."""
        before = _read(earlier)
        log = next((log for log in LOGS if origin_of(log) == before.origin), "")
        if not log:
            refusal = f"earlier: {before.refusal or 'it is of none of the logs ' + ', '.join(LOGS)}"
            return Continuation(
                log="", earlier=_checkpoint(before, keys=[]), now=None, path=[], proved=False, refusal=refusal
            )
        return _continuation(log, before, await self._proven(log, earlier=before.size))

    async def check_bundle(self, content: bytes) -> Mapping[str, Any]:
        """What a bundle shows: of what, for whom and why; of each log how many entries, what is whole, who signed, and whether it goes on."""
        keys, away = await self._all_keys()
        try:
            bundle = await asyncio.to_thread(verify.check_bundle, content, trusted=_known(keys))
        except verify.NotProved as error:
            unknown = f" (the keys of {', '.join(away)} could not be asked for just now)" if away else ""
            return {"proved": False, "refusal": f"{error}{unknown}", "logs": []}
        logs = [{**_of_bundle(log), "continued": await self._continued(log.checkpoint)} for log in bundle.logs]
        return {"proved": True, "refusal": "", "said": bundle.said, "logs": logs}

    async def child_of(self, log: str, position: int) -> UUID | None:
        """The child an event is of, as far as it is shown; None where it is of none."""
        _require_log(log, position)
        if log not in SERVICES:
            return None
        found = await self._one("select child_id from journal where producer = %s and position = %s", (log, position))
        return UUID(str(found[0])) if found and found[0] else None

    async def position_of_look(self, receipt_id: UUID) -> int:
        """Where a look stands in the log of looks; raises `NotFound`."""
        found = await self._one(
            "select position from access_tree.entry where kind = 'receipt' and id = %s", (str(receipt_id),)
        )
        if found is None:
            raise NotFound(
                "这次查阅尚未存证，请一分钟后再试。This look has no place in its log yet; try again in a minute."
            )
        return int(str(found[0]))

    async def _all_keys(self) -> tuple[list[str], list[str]]:
        """The keys that all logs tell, and which logs give no answer."""
        keys, away = [], []
        for log in LOGS:
            try:
                keys += (await self._proven(log)).keys
            except ReadModelUnavailable:
                away.append(log)
        return keys, away

    async def _signed_log(self, log: str) -> SignedLog:
        try:
            proven = await self._proven(log)
        except ReadModelUnavailable:
            return SignedLog(
                log=log, checkpoint=None, refusal="服务没有应答，请稍后再试 / it gave no answer; try again."
            )
        if not proven.checkpoint:
            return SignedLog(log=log, checkpoint=None, refusal="尚未签名 / nothing of it is signed yet.")
        checkpoint = _checkpoint(_read(proven.checkpoint), keys=proven.keys, origin=origin_of(log))
        return SignedLog(log=log, checkpoint=checkpoint, refusal="")

    async def _continued(self, before: verify.Checkpoint) -> str:
        """What keeps a log from going on from where a bundle was made of it; empty where nothing does."""
        log = next(log for log in LOGS if origin_of(log) == before.origin)
        try:
            proven = await self._proven(log, earlier=before.size)
        except (NotFound, ReadModelUnavailable):
            return f"{log}: it can't be asked now"
        now = _checkpoint(_read(proven.checkpoint), keys=proven.keys, origin=before.origin)
        return proven.broken or now.refusal or _not_continued(before.size, before.root, now, proven.consistency)

    async def _proven(self, log: str, *, position: int | None = None, earlier: int | None = None) -> Proven:
        """What a log answers; raises `NotFound`, and `ReadModelUnavailable` where it gives no answer."""
        tree = SignedTree(dsn=self._dsn, entries=trees.LOGS[log]) if log in trees.LOGS else None
        try:
            if tree is None:
                return await self._commands.proof(log, position=position, earlier=earlier or None)
            return await asyncio.to_thread(prove, tree, position=position, earlier=earlier or None)
        except (CommandUncertain, StoreUnavailable):
            raise ReadModelUnavailable from None

    async def _one(self, statement: str, parameters: tuple[object, ...]) -> tuple[object, ...] | None:
        def read() -> tuple[object, ...] | None:
            with psycopg.connect(self._dsn, connect_timeout=CONNECT_S) as connection:
                return connection.execute(statement.encode(), parameters).fetchone()

        try:
            return await asyncio.to_thread(read)
        except psycopg.OperationalError:
            raise ReadModelUnavailable from None


@dataclass(frozen=True, slots=True)
class _Read:
    """A checkpoint as it stands, before anybody has looked at its signatures."""

    note: str
    origin: str = ""
    size: int = 0
    root: bytes = b""
    refusal: str = ""


def _require_log(log: str, position: int) -> None:
    if log not in LOGS:
        raise Refused(f"没有这个日志。There is no such log; it is one of {', '.join(LOGS)}.")
    if position < 1:
        raise NotFound("序号从 1 开始。Positions begin with 1.")


def _read(note: str) -> _Read:
    """What a checkpoint says."""
    lines = note.split("\n")
    try:
        return _Read(note, lines[0], verify.parse_size(lines[1]), verify.parse_hash(lines[2]))
    except (IndexError, verify.Malformed):
        return _Read(note, refusal="this is no checkpoint: origin, size, root, an empty line, signatures")


def _known(keys: Sequence[str]) -> list[verify.Verifier]:
    """Keys as logs tell them, each once."""
    return [verify.Verifier.parse(key) for key in dict.fromkeys(keys)]


def _checkpoint(read: _Read, *, keys: Sequence[str], origin: str = "") -> Checkpoint:
    """A checkpoint with all its signatures, and whether it holds."""
    trusted, refusal = _known(keys), read.refusal
    if not refusal:
        try:
            verify.open_checkpoint(read.note, trusted, origin=origin or read.origin)
        except verify.NotProved as error:
            refusal = f"checkpoint: {error}"
    return Checkpoint(
        origin=read.origin,
        size=read.size,
        root=_text(read.root),
        note=read.note,
        signatures=_signatures(read.note, trusted),
        keys=list(dict.fromkeys(keys)),
        proved=not refusal,
        refusal=refusal,
    )


def _signatures(note: str, trusted: Sequence[verify.Verifier]) -> list[CheckpointSignature]:
    """Every line of a signature, those of keys that aren't known too."""
    text, _, lines = note.rpartition("\n\n")
    by_key = {(key.name, key.id): key for key in trusted}
    found = []
    for line in lines.splitlines()[: verify.MAX_SIGNATURES]:
        _, name, encoded = (*line.split(" ", 2), "", "")[:3]
        try:
            blob = base64.b64decode(encoded, validate=True)
        except ValueError:
            continue
        at, holds, key = None, None, by_key.get((name, blob[:4]))
        if key is not None:
            try:
                when, holds = key.check(text + "\n", blob[4:]), True
                at = datetime.fromtimestamp(when, UTC) if when is not None else None
            except verify.Unsigned:
                holds = False
        kind = "unknown" if key is None else "witness" if key.kind == verify.WITNESS_KEY else "log"
        found.append(CheckpointSignature(name=name, key_id=blob[:4].hex(), kind=kind, at=at, holds=holds))
    return found


def _proof(log: str, position: int, proven: Proven) -> Proof:
    """An entry with the way up to the root, checked."""
    checkpoint = _checkpoint(_read(proven.checkpoint), keys=proven.keys, origin=origin_of(log))
    entry, index = proven.entry, position - 1
    leaf = verify.leaf_hash(entry) if entry is not None else b""
    event = _event(entry or b"")
    refusal = proven.broken or checkpoint.refusal or _not_included(index, leaf, event, checkpoint, proven.path)
    return Proof(
        log=log,
        position=position,
        index=index,
        leaf=_text(leaf),
        topic=event.topic if event is not None else _said_of(entry or b""),
        recorded_at=datetime.fromtimestamp(event.recorded_at, UTC) if event is not None else None,
        actor=event.actor if event is not None else "",
        department=event.department if event is not None else "",
        purpose=event.purpose if event is not None else "",
        path=_steps(index, checkpoint.size, leaf, proven.path),
        checkpoint=checkpoint,
        continued=None,
        proof=tlog_proof(index, proven.path, proven.checkpoint),
        proved=not refusal,
        refusal=f"{log}/{position}: {refusal}" if refusal else "",
    )


def _event(entry: bytes) -> verify.Event | None:
    try:
        found = verify.read_entry(entry)
    except verify.Malformed:
        return None
    return found if isinstance(found, verify.Event) else None


def _said_of(entry: bytes) -> str:
    """What an entry that is no event says that it is; its contents are told by nobody here."""
    first = entry.partition(b"\n")[0]
    return first.decode() if first.startswith(b"baoxue ") and first.isascii() else ""


def _not_included(
    index: int, leaf: bytes, event: verify.Event | None, checkpoint: Checkpoint, path: Sequence[bytes]
) -> str:
    """What keeps an entry from being proved; empty where nothing does."""
    try:
        verify.check_inclusion(
            index=index, size=checkpoint.size, leaf=leaf, path=path, root=base64.b64decode(checkpoint.root)
        )
    except verify.NotProved as error:
        return str(error)
    return "" if event is None or event.position == index + 1 else f"the event says that it is at {event.position}"


def _steps(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> list[ProofStep]:
    """The way from the leaf up, to be drawn (RFC 9162, 2.1.3.2); whether it ends at the root is not decided here."""
    place, last, node, steps = index, size - 1, leaf, []
    for sibling in path:
        is_left = bool(place & 1) or place == last
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
        while is_left and not place & 1 and place:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
        steps.append(ProofStep(side="left" if is_left else "right", sibling=_text(sibling), node=_text(node)))
    return steps


def _continuation(log: str, before: _Read, proven: Proven) -> Continuation:
    """Whether a log goes on from an earlier checkpoint, both looked at."""
    earlier = _checkpoint(before, keys=proven.keys, origin=origin_of(log))
    now = _checkpoint(_read(proven.checkpoint), keys=proven.keys, origin=origin_of(log))
    refusal = f"earlier: {earlier.refusal}" if earlier.refusal else proven.broken or now.refusal
    refusal = refusal or _not_continued(before.size, before.root, now, proven.consistency)
    return Continuation(
        log=log,
        earlier=earlier,
        now=now,
        path=[_text(sibling) for sibling in proven.consistency],
        proved=not refusal,
        refusal=refusal,
    )


def _not_continued(size: int, root: bytes, now: Checkpoint, path: Sequence[bytes]) -> str:
    """What keeps a log from going on from so many entries with this root; empty where nothing does."""
    try:
        verify.check_consistency(old=size, old_root=root, size=now.size, root=base64.b64decode(now.root), path=path)
    except verify.NotProved as error:
        return f"continuation: {error}"
    return ""


def _of_bundle(log: verify.Log) -> dict[str, Any]:
    """What a bundle shows of one log."""
    return {
        "origin": log.checkpoint.origin,
        "size": log.checkpoint.size,
        "entries": len(log.entries),
        "span": log.span,
        "whole": {str(aggregate): version for aggregate, version in log.whole.items()},
        "signed": log.checkpoint.signed,
        "earlier": log.earlier.signed if log.earlier is not None else {},
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
