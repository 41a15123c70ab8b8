"""The schema as one object: queries, mutations and subscriptions, and how dates and moments are written."""

import sys
from datetime import UTC, datetime
from functools import cache

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from gateway.schema.errors import ErrorCode
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.subscription import Subscription


def _write_moment(moment: datetime) -> str:
    """Moments in UTC to the microsecond, always: the compiler's SQL writes the same text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = "A moment needs its zone, such as 2026-09-01T08:00:00+08:00."
        raise ValueError(message)
    return moment


class QuietSchema(strawberry.Schema):
    """A schema that logs no error: the library's log would hold what a caller sent, and the endpoint notes the kind."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Says nothing."""


@cache
def build_schema() -> strawberry.Schema:
    """The gateway's schema, built once: it is the same for everybody."""
    return QuietSchema(
        Query,
        Mutation,
        Subscription,
        types=[ErrorCode],
        extensions=[ParserCache, ValidationCache],  # bounded; what is asked all day is read and validated once
        config=StrawberryConfig(
            scalar_map={
                datetime: strawberry.scalar(
                    name="DateTime",
                    description="A moment with its zone, ISO 8601 时间",
                    serialize=_write_moment,
                    parse_value=_read_moment,
                )
            },
        ),
    )


if __name__ == "__main__":
    sys.stdout.write(build_schema().as_str() + "\n")
