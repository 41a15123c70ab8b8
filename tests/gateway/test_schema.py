"""The schema as published, and what the gateway asks of the room that replays the past."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.schema.schema import build_schema
from gateway.schema.supervision import CaseReplay, PartitionRow, ReplayedEvent
from tests.gateway import county
from tests.gateway.conftest import Asking

PUBLISHED = Path(__file__).parents[2] / "gateway" / "schema.graphql"


def test_the_schema_is_the_one_that_is_published() -> None:
    """After a change that is meant: `python -m gateway.schema.schema > gateway/schema.graphql`."""
    assert PUBLISHED.read_text(encoding="utf-8") == build_schema().as_str() + "\n"


def test_every_type_and_field_is_described() -> None:
    for name, kind in build_schema()._schema.type_map.items():
        if name.startswith("__") or not hasattr(kind, "fields") or name.endswith(("Edge", "Connection")):
            continue
        assert kind.description, name
        assert all(field.description for field in kind.fields.values()), name


class Replaying:
    """A replay that knows one case and one line of the partition for two areas."""

    async def case_as_of(self, case_id: UUID, moment: datetime) -> CaseReplay:
        event = ReplayedEvent(at=moment, type="t", actor="a", department="d", detail="", producer="cases", position=1)
        return CaseReplay(
            case_id=case_id,
            as_of=moment,
            state="suspected",
            owed_step="verify",
            owed_by="school",
            owed_due_on=None,
            overdue=False,
            events=[event],
        )

    async def partition_as_of(self, moment: datetime) -> Sequence[PartitionRow]:  # noqa: ARG002
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
