"""Whether something is really in a log, unaltered, and who signed 存证核验 in GraphQL: what the inspector's page shows and draws.

What a log answers is checked here with the one file that inspectors are given (`deploy/witness/verify.py`), and what doesn't hold is
an answer, not an error: `proved` is false, and `refusal` names the place. A server that checks itself convinces nobody who doubts
whoever runs it; so everything needed to check it elsewhere is in the answer.
"""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import strawberry

from gateway.schema.reading import Info, one
from gateway.schema.roster import Child
from services.chassis.errors import NotFound, Refused

NOTE_MAX: Final = 16 * 1024
Earlier = Annotated[
    str,
    strawberry.argument(description="先前检查点 a checkpoint of this log from elsewhere, whole, with its signatures"),
]


@strawberry.type(description="签名 A signature under a checkpoint.")
class CheckpointSignature:
    """Who signed, and whether that holds."""

    name: str = strawberry.field(description="签名人 name of the key: the log's own, or a witness's")
    key_id: str = strawberry.field(description="密钥编号 id of the key, as it stands in the paper's line")
    kind: str = strawberry.field(
        description="种类 log, witness, or unknown where the key isn't known here 日志、见证、未知"
    )
    at: datetime | None = strawberry.field(description="见证时间 when a witness signed; null for the log's own")
    holds: bool | None = strawberry.field(description="有效 whether it holds; null where the key isn't known here")


@strawberry.type(description="检查点 How far a log was: signed by the log, cosigned by witnesses.")
class Checkpoint:
    """A checkpoint and whether it holds."""

    origin: str = strawberry.field(description="日志名 name of the log; empty where it can't be read")
    size: int = strawberry.field(description="条数 how many entries")
    root: str = strawberry.field(description="根哈希 root of the tree, base64")
    note: str = strawberry.field(description="原文 the checkpoint as it stands, to be kept and checked elsewhere")
    signatures: list[CheckpointSignature] = strawberry.field(description="签名 signatures")
    keys: list[str] = strawberry.field(description="公钥 the keys known here, to be compared with those on paper")
    proved: bool = strawberry.field(
        description="成立 whether the log's signature holds, and every other that is known here"
    )
    refusal: str = strawberry.field(description="不成立原因 what doesn't hold, and where; empty where all does")


@strawberry.type(description="日志 One of the logs, and how far it is signed.")
class SignedLog:
    """A log by the name under which its entries are asked for."""

    log: str = strawberry.field(description="日志 roster, cases, assistance, notify, access or policy")
    checkpoint: Checkpoint | None = strawberry.field(
        description="检查点 the last checkpoint; null where there is none yet"
    )
    refusal: str = strawberry.field(description="无检查点原因 why there is none; empty where there is one")


@strawberry.type(description="路径一步 One step from an entry up to the root.")
class ProofStep:
    """A sibling, and what both are together."""

    side: str = strawberry.field(description="左右 left or right: where the sibling stands")
    sibling: str = strawberry.field(description="旁哈希 the sibling's hash, base64")
    node: str = strawberry.field(description="合并哈希 the hash of both, base64")


@strawberry.type(description="延续 Whether a log goes on from what it was at an earlier checkpoint.")
class Continuation:
    """Two checkpoints of one log, and what stands between them."""

    log: str = strawberry.field(description="日志 which log; empty where the earlier checkpoint names none of these")
    earlier: Checkpoint = strawberry.field(description="先前检查点 the earlier one")
    now: Checkpoint | None = strawberry.field(description="现在检查点 the one now")
    path: list[str] = strawberry.field(description="一致性证明 the consistency proof, base64 (RFC 9162, 2.1.4)")
    proved: bool = strawberry.field(description="成立 whether nothing before was changed or taken away")
    refusal: str = strawberry.field(description="不成立原因 what doesn't hold, and where; empty where all does")


@strawberry.type(description="存证 What proves that an entry is in a log, unaltered.")
class Proof:
    """An entry's place, the way up to the root, and who signed that."""

    log: str = strawberry.field(description="日志 which log")
    position: int = strawberry.field(description="序号 the entry's position, from 1")
    index: int = strawberry.field(description="下标 its index in the tree, from 0")
    leaf: str = strawberry.field(
        description="叶哈希 hash of the entry as it lies there now, base64; empty where it is missing"
    )
    topic: str = strawberry.field(description="事件 what the entry is of; its contents stay where they are")
    recorded_at: datetime | None = strawberry.field(
        description="登记时间 when it was recorded; null where it is no event"
    )
    actor: str = strawberry.field(description="经办人 whose account")
    department: str = strawberry.field(description="单位 for which unit")
    purpose: str = strawberry.field(description="用途 on what ground")
    path: list[ProofStep] = strawberry.field(description="路径 from the leaf to the root")
    checkpoint: Checkpoint = strawberry.field(description="检查点 what it is proved against")
    continued: Continuation | None = strawberry.field(description="延续 from the earlier checkpoint that was given")
    proof: str = strawberry.field(description="证明文件 the proof as a file, C2SP tlog-proof, for the offline check")
    proved: bool = strawberry.field(description="成立 whether the entry is in the log, unaltered, and signed")
    refusal: str = strawberry.field(description="不成立原因 what doesn't hold, and where; empty where all does")


class Proofs(Protocol):
    """Asks the logs, and checks what they answer."""

    async def signed_logs(self) -> Sequence[SignedLog]:
        """Every log with its last checkpoint."""
        ...

    async def proof(self, log: str, position: int, *, earlier: str = "") -> Proof:
        """What proves an entry; raises `NotFound` for one that is not signed, `Refused` for what is no log."""
        ...

    async def child_of(self, log: str, position: int) -> UUID | None:
        """The child an event is of, as far as it is shown; None where it is of none."""
        ...

    async def position_of_look(self, receipt_id: UUID) -> int:
        """Where a look stands in the log of looks; raises `NotFound`."""
        ...

    async def continuation(self, earlier: str) -> Continuation:
        """Whether the log of a checkpoint goes on from there."""
        ...

    async def check_bundle(self, content: bytes) -> Mapping[str, Any]:
        """What a bundle shows, as JSON says it; what doesn't hold is said, not raised."""
        ...


@strawberry.type
class ProofQuery:
    """What may be asked of the logs. An event of a child has to be within the caller's reach today."""

    @strawberry.field(description="日志 every log with how far it is signed, and the keys it is known by")
    async def signed_logs(self, info: Info) -> list[SignedLog]:
        """Every log with its last checkpoint."""
        return list(await _proofs(info).signed_logs())

    @strawberry.field(description="存证核验 whether an entry is really in a log, unaltered, and who signed")
    async def proof(self, info: Info, log: str, position: int, earlier: Earlier = "") -> Proof:
        """What proves an entry."""
        proofs = _proofs(info)
        child_id = await proofs.child_of(log, position)
        if child_id is not None and await one(info.context, Child, "child_id = %(id)s", id=child_id) is None:
            raise NotFound("没有这一条目。There is no such entry.")
        return await proofs.proof(log, position, earlier=_short(earlier))

    @strawberry.field(
        description="查阅存证核验 whether a look is really in the log of looks, unaltered, and who signed"
    )
    async def proof_of_look(self, info: Info, id: UUID, earlier: Earlier = "") -> Proof:  # noqa: A002
        """What proves a look that is on record."""
        if not await info.context.rows("select rows from receipt where receipt_id = %(id)s", id=id):
            raise NotFound("没有这条查阅记录。There is no such look.")
        proofs = _proofs(info)
        return await proofs.proof("access", await proofs.position_of_look(id), earlier=_short(earlier))

    @strawberry.field(
        description="延续核验 whether the log of a checkpoint from elsewhere goes on from it, and who signed it"
    )
    async def continuation(self, info: Info, earlier: Earlier) -> Continuation:
        """Whether a log goes on from what it was."""
        return await _proofs(info).continuation(_short(earlier))


def _short(note: str) -> str:
    if len(note) > NOTE_MAX:
        raise Refused(f"检查点最长 {NOTE_MAX} 字。A checkpoint has {NOTE_MAX} characters at most.")
    return note


def _proofs(info: Info) -> Proofs:
    supervision = info.context.supervision
    if supervision is None or supervision.proofs is None:
        raise NotFound("There are no logs to prove anything from.")
    return supervision.proofs
