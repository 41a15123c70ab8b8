"""Approvals, consents, orders and break-glass: who may give them, what they open, and when that ends."""

# ruff: noqa: S608  # statements are made of this test's own words

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from gateway.access.rules import RULES
from gateway.commands import Service
from tests.gateway import county
from tests.gateway.conftest import Asking, Notify, Reply

POLICE = ("public_security:410326", "emergency")
MENTOR = ("womens_federation:410326", "mentoring")
PROSECUTOR = ("procuratorate:410327", "legal_supervision")
INSPECTOR = ("supervision:410326", "supervision")
BREAK = "mutation($child: UUID!, $why: String!) { breakGlass(childId: $child, reason: $why) { id child { name } } }"
WHY = "群众报警称孩子走失，需立即联系监护人"
NAME = "query($child: UUID!) { child(id: $child) { id name } }"
CHILDREN = [str(county.made("unwarranted", number)) for number in range(10)]
ELSEWHERE = CHILDREN[0]
UNTIL = str((county.NOW + timedelta(days=60)).date())


@pytest.fixture
def notify() -> Notify:
    return Notify()


@pytest.fixture
def desk(read_model: Any, notify: Notify) -> Iterator[Asking]:
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
        services={"notify": Service("http://notify", notify)},
    )
    yield asking
    asking.close()


@pytest.fixture(scope="module", autouse=True)
def unwarranted(read_model: Any) -> None:
    """Children nobody has a warrant for, and one of another county."""
    rows: list[tuple[str, dict[str, object]]] = []
    for number in range(len(CHILDREN)):
        township = county.ELSEWHERE if number == 0 else county.SANTUN
        rows.append(("child", {"child_id": CHILDREN[number], "township": township}))
        identity = {"child_id": CHILDREN[number], "township": township, "name": "李小二", "guardian_name": "李某"}
        rows.append(("child_identity", identity))
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        county.insert(connection, rows)


def break_glass(desk: Asking, child: str, *, by: str, why: str = WHY, key: UUID | None = None) -> Reply:
    headers = {} if key is None else {"idempotency-key": str(key)}
    body = {"query": BREAK, "variables": {"child": child, "why": why}}
    return desk.send(body, token=desk.token(POLICE, actor=by), headers=headers)


def test_break_glass_opens_one_child_for_two_hours_and_tells_head_and_supervision(desk: Asking, notify: Notify) -> None:
    child, other = CHILDREN[1:3]
    assert desk.ask(NAME, {"child": child}, by=POLICE, actor="officer-1").data == {"child": None}

    reply = break_glass(desk, child, by="officer-1")

    assert reply.data["breakGlass"]["child"]["name"]
    assert [(told["recipient"], told["reason"]) for told in notify.told[-2:]] == [
        ("public_security:410326", "glass_broken"),
        ("supervision:410326", "glass_broken"),
    ]
    [receipt] = desk.receipts_of()
    assert ([str(seen) for seen in receipt["child_ids"]], receipt["fields"][0]) == ([child], "Mutation.breakGlass")
    assert desk.ask(NAME, {"child": child}, by=POLICE, actor="officer-1").data["child"]["name"]
    assert desk.ask(NAME, {"child": other}, by=POLICE, actor="officer-1").data == {"child": None}
    assert desk.ask(NAME, {"child": child}, by=POLICE, actor="officer-2").data == {"child": None}
    desk.clock.step(timedelta(hours=RULES.emergency.opens_hours))
    assert desk.ask(NAME, {"child": child}, by=POLICE, actor="officer-1").data == {"child": None}


def test_the_same_request_again_breaks_no_second_glass(desk: Asking) -> None:
    child, key = CHILDREN[2], uuid4()

    first, second = (break_glass(desk, child, by="officer-3", key=key).data["breakGlass"]["id"] for _ in range(2))

    assert first == second


def test_where_nobody_can_be_told_no_glass_is_broken(desk: Asking, notify: Notify) -> None:
    child = CHILDREN[3]
    notify.is_away = True
    try:
        assert break_glass(desk, child, by="officer-4").code == "UNCERTAIN"
    finally:
        notify.is_away = False
    assert desk.ask(NAME, {"child": child}, by=POLICE, actor="officer-4").data == {"child": None}


def test_break_glass_wants_a_reason_and_a_child_of_the_county(desk: Asking) -> None:
    assert break_glass(desk, CHILDREN[4], by="officer-5", why="急").code == "REFUSED"
    elsewhere = break_glass(desk, ELSEWHERE, by="officer-5")
    nowhere = break_glass(desk, str(uuid4()), by="officer-5")
    assert elsewhere == nowhere
    assert elsewhere.code == "NOT_FOUND"


REVIEW = 'mutation($id: UUID!) { reviewBreakGlass(warrantId: $id, justified: true, remark: "已核实接警记录，情况属实") { id } }'
UNREVIEWED = "{ warrants(unreviewed: true, first: 200) { nodes { id actor childId reviewDueAt } } }"


def test_who_broke_the_glass_breaks_no_other_until_somebody_else_has_reviewed_it(desk: Asking) -> None:
    first, second = CHILDREN[5:7]
    broken = break_glass(desk, first, by="officer-6").data["breakGlass"]["id"]
    assert broken in {one["id"] for one in desk.ask(UNREVIEWED, by=INSPECTOR).data["warrants"]["nodes"]}
    desk.clock.step(timedelta(hours=RULES.emergency.review_within_hours, minutes=1))
    assert "review" in break_glass(desk, second, by="officer-6").message
    mine = desk.send(
        {"query": REVIEW, "variables": {"id": broken}}, token=desk.token(POLICE, actor="officer-6", role="head")
    )
    assert mine.code == "FORBIDDEN"
    assert desk.ask(REVIEW, {"id": broken}, by=POLICE, actor="officer-7").code == "FORBIDDEN"
    assert desk.ask(REVIEW, {"id": broken}, by=POLICE, actor="chief", role="head").data
    assert break_glass(desk, second, by="officer-6").data
    assert broken not in {one["id"] for one in desk.ask(UNREVIEWED, by=INSPECTOR).data["warrants"]["nodes"]}


APPROVE = 'mutation($who: String!, $until: Date!) { approvePurpose(officer: $who, until: $until, reason: "岗位分工调整，承办本项工作") { id } }'
END = 'mutation($id: UUID!) { endWarrant(warrantId: $id, reason: "事项已经办结，不再需要") { id } }'


def test_a_purpose_that_needs_approval_opens_nothing_until_the_head_approves_and_nothing_after_it_ends(
    desk: Asking,
) -> None:
    def looks() -> Reply:
        return desk.ask("{ children { nodes { id } } }", by=PROSECUTOR, actor="officer-8")

    assert (looks().code, looks().status) == ("FORBIDDEN", 200)
    [receipt] = desk.receipts_of()
    assert (receipt["decision"], receipt["actor"], receipt["operation"]) == ("denied", "officer-8", "not_approved")
    given = {"who": "officer-8", "until": UNTIL}
    assert desk.ask(APPROVE, given, by=PROSECUTOR, actor="chief", role="officer").code == "FORBIDDEN"
    assert desk.ask(APPROVE, {**given, "who": "chief"}, by=PROSECUTOR, actor="chief", role="head").code == "FORBIDDEN"
    far = {"who": "officer-8", "until": str((county.NOW + timedelta(days=999)).date())}
    assert desk.ask(APPROVE, far, by=PROSECUTOR, actor="chief", role="head").code == "REFUSED"

    approved = desk.ask(APPROVE, given, by=PROSECUTOR, actor="chief", role="head").data["approvePurpose"]["id"]

    assert looks().data
    assert desk.ask("{ children { nodes { id } } }", by=PROSECUTOR, actor="officer-9").code == "FORBIDDEN"
    assert desk.ask(END, {"id": approved}, by=PROSECUTOR, actor="chief", role="head").data
    assert looks().code == "FORBIDDEN"


CONSENT = """mutation($child: UUID!, $until: Date!, $paper: String!, $by: String! = "mother", $form: String! = "spoken", $on: Date!,
    $fields: [String!], $view: String! = "agrees", $scan: UUID, $witness: String! = "witness-1") {
    recordConsent(childId: $child, unitKind: "womens_federation", purpose: "mentoring", until: $until, paper: $paper, givenBy: $by,
      form: $form, statedOn: $on, fields: $fields, ownView: $view, scanId: $scan, witness: $witness) { id } }"""
WITHDRAW = """mutation($id: UUID!, $by: String! = "mother", $on: Date!) {
    withdrawConsent(warrantId: $id, withdrawnBy: $by, form: "spoken", statedOn: $on) { id } }"""
TODAY = str(county.TODAY)
GIVEN = {"until": UNTIL, "paper": "同意书 2026-17", "on": TODAY}


def test_a_guardians_consent_opens_the_child_to_its_mentors_and_taking_it_back_closes_it(desk: Asking) -> None:
    child = CHILDREN[9]
    assert desk.ask(NAME, {"child": child}, by=MENTOR).data == {"child": None}
    given = {**GIVEN, "child": child}
    assert desk.ask(CONSENT, {**given, "paper": " "}, by="santun-officer").code == "REFUSED"
    assert desk.ask(CONSENT, given, by="xiaodian-officer").code == "NOT_FOUND"
    assert desk.ask(CONSENT, given, by=MENTOR).code == "FORBIDDEN"

    consent = desk.ask(CONSENT, given, by="santun-officer").data["recordConsent"]["id"]

    assert desk.ask(NAME, {"child": child}, by=MENTOR).data["child"]["name"]
    assert desk.ask(END, {"id": consent}, by="bureau-office").code == "FORBIDDEN"
    assert desk.ask(WITHDRAW, {"id": consent, "on": TODAY}, by="xiaodian-officer").code == "NOT_FOUND"
    assert desk.ask(WITHDRAW, {"id": consent, "on": TODAY, "by": "neighbour"}, by="bureau-office").code == "REFUSED"
    assert desk.ask(WITHDRAW, {"id": consent, "on": TODAY}, by="bureau-office").data  # whoever took it in
    assert desk.ask(NAME, {"child": child}, by=MENTOR).data == {"child": None}
    assert desk.resolve(NAME, {"child": child}, by=MENTOR).data == {"child": None}
    lines = desk.ask(REGISTER, {"child": child}, by="santun-officer").data["consents"]["nodes"]
    assert [(line["takenFor"], line["withdrawnBy"], line["withdrawnOn"]) for line in lines] == [
        (f"township:{county.SANTUN}", "mother", TODAY)
    ]


REGISTER = "query($child: UUID!) { consents(childId: $child) { nodes { id fields takenFor withdrawnBy withdrawnOn } } }"
CARD = "query($child: UUID!) { child(id: $child) { id name sex schoolName ageBand guardianName guardianPhone } }"


def test_of_what_a_guardian_left_out_nothing_is_shown_whichever_way_it_is_asked(desk: Asking, read_model: Any) -> None:
    child = CHILDREN[7]
    fields = [name for name in county.MENTORED if name not in {"guardianPhone", "ageBand"}]
    given = {**GIVEN, "child": child, "fields": fields}
    assert "schoolName" in desk.ask(CONSENT, {**given, "fields": ["id", "name"]}, by="santun-officer").message
    assert "idNumber" in desk.ask(CONSENT, {**given, "fields": [*fields, "idNumber"]}, by="santun-officer").message

    consent = desk.ask(CONSENT, given, by="santun-officer").data["recordConsent"]["id"]

    with psycopg.connect(read_model.dsn("gateway_writer"), autocommit=True) as writer:
        writer.execute(
            "update child_identity set guardian_phone = '13900000000', birth_date = '2015-01-01' where child_id = %s",
            [child],
        )
    shown = desk.ask(CARD, {"child": child}, by=MENTOR).data["child"]
    assert (shown["name"], shown["guardianName"], shown["guardianPhone"], shown["ageBand"]) == (
        "李小二",
        "李某",
        None,
        None,
    )
    assert desk.resolve(CARD, {"child": child}, by=MENTOR).data["child"] == shown
    named = '{ children(name: "李小二") { nodes { id } } }'
    assert desk.ask(named, by=MENTOR).code == "FORBIDDEN"
    assert desk.ask(WITHDRAW, {"id": consent, "on": TODAY}, by="santun-officer").data


def test_a_consent_is_shown_by_its_scan_or_a_witness_and_by_the_childs_own_view_from_fourteen(
    desk: Asking, read_model: Any
) -> None:
    child = CHILDREN[6]
    given = {**GIVEN, "child": child}

    def refusal(**more: object) -> str:
        return desk.ask(CONSENT, {**given, **more}, by="santun-officer").message

    assert "scan" in refusal(form="paper")
    assert "scan" in refusal(form="paper", scan=str(uuid4()))
    assert "second official" in refusal(witness="")
    assert "second official" in refusal(witness="santun-officer")
    assert "given by" in refusal(by="aunt")
    assert "today or before" in refusal(on=UNTIL)
    assert "does not agree" in refusal(view="disagrees")
    assert "isn't known how old" in refusal(view="")
    with psycopg.connect(read_model.dsn("gateway_writer"), autocommit=True) as writer:
        birth = "update child_identity set birth_date = %s where child_id = %s"
        writer.execute(birth, [county.TODAY.replace(year=county.TODAY.year - 14), child])
        assert "From fourteen" in refusal(view="")
        writer.execute(birth, [county.TODAY.replace(year=county.TODAY.year - 14) + timedelta(days=9), child])
        assert str(county.TODAY + timedelta(days=8)) in refusal(view="")
    assert desk.ask(
        CONSENT, {**given, "view": "", "until": str(county.TODAY + timedelta(days=8))}, by="santun-officer"
    ).data


ORDER = 'mutation($child: UUID!, $until: Date!) { orderSupervision(childId: $child, until: $until, paper: "教督〔2026〕9号") { id } }'


def test_supervision_sees_whole_records_of_those_an_order_of_its_head_names(desk: Asking) -> None:
    child, ordered = CHILDREN[8], ("supervision:410326", "supervision_order")
    query = "query($child: UUID!) { child(id: $child) { name idNumber guardianName } }"
    assert desk.ask(query, {"child": child}, by=ordered).data == {"child": None}
    assert desk.ask(ORDER, {"child": child, "until": UNTIL}, by=INSPECTOR).code == "FORBIDDEN"

    assert desk.ask(ORDER, {"child": child, "until": UNTIL}, by=INSPECTOR, role="head").data

    assert "＊" not in desk.ask(query, {"child": child}, by=ordered).data["child"]["name"]


def test_a_token_about_one_case_reaches_its_child_alone_and_nothing_once_the_case_is_closed(
    desk: Asking, read_model: Any
) -> None:
    rows = county.county_rows()
    of_mine = [row for table, row in rows if table == "case_file" and row["township"] == county.XIAODIAN]
    case, child = str(of_mine[0]["case_id"]), str(of_mine[0]["child_id"])
    lists = "{ children(first: 200) { nodes { id } } cases(first: 200) { nodes { childId } } findings { nodes { childId } } }"

    data = desk.ask(lists, by="xiaodian-officer", case=case).data

    assert [node["id"] for node in data["children"]["nodes"]] == [child]
    assert {node["childId"] for part in ("cases", "findings") for node in data[part]["nodes"]} == {child}
    assert desk.resolve(lists, by="xiaodian-officer", case=case).data == data  # row security alone
    assert desk.ask(lists, by="santun-officer", case=case).code == "FORBIDDEN"
    with psycopg.connect(read_model.dsn("gateway_writer"), autocommit=True) as writer:
        writer.execute("update case_file set closed_on = %s where case_id = %s", [county.TODAY, case])
        try:
            assert desk.ask(lists, by="xiaodian-officer", case=case).code == "FORBIDDEN"
        finally:
            writer.execute("update case_file set closed_on = null where case_id = %s", [case])


@pytest.mark.parametrize("claims", [{"case": "no id"}, {"case": str(uuid4()), "referral": str(uuid4())}])
def test_a_token_about_something_that_is_none_or_about_two_things_names_nobody(
    desk: Asking, claims: dict[str, str]
) -> None:
    assert desk.ask("{ me { unit } }", by="xiaodian-officer", **claims).code == "UNAUTHENTICATED"


def test_warrants_can_neither_be_changed_nor_taken_away(read_model: Any) -> None:
    for role in ("gateway_writer", "gateway_reader", "gateway_owner"):
        for table in ("warrant", "warrant_end", "warrant_review", "consent", "consent_withdrawal"):
            for statement in (f"delete from {table}", f"truncate {table} cascade"):
                with (
                    psycopg.connect(read_model.dsn(role)) as connection,
                    pytest.raises(psycopg.errors.InsufficientPrivilege),
                ):
                    connection.execute(statement.encode())
