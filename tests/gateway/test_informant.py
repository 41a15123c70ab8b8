"""Who told a report of the public is read by whom the head allowed, one at a time, and each look names the report."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gateway.readmodel.migrate import migrate
from gateway.readmodel.projection import apply
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.replay import Replay
from services.chassis.log import Message
from services.contracts.cases import PublicReportReceived
from services.contracts.oversight import PublicReportHandled, PublicReportInformantNamed
from tests.gateway import county
from tests.gateway.conftest import Asking, Reply
from tests.gateway.readmodel.story import DAY, Story, made, sealed
from tests.gateway.readmodel.telling import TestVault, case_story, envelope

QUERY = "query($id: UUID!) { informant(reportId: $id) { reportId receiptNumber contact } }"
WHO_TOLD = "沈大妈 13800000000"
NAMED, UNNAMED, ELSEWHERE, ERASED = (str(made("report", number)) for number in range(4))
BUREAU = ("education_bureau:410326", "informant_contact")
ORDERED = ("supervision:410326", "supervision_order")
CHILD, CASE = made("child", 1), made("case", 1, 1)


def report(number: int, *, township: str, informant: str, case: Any = None) -> Story:
    """A report of the public that was taken in, and led to a case where one is named."""
    report_id = made("report", number)
    told = [
        PublicReportReceived(
            report_id=report_id,
            receipt_number=f"JB{number}",
            township=township,
            received_on=DAY,
            text=sealed(report_id, "窑厂有童工"),
        )
    ]
    if informant:
        told.append(
            PublicReportInformantNamed(report_id=report_id, informant=sealed(made("informant", number), informant))
        )
    if case is not None:
        told.append(
            PublicReportHandled(
                report_id=report_id,
                receipt_number=f"JB{number}",
                township=township,
                outcome="case_opened",
                case_id=case,
                handled_on=DAY,
            )
        )
    return Story("cases", report_id, tuple(told))


STORIES = (
    case_story(1, 1, ("begun",)),
    report(0, township=county.XIAODIAN, informant=WHO_TOLD, case=CASE),
    report(1, township=county.XIAODIAN, informant=""),
    report(2, township=county.ELSEWHERE, informant=WHO_TOLD),
    report(3, township=county.XIAODIAN, informant=WHO_TOLD),
)


@pytest.fixture(scope="module")
def vault() -> TestVault:
    return TestVault(shredded={made("informant", 3)})


@pytest.fixture(scope="module")
def asking(module_database: Any, vault: TestVault) -> Iterator[Asking]:
    """A gateway over reports of the public, each told as the services tell it."""
    fresh = module_database("gateway", migrate=migrate)
    told = [(story, number) for story in STORIES for number in range(len(story.events))]
    messages = [
        Message("cases/0", envelope(story, number, position=place))
        for place, (story, number) in enumerate(told, start=1)
    ]
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        apply(connection, messages, since={}, opener=vault)
        approved = [("warrant", county.warrant("approval", *who)) for who in (BUREAU, ORDERED)]
        order = county.warrant("order", *ORDERED, child_id=CHILD, township=county.XIAODIAN)
        county.insert(connection, [*approved, ("warrant", order)])
    reader = fresh.dsn("gateway_reader")
    asking = Asking(
        reader_dsn=reader,
        writer_dsn=fresh.dsn("gateway_writer"),
        owner_dsn=fresh.superuser,
        supervision=Answers(replay=Replay(dsn=reader, opener=vault), informants=Informants(dsn=reader, opener=vault)),
    )
    yield asking
    asking.close()


def ask(asking: Asking, report_id: str, *, by: tuple[str, str] = BUREAU) -> Reply:
    return asking.ask(QUERY, {"id": report_id}, by=by)


def test_an_officer_whom_the_head_allowed_reads_who_told_a_report_and_the_look_names_it(asking: Asking) -> None:
    shown = ask(asking, NAMED).data["informant"]

    assert shown == {"reportId": NAMED, "receiptNumber": "JB0", "contact": WHO_TOLD}
    [receipt] = asking.receipts_of()
    assert (str(receipt["about"]), receipt["purpose"], receipt["child_ids"]) == (NAMED, "informant_contact", [CHILD])
    assert "Informant.contact" in receipt["fields"]


def test_a_look_is_recorded_also_where_no_child_is_known_yet(asking: Asking) -> None:
    assert ask(asking, UNNAMED).data["informant"]["contact"] == ""

    [receipt] = asking.receipts_of()
    assert (str(receipt["about"]), receipt["child_ids"]) == (UNNAMED, [])


def test_who_was_erased_and_who_told_another_county_are_not_read(asking: Asking, vault: TestVault) -> None:
    assert ask(asking, ERASED).data["informant"]["contact"] == ""
    opened = vault.opened

    assert ask(asking, ELSEWHERE).data["informant"] is None
    assert ask(asking, str(CASE)).data["informant"] is None
    assert vault.opened == opened


@pytest.mark.parametrize(
    "by",
    [
        ("education_bureau:410326", "dropout_control"),
        ("township:410326103", "dropout_control"),
        ("supervision:410326", "supervision"),
        ("procuratorate:410326", "legal_supervision"),
    ],
    ids=":".join,
)
def test_nobody_else_reads_an_informant(asking: Asking, by: tuple[str, str]) -> None:
    reply = ask(asking, NAMED, by=by)

    assert reply.code == "FORBIDDEN"
    assert WHO_TOLD not in str(reply.body)


def test_without_the_heads_approval_the_bureau_reads_none_either(asking: Asking) -> None:
    reply = ask(asking, NAMED, by=("education_bureau:410328", "informant_contact"))

    assert reply.code == "FORBIDDEN"
    assert "ask the head" in reply.message


def test_supervision_reads_who_told_of_the_child_its_order_names_and_of_no_other(asking: Asking) -> None:
    assert ask(asking, NAMED, by=ORDERED).data["informant"]["contact"] == WHO_TOLD
    assert ask(asking, UNNAMED, by=ORDERED).data["informant"] is None
    assert ask(asking, ERASED, by=ORDERED).data["informant"] is None


def test_supervision_lists_who_looked_at_an_informant(asking: Asking) -> None:
    ask(asking, UNNAMED)
    looks = "query($id: UUID!) { looks(about: $id) { nodes { actor purpose about } } }"
    with psycopg.connect(asking.writer_dsn) as connection:
        county.insert(connection, [("warrant", county.warrant("approval", "supervision:410326", "supervision"))])

    [*found] = asking.ask(looks, {"id": UNNAMED}, by="inspector").data["looks"]["nodes"]

    assert found
    assert {(look["purpose"], look["about"]) for look in found} == {("informant_contact", UNNAMED)}
