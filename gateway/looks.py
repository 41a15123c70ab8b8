"""One look: what a plan shows a caller, and the receipt without which nobody is told of it. For HTTP and for streams alike."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
import strawberry
from graphql import GraphQLError

from gateway.access.freshness import Freshness, rests_on_a_task
from gateway.access.policy import Policy
from gateway.access.predicates import Predicates
from gateway.access.principal import Principal, Tokens
from gateway.access.quotas import Quotas
from gateway.access.receipts import Decision, NotRecorded, Receipt, Receipts
from gateway.access.warrants import Warrants
from gateway.commands import Commands, CommandUncertain
from gateway.readmodel.reading import Reader, ReadModelUnavailable
from gateway.schema.compile import Plan
from gateway.schema.operations import Operation, Operations
from gateway.schema.paging import BadArgument
from gateway.schema.replay import Supervision
from gateway.schema.trusted import Documents
from services.chassis.clock import Clock, china_date
from services.chassis.errors import ServiceError
from services.chassis.key_store import VaultUnavailable
from services.chassis.telemetry import count

_log = logging.getLogger("baoxue.gateway")

OUT_OF_RANGE: Final = "An argument is out of its range."


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What looks are taken with; see `app.build_gateway`."""

    schema: strawberry.Schema
    policy: Policy
    tokens: Tokens
    documents: Documents
    quotas: Quotas
    reader: Reader
    receipts: Receipts
    clock: Clock
    commands: Commands | None
    supervision: Supervision | None
    warrants: Warrants | None
    predicates: Predicates | None
    freshness: Freshness
    introspection: bool
    """Whether anybody may ask for the schema; where not, developers' accounts may."""
    page: bytes | None
    """What a browser gets at GET, or None for nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a plan showed: the data as JSON, whose records it holds, how many rows, and how new it is."""

    data: bytes
    child_ids: bytes
    rows: int
    positions: bytes


class Looks:
    """Looks, and records them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.operations = Operations(surroundings.schema)

    async def require_fresh(self, principal: Principal, fields: tuple[str, ...]) -> None:
        """Returns where what is shown is new enough for grants that end with a task; raises `TooOld`."""
        if rests_on_a_task(principal, fields):
            await self.surroundings.freshness.require()

    async def look(self, principal: Principal, plan: Plan, variables: Mapping[str, Any]) -> Look:
        """What a plan shows a caller now, by one statement; nobody may be told of it before it is recorded.

        A deep cursor or a date out of range is the database's to refuse, and the caller's mistake: raises `BadArgument`.
        """
        reader, clock = self.surroundings.reader, self.surroundings.clock
        statement = plan.asked(variables, reach=principal.parameters, today=china_date(clock.now()))
        try:
            data, child_ids, rows, positions = await reader.answer(statement, claims=principal.claims)
        except psycopg.DataError:
            raise BadArgument(OUT_OF_RANGE) from None
        return Look(data, child_ids, int(rows), positions)

    async def record_look(
        self, principal: Principal, operation: Operation, fields: tuple[str, ...], look: Look
    ) -> None:
        """Records what is about to leave; raises `NotRecorded`."""
        await self.record(
            principal,
            operation,
            decision="answered",
            fields=fields,
            child_ids=msgspec.Raw(look.child_ids),
            rows=look.rows,
            positions=look.positions,
        )

    async def record_not_approved(self, principal: Principal) -> None:
        """Records that a purpose is not approved; what was asked isn't even read."""
        await self.surroundings.receipts.record(
            Receipt(
                at=self.surroundings.clock.now(),
                actor=principal.actor,
                department=principal.unit,
                purpose=principal.purpose,
                operation="not_approved",
                document_hash="",
                decision="denied",
                policy_version=self.surroundings.policy.version,
            )
        )

    async def record(
        self,
        principal: Principal,
        operation: Operation,
        *,
        decision: Decision,
        fields: tuple[str, ...] = (),
        child_ids: tuple[UUID, ...] | msgspec.Raw = (),
        about: UUID | None = None,
        rows: int = 0,
        positions: bytes = b"{}",
    ) -> None:
        """Records a look or a refusal; raises `NotRecorded`."""
        receipt = Receipt(
            at=self.surroundings.clock.now(),
            actor=principal.actor,
            department=principal.unit,
            purpose=principal.purpose,
            operation=operation.name,
            document_hash=operation.hash,
            decision=decision,
            policy_version=self.surroundings.policy.version,
            child_ids=child_ids,
            about=about,
            rows=rows,
            fields=fields,
            positions=msgspec.Raw(positions),
        )
        try:
            await self.surroundings.receipts.record(receipt)
        except NotRecorded:
            count("baoxue.receipts.missing")
            raise
        kind = operation.definition.operation.value
        count("baoxue.reads", kind=kind, decision=decision, department=principal.grants.kind)


def error_of(cause: Exception | None, *, said: str = "") -> tuple[str, str]:
    """Code and words of what went wrong: ours in their own words, mistakes of the document as it was `said`, everything else
    without words."""
    match cause:
        case ServiceError():
            return cause.code, str(cause)
        case BadArgument():
            return "BAD_REQUEST", str(cause)
        case psycopg.DataError():  # a text that is none, a date out of range
            return "BAD_REQUEST", OUT_OF_RANGE
        case ReadModelUnavailable() | VaultUnavailable() | TimeoutError():
            return "UNAVAILABLE", "Try again."
        case CommandUncertain():
            message = "The service gave no answer; it may have acted."
            return "UNCERTAIN", f"{message} Send the same request again with its Idempotency-Key."
        case None | GraphQLError():
            return "BAD_REQUEST", said
        case _:
            _log.error("a resolver failed: %s", type(cause).__name__)
            return "INTERNAL", "Something failed here; it was noted."


def shown_error(code: str, message: str) -> dict[str, Any]:
    """An error as callers see it."""
    return {"message": message, "extensions": {"code": code}}
