"""The schema as published, and what the gateway asks of the room that replays the past."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLSchema, is_scalar_type
from graphql import build_schema as build_graphql

from gateway.schema.replay import CaseReplay, ReplayedEvent
from gateway.schema.schema import build_schema
from gateway.schema.supervision import PartitionRow
from services.chassis.errors import Forbidden, NotFound, Refused, Stale
from tests.gateway import county
from tests.gateway.conftest import Asking

GATEWAY = Path(__file__).parents[2] / "gateway"
PUBLISHED = GATEWAY / "schema.graphql"


def test_the_schema_is_the_one_that_is_published() -> None:
    """After a change that is meant: `python -m gateway.schema.schema > gateway/schema.graphql`."""
    assert PUBLISHED.read_text(encoding="utf-8") == build_schema().as_str() + "\n"


CHINESE, ENGLISH = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2}")
DATED = re.compile(r"^(?P<since>\d{4}-\d{2}-\d{2}) until (?P<until>\d{4}-\d{2}-\d{2}): \S")
NOTICE_PERIOD = timedelta(days=180)
"""How long a partner has at least to follow a deprecation."""


def said_of(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Every type, field, argument and value of our own, with its place."""
    for name, kind in schema.type_map.items():
        if name.startswith("__") or is_scalar_type(kind):
            continue
        yield name, kind
        for member, definition in {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}.items():
            yield f"{name}.{member}", definition
            for argument, given in getattr(definition, "args", {}).items():
                yield f"{name}.{member}({argument}:)", given


def undated(schema: GraphQLSchema) -> list[str]:
    """Deprecations that don't say since when and until when, or give too little time."""
    wrong = []
    for place, definition in said_of(schema):
        reason = getattr(definition, "deprecation_reason", None)
        dated = DATED.match(reason or "")
        if reason is None:
            continue
        if dated is None or date.fromisoformat(dated["until"]) - date.fromisoformat(dated["since"]) < NOTICE_PERIOD:
            wrong.append(place)
    return wrong


def test_every_type_and_field_is_described_in_english_with_its_chinese_term() -> None:
    for place, definition in said_of(build_schema()._schema):
        if "(" not in place:
            assert CHINESE.search(definition.description or ""), place
            assert ENGLISH.search(definition.description or ""), place


def test_a_deprecation_says_since_when_and_until_when() -> None:
    assert undated(build_schema()._schema) == []


@pytest.mark.parametrize(
    ("reason", "is_refused"),
    [
        ("use name", True),
        ("2026-09-01: use name", True),
        ("2026-09-01 until 2026-10-01: use name", True),
        ("2026-09-01 until 2027-03-01: use name", False),
    ],
)
def test_a_deprecation_without_its_dates_is_refused(reason: str, is_refused: bool) -> None:
    schema = build_graphql(f'type Query {{ title: String @deprecated(reason: "{reason}") }}')

    assert undated(schema) == (["Query.title"] if is_refused else [])


def test_the_codes_of_errors_are_published_with_the_schema() -> None:
    said = "".join((GATEWAY / name).read_text("utf-8") for name in ("endpoint.py", "looks.py", "stream.py"))
    written = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', said))
    kinds = {kind.code for kind in (NotFound, Refused, Forbidden, Stale)}
    published = set(build_schema()._schema.type_map["ErrorCode"].values)

    assert written - {"GET"} | kinds == published


class Replaying:
    """A replay that knows one case and one line of the partition for two areas."""

    async def case_as_of(self, case_id: UUID, moment: datetime, *, on: date | None = None) -> CaseReplay:
        event = ReplayedEvent(at=moment, type="t", actor="a", department="d", purpose="p", producer="cases", position=1)
        return CaseReplay(
            case_id=case_id,
            as_of=moment,
            on=on,
            state="suspected",
            owed_step="verify",
            owed_by="school",
            owed_due_on=None,
            overdue=False,
            events=[event],
            looks=[],
        )

    async def partition_as_of(self, moment: datetime, *, on: date | None = None) -> Sequence[PartitionRow]:  # noqa: ARG002
        return [
            PartitionRow(township=township, township_name="", state="in_seat", dated=True, count=3)
            for township in (county.XIAODIAN, county.ELSEWHERE)
        ]


@pytest.fixture(scope="module")
def replaying(read_model: Any) -> Iterator[Asking]:
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
        supervision=Replaying(),
    )
    yield asking
    asking.close()


REPLAY = "query($id: UUID!, $at: DateTime!) { replayCase(id: $id, asOf: $at) { state asOf events { position } } }"
AT = "2026-09-01T08:00:00+08:00"


def test_an_inspector_replays_a_case_and_the_look_is_recorded(replaying: Asking) -> None:
    row = next(r for table, r in county.county_rows() if table == "case_file" and r["township"] == county.SANTUN)

    reply = replaying.ask(REPLAY, {"id": str(row["case_id"]), "at": AT}, by="inspector")

    assert reply.data["replayCase"]["asOf"] == "2026-09-01T00:00:00.000000+00:00"
    assert replaying.receipts_of()[0]["child_ids"] == [row["child_id"]]


def test_a_case_of_another_county_is_not_replayed(replaying: Asking) -> None:
    row = next(r for table, r in county.county_rows() if table == "case_file" and r["township"] == county.ELSEWHERE)

    assert replaying.ask(REPLAY, {"id": str(row["case_id"]), "at": AT}, by="inspector").code == "NOT_FOUND"


def test_a_replayed_partition_is_of_the_callers_area(replaying: Asking) -> None:
    query = f'{{ replayPartition(asOf: "{AT}") {{ township count }} }}'

    rows = replaying.ask(query, by="inspector").data["replayPartition"]

    assert rows == [{"township": county.XIAODIAN, "count": 3}]
    assert replaying.ask(query, by="xiaodian-officer").code == "FORBIDDEN"


def test_a_moment_needs_its_zone(replaying: Asking) -> None:
    query = '{ replayPartition(asOf: "2026-09-01T08:00:00") { count } }'

    assert replaying.ask(query, by="inspector").code == "BAD_REQUEST"
