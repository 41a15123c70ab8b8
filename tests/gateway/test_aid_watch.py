"""Whether aid arrives where it should: every kind of disagreement is asked about while it stands, and sums are made twice."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import psycopg
import pytest

from services.chassis.working_days import add_working_days
from tests.gateway import county
from tests.gateway.conftest import Asking
from tests.gateway.test_files_field_check import get

OFFICE = ("education_bureau:410326", "assistance")
ELSEWHERE = ("education_bureau:410327", "assistance")
TERM, BEFORE = "2026-2027-1", "2025-2026-2"
AMOUNT = 62500


@dataclass
class School:
    """A school of Xiaodian whose rows are put together here, and written at once."""

    code: str = field(default_factory=lambda: f"31{uuid4().int % 10**8:08}")
    rows: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def pupil(
        self, *, eligible: bool = True, until_on: date | None = None, state: str = "in_seat", left_behind: bool = False
    ) -> UUID:
        child = uuid4()
        of_child = {"child_id": child, "township": county.XIAODIAN}
        accounted = {"accounted_state": state, "accounted_on": county.TODAY - timedelta(days=10)}
        self.rows.append(("child", {**of_child, **accounted, "school": self.code, "stage": "primary"}))
        if eligible:
            held = {"category": "near_poverty", "from_on": date(2026, 1, 1), "until_on": until_on}
            self.rows.append(("eligibility", {**of_child, **held, "eligibility_id": uuid4()}))
        if left_behind:
            held = {"category": "left_behind", "from_on": date(2026, 1, 1), "until_on": None}
            self.rows.append(("eligibility", {**of_child, **held, "eligibility_id": uuid4()}))
        return child

    def award(
        self,
        child: UUID,
        *,
        term: str = TERM,
        state: str = "granted",
        granted_on: date = county.TODAY,
        paid: int = 0,
        programme: str = "living_allowance",
        category: str = "",
        excludes: tuple[str, ...] = (),
        standing: UUID | None = None,
    ) -> UUID:
        award_id = uuid4()
        category = category or ("left_behind" if programme == "clothing" else "near_poverty")
        of_term = {"programme": programme, "term": term, "amount_fen": AMOUNT, "category": category}
        self.rows.append(
            (
                "award",
                {
                    **of_term,
                    "award_id": award_id,
                    "child_id": child,
                    "township": county.XIAODIAN,
                    "granted_on": granted_on,
                    "state": state,
                    "paid_fen": paid,
                    "excludes": list(excludes),
                    "standing": standing,
                    "set_aside_on": county.TODAY if state == "set_aside" else None,
                },
            )
        )
        return award_id

    def payment(self, child: UUID, award_id: UUID, *, list_id: UUID | None = None, **days: date | None) -> None:
        of = {"payment_id": uuid4(), "child_id": child, "township": county.XIAODIAN, "award_id": award_id}
        told = {"listed_on": county.TODAY, "paid_on": None, "refused_on": None, "returned_on": None, **days}
        self.rows.append(("payment", {**of, **told, "list_id": list_id, "paid_fen": AMOUNT if told["paid_on"] else 0}))

    def list(self, *, total: int) -> UUID:
        list_id = uuid4()
        of_term = {"programme": "living_allowance", "term": TERM, "school": self.code, "township": county.XIAODIAN}
        self.rows.append(("payment_list", {**of_term, "list_id": list_id, "total_fen": total, "state": "approved"}))
        return list_id


@pytest.fixture
def school() -> School:
    """A school of its own each time."""
    return School()


def put(gateway: Asking, school: School) -> None:
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(connection, school.rows, counted=False)


def watched(gateway: Asking, school: School, *, kind: str = "", by: Any = OFFICE) -> dict[tuple[str, str], int]:
    narrowed = f', kind: "{kind}"' if kind else ""
    query = f"""{{ aidWatch(term: "{TERM}", school: "{school.code}", first: 100{narrowed}) {{
        nodes {{ id kind childId amountFen owner child {{ id }} }} }} }}"""
    nodes = gateway.ask(query, by=by).data["aidWatch"]["nodes"]
    assert all(node["child"]["id"] == node["childId"] for node in nodes)
    return {(node["kind"], node["childId"]): node["amountFen"] for node in nodes}


def test_every_disagreement_about_a_childs_aid_is_asked_about(gateway: Asking, school: School) -> None:
    today = county.TODAY
    fine, never, lapsed, unpaid = (school.pupil() for _ in range(4))
    not_eligible = school.pupil(until_on=date(2026, 9, 1))
    left, twice = school.pupil(state="transferred_out"), school.pupil()
    school.payment(fine, school.award(fine, state="paid", paid=AMOUNT), paid_on=today)
    school.award(lapsed, term=BEFORE, state="paid", paid=AMOUNT)
    school.award(unpaid, granted_on=today - timedelta(days=61))
    school.payment(not_eligible, school.award(not_eligible, state="paid", paid=AMOUNT), paid_on=today)
    school.payment(left, school.award(left, state="paid", paid=AMOUNT), paid_on=today)
    school.award(twice, state="set_aside", paid=AMOUNT)
    put(gateway, school)

    assert watched(gateway, school) == {
        ("eligible_not_granted", str(never)): 0,
        ("recognition_lapsing", str(lapsed)): AMOUNT,
        ("eligible_not_paid", str(unpaid)): AMOUNT,
        ("paid_not_eligible", str(not_eligible)): AMOUNT,
        ("left_but_paid", str(left)): AMOUNT,
        ("paid_twice", str(twice)): AMOUNT,
    }
    assert list(watched(gateway, school, kind="paid_twice")) == [("paid_twice", str(twice))]
    assert watched(gateway, school, by=ELSEWHERE) == {}


def test_whoever_was_eligible_in_an_earlier_stretch_of_the_term_or_is_in_another_category_was_paid_rightly(
    gateway: Asking, school: School
) -> None:
    today, later = county.TODAY, date(2027, 4, 1)
    before, beside = school.pupil(eligible=False), school.pupil(until_on=date(2026, 8, 1), left_behind=True)
    stretches = [{"from_on": date(2026, 8, 1), "until_on": date(2026, 10, 1)}, {"from_on": later, "until_on": None}]
    of = {"eligibility_id": uuid4(), "child_id": before, "township": county.XIAODIAN, "category": "near_poverty"}
    school.rows.append(("eligibility", {**of, "from_on": later, "spans": stretches}))
    for child in (before, beside):
        school.payment(child, school.award(child, state="paid", paid=AMOUNT), paid_on=today)
    put(gateway, school)
    assert watched(gateway, school) == {("paid_not_eligible", str(beside)): AMOUNT}

    other = School(code=school.code)
    another = other.pupil(left_behind=True)
    other.payment(another, other.award(another, category="left_behind", state="paid", paid=AMOUNT), paid_on=today)
    put(gateway, other)
    assert watched(gateway, school) == {}


def test_what_was_paid_of_two_programmes_that_are_not_paid_together_is_asked_about(
    gateway: Asking, school: School
) -> None:
    child = school.pupil()
    standing = school.award(child, state="paid", paid=AMOUNT, excludes=("clothing",))
    school.award(child, state="set_aside", paid=AMOUNT, programme="clothing", standing=standing)
    put(gateway, school)
    assert watched(gateway, school) == {("paid_together", str(child)): AMOUNT}


def test_a_child_with_one_programme_is_not_asked_about_for_another_that_is_not_paid_with_it(
    gateway: Asking, school: School
) -> None:
    child, other, neither = (school.pupil(left_behind=True) for _ in range(3))
    school.award(child, excludes=("clothing",))
    school.award(other, programme="clothing", excludes=("living_allowance",))
    put(gateway, school)
    assert {asked for _, asked in watched(gateway, school)} == {str(neither)}


def test_every_question_says_by_when_it_is_to_be_answered(gateway: Asking, school: School) -> None:
    late, fresh = school.pupil(), school.pupil()
    school.award(late, granted_on=county.TODAY - timedelta(days=61))
    school.award(fresh, state="set_aside", paid=AMOUNT)
    put(gateway, school)
    query = f'{{ aidWatch(term: "{TERM}", school: "{school.code}") {{ nodes {{ kind sinceOn dueOn overdue }} }} }}'
    found = {one["kind"]: one for one in gateway.ask(query, by=OFFICE).data["aidWatch"]["nodes"]}
    unpaid, twice = found["eligible_not_paid"], found["paid_twice"]
    assert unpaid["dueOn"] == str(add_working_days(date.fromisoformat(unpaid["sinceOn"]), 5))
    assert (unpaid["overdue"], twice["overdue"]) == (True, False)


def test_a_question_that_was_put_to_a_unit_says_to_whom_and_what_it_answered(gateway: Asking, school: School) -> None:
    child = school.pupil()
    award_id = school.award(child, state="set_aside", paid=AMOUNT)
    of = {"child_id": child, "township": county.XIAODIAN, "question_id": uuid4(), "award_id": award_id, "term": TERM}
    asked = {"kind": "paid_twice", "programme": "living_allowance", "owner": "school:3141000300"}
    days = {"asked_on": date(2026, 9, 1), "due_on": date(2026, 9, 9), "answered_on": date(2026, 9, 8)}
    school.rows.append(("aid_question", {**of, **asked, **days, "answer": "being_set_right"}))
    put(gateway, school)
    query = f'{{ aidWatch(term: "{TERM}", school: "{school.code}") {{ nodes {{ asked dueOn answer answeredOn }} }} }}'
    assert gateway.ask(query, by=OFFICE).data["aidWatch"]["nodes"] == [
        {"asked": "school:3141000300", "dueOn": "2026-09-09", "answer": "being_set_right", "answeredOn": "2026-09-08"}
    ]


def test_what_agrees_again_is_asked_about_no_longer(gateway: Asking, school: School) -> None:
    child = school.pupil()
    school.award(child, granted_on=county.TODAY - timedelta(days=61))
    put(gateway, school)
    assert ("eligible_not_paid", str(child)) in watched(gateway, school)
    with psycopg.connect(gateway.writer_dsn) as connection:
        connection.execute("update award set state = 'paid', paid_fen = amount_fen where child_id = %s", [child])
    assert watched(gateway, school) == {}


def test_a_child_that_left_after_it_was_paid_is_no_question(gateway: Asking, school: School) -> None:
    child = school.pupil(state="transferred_out")
    award_id = school.award(child, state="paid", paid=AMOUNT)
    school.payment(child, award_id, paid_on=county.TODAY - timedelta(days=20))
    put(gateway, school)
    assert watched(gateway, school) == {}


SUM = "granted grantedFen paidFen owedFen dueBackFen receivedFen sentBackFen refusedFen listedFen linesFen difference"


def summed(gateway: Asking, school: School, *, by: Any = OFFICE) -> dict[str, Any]:
    query = f'{{ aidSums(term: "{TERM}", programme: "living_allowance") {{ school {SUM} }} }}'
    [row] = [row for row in gateway.ask(query, by=by).data["aidSums"] if row.pop("school") == school.code]
    return row  # type: ignore[no-any-return]


def test_sums_of_a_school_agree_from_grant_to_bank(gateway: Asking, school: School) -> None:
    today = county.TODAY
    paid, returned, refused, waiting, twice = (school.pupil() for _ in range(5))
    sent = school.list(total=4 * AMOUNT)
    school.payment(paid, school.award(paid, state="paid", paid=AMOUNT), list_id=sent, paid_on=today)
    school.payment(returned, school.award(returned, state="returned"), list_id=sent, paid_on=today, returned_on=today)
    school.payment(refused, school.award(refused), list_id=sent, refused_on=today)
    school.payment(waiting, school.award(waiting), list_id=sent)
    school.payment(twice, school.award(twice, state="set_aside", paid=AMOUNT), listed_on=None, paid_on=today)
    put(gateway, school)

    assert summed(gateway, school, by="inspector") == {
        "granted": 4,
        "grantedFen": 4 * AMOUNT,
        "paidFen": AMOUNT,
        "owedFen": 3 * AMOUNT,
        "dueBackFen": AMOUNT,
        "receivedFen": 3 * AMOUNT,
        "sentBackFen": AMOUNT,
        "refusedFen": AMOUNT,
        "listedFen": 4 * AMOUNT,
        "linesFen": 4 * AMOUNT,
        "difference": "",
    }


def test_sums_that_do_not_agree_say_which(gateway: Asking, school: School) -> None:
    child = school.pupil()
    award_id = school.award(child, state="paid", paid=AMOUNT)
    school.payment(child, award_id, list_id=school.list(total=AMOUNT + 1))
    put(gateway, school)
    assert summed(gateway, school)["difference"] == "awards_and_payments lists_and_lines"


def test_sums_of_a_township_and_of_the_county_are_those_of_their_schools_to_the_fen(
    gateway: Asking, school: School
) -> None:
    child = school.pupil()
    school.award(child, state="paid", paid=AMOUNT)
    school.payment(child, school.award(child, term=BEFORE), list_id=school.list(total=AMOUNT + 7))
    put(gateway, school)
    names = SUM.split()[:-1]

    def sums(by: str) -> list[dict[str, Any]]:
        query = f'{{ aidSums(term: "{TERM}", programme: "living_allowance", by: "{by}") {{ township school {SUM} }} }}'
        return gateway.ask(query, by="inspector").data["aidSums"]  # type: ignore[no-any-return]

    schools, townships, [county_sums] = sums("school"), sums("township"), sums("county")
    for name in names:
        assert county_sums[name] == sum(one[name] for one in schools) == sum(one[name] for one in townships)
    assert {one["township"] for one in townships} == {one["township"] for one in schools}
    assert (county_sums["township"], county_sums["school"]) == ("", "")
    assert {one["school"] for one in townships} == {""}
    assert county_sums["difference"], "what does not agree at a school does not agree above it"


def test_how_far_the_recognition_of_a_term_has_come_is_told_by_school(gateway: Asking, school: School) -> None:
    granted, listed, paid = (school.pupil() for _ in range(3))
    school.pupil()
    school.pupil(eligible=False)
    excluded = school.pupil(left_behind=True)
    school.award(granted)
    school.payment(listed, school.award(listed), list_id=school.list(total=AMOUNT))
    school.award(paid, state="paid", paid=AMOUNT)
    school.award(excluded, programme="clothing", excludes=("living_allowance",))
    put(gateway, school)
    query = f"""{{ recognitionProgress(programme: "living_allowance", term: "{TERM}", township: "{county.XIAODIAN}") {{
        school expected granted waiting listed paid }} }}"""
    [row] = [one for one in gateway.ask(query, by=OFFICE).data["recognitionProgress"] if one["school"] == school.code]
    assert row == {"school": school.code, "expected": 4, "granted": 3, "waiting": 1, "listed": 1, "paid": 1}


def test_a_terms_sums_and_questions_are_a_workbook_that_is_recorded(gateway: Asking, school: School) -> None:
    child = school.pupil()
    school.award(child, granted_on=county.TODAY - timedelta(days=61))
    put(gateway, school)
    answered = get(gateway, f"/files/aid?term={TERM}", by=OFFICE)
    assert answered.status_code == 200, answered.text
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], child in receipt["child_ids"]) == ("export_aid", True)

    book: Any = openpyxl.load_workbook(BytesIO(answered.content))
    assert book.sheetnames == ["全县", "乡镇", "学校", "待办"]
    of_schools, questions = (list(book[name].iter_rows(values_only=True)) for name in ("学校", "待办"))
    [sums] = [row for row in of_schools if school.code in row]
    assert (sums[3], sums[4], sums[6]) == (1, "625.00", "625.00")
    [asked] = [row for row in questions if school.code in row]
    assert (asked[0], asked[2], asked[6], asked[9]) == ("应发未发", str(child), "625.00", "是")


@pytest.mark.parametrize(("by", "status"), [(ELSEWHERE, 200), (("school:3141000300", "assistance"), 403)])
def test_a_terms_workbook_holds_what_its_reader_may_see(gateway: Asking, by: Any, status: int) -> None:
    answered = get(gateway, f"/files/aid?term={TERM}", by=by)
    assert answered.status_code == status
    assert not [receipt for receipt in gateway.receipts_of() if receipt["child_ids"]]


def test_what_is_no_term_is_refused_in_words(gateway: Asking) -> None:
    reply = gateway.ask('{ aidSums(term: "2026") { school } }', by=OFFICE)
    assert (reply.code, "2026-2027-1" in reply.message) == ("BAD_REQUEST", True)
