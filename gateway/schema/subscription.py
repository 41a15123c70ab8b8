"""What a department may follow 订阅: fields of Query, shown again whenever what they show has changed.

Each is the field of Query of the same name, with its arguments, rights, scope and masks, so nothing can be followed that can't be
asked for. The stream serves them by the compiler (`gateway/stream.py`) and never by a resolver of their own.
"""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import strawberry

from gateway.schema.cases import Case, Referral
from gateway.schema.deliveries import Delivery
from gateway.schema.notify import Notice
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection
from services.chassis.errors import Refused


async def _by_the_stream() -> AsyncGenerator[Any, None]:
    raise Refused("A subscription goes over a WebSocket.")
    yield


@strawberry.type(
    description="What departments may follow 订阅: the answer as it is, and again whenever it has changed."
)
class Subscription:
    """Fields of Query that can be followed."""

    @strawberry.subscription(description="个案 one case, and again when it has changed")
    def case(self, id: UUID) -> AsyncGenerator[Case | None, None]:  # noqa: A002, ARG002
        """One case, or null."""
        return _by_the_stream()

    @strawberry.subscription(description="送册 one delivery of register files, and again as it goes on")
    def delivery(self, id: UUID) -> AsyncGenerator[Delivery | None, None]:  # noqa: A002, ARG002
        """One delivery, or null."""
        return _by_the_stream()

    @strawberry.subscription(description="转办 referrals of my area, or to my unit, and again when one came or changed")
    def referrals(
        self,
        state: str | None = None,  # noqa: ARG002
        to_unit: str | None = None,  # noqa: ARG002
        purpose: str | None = None,  # noqa: ARG002
        open: bool | None = None,  # noqa: A002, ARG002
        overdue: bool | None = None,  # noqa: ARG002
        first: int = PAGE,  # noqa: ARG002
        after: str | None = None,  # noqa: ARG002
    ) -> AsyncGenerator[Connection[Referral], None]:
        """A page of referrals."""
        return _by_the_stream()

    @strawberry.subscription(description="通知 notices to my unit, or of my area, and again when one came or changed")
    def notices(
        self,
        state: str | None = None,  # noqa: ARG002
        first: int = PAGE,  # noqa: ARG002
        after: str | None = None,  # noqa: ARG002
    ) -> AsyncGenerator[Connection[Notice], None]:
        """A page of notices."""
        return _by_the_stream()
