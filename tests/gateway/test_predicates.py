"""Questions with a yes or a no: what they tell, what they cost, and that trying numbers out is noticed."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gateway.access.rules import RULES
from gateway.commands import Service
from services.chassis.telemetry import Telemetry
from tests.fixtures.otlp import Collector
from tests.gateway import county
from tests.gateway.conftest import Asking, Notify, Reply

NAME, NUMBER = "孙小三", "410326201503050021"
ASK = "query Ask($name: String!, $number: String!) {{ said: {0}(name: $name, idNumber: $number) {{ answer asOf }} }}"


@pytest.fixture(scope="module")
def notify() -> Notify:
    return Notify()


@pytest.fixture(scope="module")
def asking(read_model: Any, notify: Notify) -> Iterator[Asking]:
    rows = [
        ("child", {"child_id": county.made("asked"), "township": county.SANTUN, "accounted_state": "in_seat", "disability_grade": "2"}),
        ("child_identity", {"child_id": county.made("asked"), "township": county.SANTUN, "name": NAME, "id_number": NUMBER, "id_last4": NUMBER[-4:]}),
        ("eligibility", {"eligibility_id": county.made("asked"), "child_id": county.made("asked"), "township": county.SANTUN, "category": "minimum_living", "from_on": county.TODAY}),
    ]  # fmt: skip
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        county.insert(connection, rows)
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
        services={"notify": Service("http://notify", notify)},
    )
    yield asking
    asking.close()


def ask(asking: Asking, what: str, *, by: tuple[str, str], actor: str, name: str = NAME, number: str = NUMBER) -> Reply:
    return asking.ask(ASK.format(what), {"name": name, "number": number}, by=by, actor=actor)


SCHOOL = (f"school:{county.SCHOOL}", "assistance")
LABOUR = ("human_resources:410326", "dropout_control")


@pytest.mark.parametrize(
    ("what", "by", "name", "number", "answer"),
    [
        ("identityMatches", LABOUR, NAME, NUMBER, "yes"),
        ("identityMatches", LABOUR, "钱某", NUMBER, "no"),
        ("identityMatches", LABOUR, NAME, "410326201503050099", "unknown"),
        ("enrolledThisTerm", LABOUR, NAME, NUMBER, "yes"),
        ("enrolledThisTerm", LABOUR, "钱某", NUMBER, "unknown"),
        ("holdsDisabilityCertificate", ("health:410326", "dropout_control"), NAME, NUMBER, "yes"),
        ("identityMatches", ("human_resources:410327", "dropout_control"), NAME, NUMBER, "unknown"),
    ],
)
def test_a_question_is_answered_with_yes_no_or_unknown(
    asking: Asking, what: str, by: tuple[str, str], name: str, number: str, answer: str
) -> None:
    told = ask(asking, what, by=by, actor="clerk-1", name=name, number=number).data["said"]

    assert told == {"answer": answer, "asOf": str(county.TODAY)}


def test_the_use_is_on_the_receipt_with_the_child_and_without_what_was_asked(asking: Asking) -> None:
    ask(asking, "enrolledThisTerm", by=LABOUR, actor="clerk-2")

    [receipt] = asking.receipts_of()
    assert (receipt["child_ids"], receipt["fields"], receipt["operation"]) == (
        [county.made("asked")],
        ["Query.enrolledThisTerm"],
        "Ask",
    )
    assert NUMBER not in str(receipt)
    with psycopg.connect(asking.owner_dsn) as connection:
        kept = connection.execute("select scope from predicate_use").fetchall()
    assert NUMBER not in str(kept)
    assert NAME not in str(kept)


def test_only_those_ask_whom_the_table_says_and_never_in_an_address(asking: Asking) -> None:
    assert ask(asking, "inMinimumLiving", by=LABOUR, actor="clerk-3").code == "FORBIDDEN"
    query = f'{{ identityMatches(name: "{NAME}", idNumber: "{NUMBER}") {{ answer }} }}'
    by_address = asking.send({}, token=asking.token(LABOUR), method="GET", params={"query": query})
    assert (by_address.status, by_address.code) == (405, "BAD_REQUEST")


def test_about_one_child_only_so_many_questions_a_day_are_answered(asking: Asking) -> None:
    told = [
        ask(asking, "identityMatches", by=("disabled_federation:410326", "disability_placement"), actor=f"a-{n}")
        for n in range(RULES.predicates.number_per_day + 1)
    ]

    assert all("errors" not in reply.body for reply in told[:-1])
    assert (told[-1].code, "child" in told[-1].message) == ("REFUSED", True)


def test_who_tries_numbers_out_is_stopped_for_the_day_and_an_officer_beside_goes_on(asking: Asking) -> None:
    by = ("civil_affairs:410326", "social_relief")
    for n in range(RULES.predicates.unknown_alarm):
        assert (
            ask(asking, "identityMatches", by=by, actor="clerk-4", number=f"4103262015030500{n:02d}").data["said"][
                "answer"
            ]
            == "unknown"
        )

    assert "supervision was told" in ask(asking, "identityMatches", by=by, actor="clerk-4").message
    assert ask(asking, "identityMatches", by=by, actor="clerk-5").data["said"]["answer"] == "yes"


def try_numbers(asking: Asking, *, by: tuple[str, str], actor: str) -> list[Reply]:
    """As many as raise the alarm, each of nobody."""
    return [
        ask(asking, "identityMatches", by=by, actor=actor, number=f"4103262016030500{n:02d}")
        for n in range(RULES.predicates.unknown_alarm)
    ]


def test_trying_numbers_out_is_counted_and_told_to_supervision_once(
    asking: Asking, notify: Notify, otlp: Collector
) -> None:
    by = ("market_supervision:410326", "dropout_control")
    notify.told.clear()
    with Telemetry(endpoint=otlp.endpoint, service="tests", share=0.0):
        tried = try_numbers(asking, by=by, actor="clerk-7")
    assert all(reply.data["said"]["answer"] == "unknown" for reply in tried)

    [alarm] = otlp.metrics("baoxue.predicates.alarms")
    assert (alarm.value, alarm.attributes) == (1, {"department": "market_supervision"})
    [notice] = notify.told
    assert (notice["recipient"], notice["reason"], notice["area"]) == ("supervision:410326", "numbers_tried", "410326")
    assert not {"clerk-7", NAME, NUMBER} & set(map(str, notice.values()))


def test_where_supervision_could_not_be_told_it_is_told_with_the_next_try(asking: Asking, notify: Notify) -> None:
    by = ("human_resources:410326", "dropout_control")
    notify.told.clear()
    notify.is_away = True
    *_, last = try_numbers(asking, by=by, actor="clerk-8")
    assert last.code == "UNCERTAIN"
    assert ask(asking, "identityMatches", by=by, actor="clerk-8").code == "UNCERTAIN"

    notify.is_away = False
    for _ in range(2):
        assert ask(asking, "identityMatches", by=by, actor="clerk-8").code == "REFUSED"
    assert len({(notice["cause"], notice["about"]) for notice in notify.told}) == 1


def test_an_officer_has_a_budget_a_day(asking: Asking) -> None:
    by = (f"township:{county.XIAODIAN}", "dropout_control")
    with psycopg.connect(asking.writer_dsn, autocommit=True) as writer:
        writer.execute(
            "insert into predicate_use (day, scope, used) values (%s, %s, %s)",
            [county.TODAY, f"officer:{by[0]}/clerk-6", RULES.predicates.officer_per_day],
        )

    assert "budget" in ask(asking, "identityMatches", by=by, actor="clerk-6").message
