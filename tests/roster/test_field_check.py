"""The field check 摸排 from the list that goes out to the version that is countersigned, and what comes of it."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from httpx import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.chassis.clock import SteppedClock
from services.chassis.errors import Forbidden, NotFound, Refused
from services.chassis.http import Surroundings
from services.roster.domain.child import Child
from services.roster.domain.delivery import Delivery
from services.roster.domain.field_check import FOUND, FieldCheck, Found
from services.roster.domain.field_round import FieldRound
from services.roster.intake.field_sheets import CALLED, read_sheets
from services.roster.intake.worker import Worker
from services.roster.reconcile.door import FOUND as READABLE
from services.roster.reconcile.registers import FIELDS
from services.roster.service import build
from tests.chassis.things import NOON
from tests.fixtures.postgres import Databases
from tests.roster.conftest import KEY_SECRET, Office, open_office
from tests.roster.given import BUREAU, CHILD, MONDAY, OTHER_CHILD, acting_on, days, happened, replayed, state_of
from tests.roster.test_deliveries_api import Api

TOWNSHIP = "410326103"
OFFICER = f"township:{TOWNSHIP}"
VILLAGE = "410326103005"
CADRE = f"village:{VILLAGE}"
ROUND = "2026-autumn"
HEADER = "姓名,摸排结果,摸排日期,备注,名单编号,儿童编号"


def a_list(*children: UUID) -> FieldCheck:
    with acting_on():
        return FieldCheck.open(
            round=ROUND,
            township=TOWNSHIP,
            village=VILLAGE,
            children=children or (CHILD, OTHER_CHILD),
            due_on=MONDAY + days(14),
            today=MONDAY,
        )


def answered(check: FieldCheck, found: dict[UUID, Found], *, sheet: str, met: int = 0) -> FieldCheck:
    with acting_on(unit=CADRE):
        check.take(
            sheet=sheet,
            answers={child: (word, MONDAY) for child, word in found.items()},
            met=met,
            words_id=None,
            today=MONDAY,
        )
    return check


class TestAList:
    def test_is_one_for_a_village_and_round(self) -> None:
        assert a_list(CHILD).id == a_list(OTHER_CHILD).id

    @pytest.mark.parametrize("name", ["2026", "autumn", "2026-winter", "1999-autumn", "2026-autumn-1", "", "张三"])
    def test_is_of_a_round_that_is_called_like_one(self, name: str) -> None:
        with acting_on(), pytest.raises(Refused, match="2026-autumn"):
            FieldCheck.open(round=name, township=TOWNSHIP, village="", children=[CHILD], due_on=MONDAY, today=MONDAY)

    def test_has_children_and_a_day_that_is_not_past(self) -> None:
        with acting_on(), pytest.raises(Refused, match="1 to 5000"):
            FieldCheck.open(round=ROUND, township=TOWNSHIP, village="", children=[], due_on=MONDAY, today=MONDAY)
        with acting_on(), pytest.raises(Refused, match="past"):
            FieldCheck.open(
                round=ROUND, township=TOWNSHIP, village="", children=[CHILD], due_on=MONDAY - days(1), today=MONDAY
            )

    @pytest.mark.parametrize("unit", ["village:410326103006", "township:410326104", "school:3141000300", "village:"])
    def test_is_the_villages_its_townships_and_the_bureaus(self, unit: str) -> None:
        check = a_list()
        for own in (CADRE, OFFICER, BUREAU):
            check.must_be_of(own)
        with pytest.raises(Forbidden):
            check.must_be_of(unit)


class TestASheet:
    def test_says_what_was_found_of_some_and_nothing_of_the_others(self) -> None:
        check = answered(a_list(), {CHILD: "at_school_here"}, sheet="a")
        assert (check.found, check.unanswered, check.conflicts) == ({CHILD: "at_school_here"}, 1, {})

    def test_changes_nothing_the_second_time_nor_when_it_says_the_same(self) -> None:
        check = answered(a_list(), {CHILD: "at_school_here"}, sheet="a", met=1)
        answered(check, {CHILD: "at_school_here"}, sheet="a", met=1)
        answered(check, {CHILD: "at_school_here"}, sheet="saved again")
        assert happened(check) == ["Answered"]
        assert check.met == 1

    def test_that_contradicts_another_one_is_a_conflict_for_the_township_to_settle(self) -> None:
        check = answered(a_list(), {CHILD: "at_school_here", OTHER_CHILD: "abroad"}, sheet="a")
        answered(check, {CHILD: "out_of_school", OTHER_CHILD: "abroad"}, sheet="b")
        assert (check.conflicts, check.found[CHILD]) == ({CHILD: "at_school_here"}, "out_of_school")

        with acting_on(unit=OFFICER):
            check.settle(child_id=CHILD, found="at_school_here", reason="学校出具证明", today=MONDAY)

        assert (check.conflicts, check.found[CHILD]) == ({}, "at_school_here")

    def test_is_settled_only_where_there_is_a_conflict_and_by_one_of_the_two(self) -> None:
        check = answered(answered(a_list(), {CHILD: "dead"}, sheet="a"), {CHILD: "abroad"}, sheet="b")
        with acting_on(unit=OFFICER):
            with pytest.raises(Refused, match="dead and abroad"):
                check.settle(child_id=CHILD, found="moved_away", reason="听说", today=MONDAY)
            with pytest.raises(Refused, match="no two sheets"):
                check.settle(child_id=OTHER_CHILD, found="dead", reason="听说", today=MONDAY)
            with pytest.raises(Refused, match="number"):
                check.settle(child_id=CHILD, found="dead", reason="410326201506070590", today=MONDAY)

    def test_of_another_list_is_refused_whole(self) -> None:
        check = a_list(CHILD)
        with pytest.raises(Refused, match="not on this list"):
            answered(check, {CHILD: "dead", OTHER_CHILD: "dead"}, sheet="a")
        assert happened(check) == []


class TestARound:
    def test_is_handed_in_whole_locked_returned_mended_and_countersigned(self) -> None:
        check = answered(a_list(), {CHILD: "abroad"}, sheet="a")
        with acting_on(unit=OFFICER):
            standing = FieldRound.begin(round=ROUND, township=TOWNSHIP, lists=(check.id,))
            check.lock()
            standing.submit([check], sha256="x", by=OFFICER, today=MONDAY)
        with pytest.raises(Refused, match="locked"):
            answered(check, {OTHER_CHILD: "abroad"}, sheet="b")
        with acting_on():
            standing.give_back(1, reason="还有一名未摸排", by=BUREAU, today=MONDAY)
            check.unlock()
        answered(check, {OTHER_CHILD: "abroad"}, sheet="b")
        with acting_on(unit=OFFICER):
            check.lock()
            standing.submit([check], sha256="y", by=OFFICER, today=MONDAY)
        with acting_on():
            with pytest.raises(Refused, match="accepted or returned already"):
                standing.accept(1, delivery_id=None, by=BUREAU, today=MONDAY)
            standing.accept(2, delivery_id=None, by=BUREAU, today=MONDAY)
        assert happened(standing) == ["Submitted", "Returned", "Submitted", "Accepted"]
        assert [at.version for at in standing.submitted] == [check.version]
        with acting_on(), pytest.raises(Refused, match="countersigned"):
            standing.extend([uuid4()])

    def test_waits_for_conflicts_to_be_settled(self) -> None:
        check = answered(answered(a_list(), {CHILD: "dead"}, sheet="a"), {CHILD: "abroad"}, sheet="b")
        with acting_on(unit=OFFICER), pytest.raises(Refused, match="1 conflicts"):
            check.lock()

    def test_is_handed_in_by_its_township_and_decided_by_the_bureau(self) -> None:
        check = a_list()
        with acting_on():
            standing = FieldRound.begin(round=ROUND, township=TOWNSHIP, lists=(check.id,))
            with pytest.raises(Forbidden):
                standing.submit([check], sha256="x", by=BUREAU, today=MONDAY)
            with pytest.raises(Forbidden):
                standing.submit([check], sha256="x", by="township:410326104", today=MONDAY)
            standing.submit([check], sha256="x", by=OFFICER, today=MONDAY)
            with pytest.raises(Forbidden):
                standing.accept(1, delivery_id=None, by=OFFICER, today=MONDAY)
            with pytest.raises(NotFound):
                standing.accept(2, delivery_id=None, by=BUREAU, today=MONDAY)

    def test_does_not_change_a_list_that_is_out(self) -> None:
        check = a_list()
        with acting_on():
            standing = FieldRound.begin(round=ROUND, township=TOWNSHIP, lists=(check.id,))
            with pytest.raises(Refused, match="out already"):
                standing.extend([check.id])


class ManySheets(RuleBasedStateMachine):
    """Sheets in any order, settlements and hand-ins: held beside a plain book of who said what last."""

    def __init__(self) -> None:
        super().__init__()
        self.children = [UUID(int=number) for number in range(1, 5)]
        self.check = a_list(*self.children)
        self.said: dict[UUID, str] = {}
        self.open: dict[UUID, set[str]] = {}
        self.sheets = 0

    @precondition(lambda self: not self.check.is_locked)
    @rule(data=st.data())
    def a_sheet_comes_back(self, data: st.DataObject) -> None:
        answers = data.draw(
            st.dictionaries(st.sampled_from(self.children), st.sampled_from(["dead", "abroad", "moved_away"]))
        )
        self.sheets += 1
        answered(self.check, answers, sheet=str(self.sheets))
        for child, word in answers.items():
            if child in self.said and self.said[child] != word:
                self.open[child] = {self.said[child], word}
            self.said[child] = word

    @precondition(lambda self: self.open and not self.check.is_locked)
    @rule(data=st.data())
    def the_township_settles(self, data: st.DataObject) -> None:
        child = data.draw(st.sampled_from(sorted(self.open)))
        word = data.draw(st.sampled_from(sorted(self.open.pop(child))))
        with acting_on(unit=OFFICER):
            self.check.settle(child_id=child, found=word, reason="核实", today=MONDAY)
        self.said[child] = word

    @precondition(lambda self: not self.open and not self.check.is_locked)
    @rule()
    def it_is_handed_in(self) -> None:
        with acting_on(unit=OFFICER):
            self.check.lock()

    @precondition(lambda self: self.check.is_locked)
    @rule()
    def it_is_returned(self) -> None:
        with acting_on():
            self.check.unlock()

    @invariant()
    def what_is_known_is_what_was_said_last(self) -> None:
        assert self.check.found == self.said
        assert self.check.conflicts.keys() == self.open.keys()
        assert self.check.unanswered + len(self.said) == len(self.children)
        assert state_of(replayed(self.check)) == state_of(self.check)


TestManySheets = ManySheets.TestCase
TestManySheets.settings = settings(max_examples=30, stateful_step_count=15)


# --- through the service ---------------------------------------------------------------------------------------------


@dataclass
class Village:
    """The service's face, two children in a village, and the list that is out for it."""

    office: Office
    api: Api
    worker: Worker
    round: str = ""
    check_id: UUID = CHILD

    def headers(self, unit: str, key: UUID | None = None) -> dict[str, str]:
        return {
            "authorization": "Bearer secret",
            "idempotency-key": str(key or uuid4()),
            "x-actor": "officer-1",
            "x-department": unit,
            "x-purpose": "dropout_control",
        }

    def command(self, name: str, *, unit: str = BUREAU, **arguments: Any) -> Response:
        return self.api.post(f"/commands/{name}", json=arguments, headers=self.headers(unit))

    def sheet(self, *lines: str, header: str = HEADER) -> bytes:
        return "\n".join((header, *lines)).encode("gb18030")

    def bring(self, *sheets: bytes, unit: str = CADRE, key: UUID | None = None) -> Response:
        files = [("files", (f"{number}.csv", sheet)) for number, sheet in enumerate(sheets, start=1)]
        return self.api.post("/field-checks", files=files, headers=self.headers(unit, key))

    def line(self, child: object, found: str, *, name: str = "燕归来", note: str = "", visited: str = "") -> str:
        return f"{name},{found},{visited},{note},{self.check_id},{child}"

    def check(self) -> FieldCheck:
        return self.office.roster.get(FieldCheck, self.check_id)

    def kept(self) -> list[tuple[Any, ...]]:
        """The words kept of the list that is out."""
        return self.stored("select remarks::text, met from field_words where field_check_id = %s", self.check_id)

    def stored(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.office.database.owner) as connection:
            return connection.execute(query, values).fetchall()


ROUNDS = (f"20{year}-{season}" for year in range(27, 99) for season in ("spring", "autumn"))


@pytest.fixture(scope="module")
def shared_village(databases: Databases) -> Iterator[Village]:
    with databases.fresh() as database, ExitStack() as stack:
        office = open_office(database, stack)
        built = build(
            dsn=office.database.app,
            vault=office.vault,
            surroundings=Surroundings(clock=SteppedClock(NOON), token="secret"),
            key_secret=KEY_SECRET,
        )
        stack.callback(built.service.close)
        village = Village(office, Api(built.service.api), built.worker)
        hukou = (
            "户号,姓名,性别,公民身份号码,出生日期,户主姓名,乡镇,行政村,户籍状态\n"
            "1,燕归来,女,41032620150607062X,2015-06-07,燕青,小店镇,小店村,正常\n"
            "2,石破天,男,410326201409010410,2014-09-01,石清,小店镇,小店村,正常\n"
            "3,黄蓉,女,410326201403050021,2014-03-05,黄药师,小店镇,小店村,正常\n"
        ).encode()
        files = [("files", ("hukou.csv", hukou))]
        delivery_id = village.api.post("/deliveries", files=files, headers=village.headers(BUREAU)).json()["id"]
        village.worker.work()
        assert village.command("commit-delivery", delivery_id=delivery_id).status_code == 200
        village.worker.work()
        yield village


@pytest.fixture
def village(shared_village: Village) -> Village:
    """The village in a round of its own."""
    shared_village.round = next(ROUNDS)
    return shared_village


def children(village: Village) -> dict[str, UUID]:
    ids = village.stored("select distinct originator_id from events where topic = 'roster.Child.Registered'")
    found = (village.office.roster.get(Child, child_id) for (child_id,) in ids)
    return {child.identity.name: child.id for child in found}


def opened(village: Village, *names: str) -> dict[str, UUID]:
    """Children by name, on a list that is out: two, where none are named."""
    listed = {name: child for name, child in children(village).items() if name in (names or ("燕归来", "石破天"))}
    answer = village.command(
        "open-field-check",
        unit=OFFICER,
        round=village.round,
        township=TOWNSHIP,
        villages={VILLAGE: [str(child) for child in listed.values()]},
        due_on=str(NOON.date() + days(10)),
    )
    assert answer.status_code == 200, answer.text
    village.check_id = UUID(answer.json()["id"])
    return listed


def submitted(village: Village) -> None:
    answer = village.command("make-submission", unit=OFFICER, township=TOWNSHIP, round=village.round)
    assert answer.status_code == 200, answer.text


class TestThroughTheService:
    def test_every_result_that_can_be_recorded_can_be_read_from_a_sheet(self) -> None:
        assert READABLE == FOUND
        assert all(FIELDS[field][0] == called or called in FIELDS[field] for field, called in CALLED.items())

    def test_a_sheet_is_taken_line_by_line_and_tells_what_could_not_be(self, village: Village) -> None:
        listed = opened(village)
        answer = village.bring(
            village.sheet(
                village.line(listed["燕归来"], "在校(本县就读)", visited="2026/9/1"),
                village.line(listed["石破天"], "去向不明", name="石破天"),
                village.line(uuid4(), "死亡", name="陌生人"),
                village.line(listed["燕归来"], "死亡"),
                village.line("", "", name="只有姓名"),
            )
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
        [seen] = told["lists"]
        assert (seen["children"], seen["answered"], seen["conflicts"], seen["met"]) == (2, 1, [], 0)
        assert [(place["line"], place["column"]) for place in told["rejects"]] == [
            (3, "摸排结果"),
            (4, "儿童编号"),
            (5, "儿童编号"),
            (6, "摸排结果"),
        ]
        assert "陌生人" not in answer.text

    def test_the_same_sheet_again_changes_nothing_whoever_brings_it(self, village: Village) -> None:
        listed = opened(village)
        sheet = village.sheet(village.line(listed["燕归来"], "出国", note="在新加坡"))
        first = village.bring(sheet).json()
        again = village.bring(sheet, unit=OFFICER).json()
        assert again["lists"] == first["lists"]
        assert village.check().version == 2

    def test_two_sheets_that_differ_are_a_conflict_until_it_is_settled(self, village: Village) -> None:
        listed = opened(village)
        child = listed["燕归来"]
        village.bring(village.sheet(village.line(child, "在校")))
        told = village.bring(village.sheet(village.line(child, "辍学")), unit=OFFICER).json()
        assert told["lists"][0]["conflicts"] == [str(child)]
        refused = village.command("make-submission", unit=OFFICER, township=TOWNSHIP, round=village.round)
        assert (refused.status_code, "settleFieldCheck" in refused.text) == (422, True)
        settle = {"field_check_id": str(village.check_id), "child_id": str(child), "found": "out_of_school"}
        assert village.command("settle-field-check", unit=CADRE, reason="村里说", **settle).status_code == 403
        assert village.command("settle-field-check", unit=OFFICER, reason="当面核实", **settle).status_code == 200
        submitted(village)

    def test_a_sheet_of_another_village_is_forbidden_and_a_register_is_no_sheet(self, village: Village) -> None:
        listed = opened(village)
        sheet = village.sheet(village.line(listed["燕归来"], "在校"))
        assert village.bring(sheet, unit="village:410326103006").status_code == 403
        assert village.bring(sheet, unit="township:410326104").status_code == 403
        register = "姓名,学校标识码,年级,班级,到校情况\n燕归来,3141000300,一年级,1,已到".encode()
        refused = village.bring(register)
        assert (refused.status_code, "不是摸排表" in refused.text) == (422, True)
        assert village.check().version == 1

    def test_what_was_found_comes_into_the_register_once_it_is_countersigned_and_committed(
        self, village: Village
    ) -> None:
        listed = opened(village)
        met = f"郭靖,外地就读,2026-09-01,随父母,{village.check_id},"
        village.bring(village.sheet(village.line(listed["燕归来"], "辍学", note="在镇上饭店"), met))
        submitted(village)
        locked = village.bring(village.sheet(village.line(listed["石破天"], "在校", name="石破天")))
        assert (locked.status_code, "锁定" in locked.text) == (422, True)
        version = {"township": TOWNSHIP, "round": village.round, "version": 1}
        assert village.command("accept-submission", unit=OFFICER, **version).status_code == 403
        key = uuid4()
        for _ in range(2):  # sent twice with one key
            answer = village.api.post("/commands/accept-submission", json=version, headers=village.headers(BUREAU, key))
            assert answer.status_code == 200, answer.text
        assert not village.kept()

        [(delivery_id,)] = village.stored(
            "select originator_id from events where topic = 'roster.Delivery.HandedIn' order by notification_id desc limit 1"
        )
        village.worker.work()
        previewed = village.office.roster.get(Delivery, delivery_id)
        assert (previewed.unit, previewed.state) == (OFFICER, "previewed")
        assert previewed.previewed is not None
        assert (previewed.previewed["rows"], previewed.previewed["rejected"]) == (2, 0)
        assert previewed.previewed["children_new"] == 1  # whom nobody knew
        village.command("commit-delivery", delivery_id=str(delivery_id))
        village.worker.work()

        assert children(village).keys() >= {"石破天", "郭靖"}
        assert "field_out_of_school" in village.office.roster.get(Child, listed["燕归来"]).findings
        met_outside = village.office.roster.get(Child, children(village)["郭靖"])
        assert met_outside.accounted == "elsewhere"

    def test_a_returned_version_is_mended_and_handed_in_as_the_next_one(self, village: Village) -> None:
        listed = opened(village)
        village.bring(village.sheet(village.line(listed["燕归来"], "在校")))
        submitted(village)
        version = {"township": TOWNSHIP, "round": village.round, "version": 1}
        assert village.command("return-submission", reason="石家还没去", **version).status_code == 200
        village.bring(village.sheet(village.line(listed["石破天"], "在校", name="石破天")))
        submitted(village)
        standing = village.office.roster.get(FieldRound, FieldRound.id_of(round=village.round, township=TOWNSHIP))
        assert (standing.state, standing.handed_in) == ("submitted", 2)
        assert village.command("accept-submission", **version).status_code == 422

    def test_no_word_about_a_person_stands_in_the_clear_and_a_remark_goes_with_its_child(
        self, village: Village
    ) -> None:
        listed = opened(village, "黄蓉", "石破天")
        met = f"郭靖,外地就读,,随父母,{village.check_id},"
        village.bring(village.sheet(village.line(listed["黄蓉"], "外地就读", name="黄蓉", note="在郑州务工"), met))
        kept = str(village.kept()) + str(village.stored("select state from events"))
        assert not any(word in kept for word in ("郭靖", "郑州", "随父母", "黄蓉"))

        village.office.vault.shred(listed["黄蓉"], reason="guardian's request")
        village.bring(village.sheet(village.line(listed["石破天"], "外地就读", name="石破天", note="在洛阳")))
        assert str(listed["黄蓉"]) not in str(village.kept()[-1])
        submitted(village)
        version = {"township": TOWNSHIP, "round": village.round, "version": 1}
        assert village.command("accept-submission", **version).status_code == 200

    def test_any_round_is_one_word_for_all_its_lists_or_none(self, village: Village) -> None:
        listed = opened(village)
        again = village.command(
            "open-field-check",
            unit=OFFICER,
            round=village.round,
            township=TOWNSHIP,
            villages={VILLAGE: [str(listed["燕归来"])], "": [str(listed["石破天"])]},
            due_on=str(NOON.date()),
        )
        assert (again.status_code, "out already" in again.text) == (422, True)
        lists = village.office.roster.get(FieldRound, FieldRound.id_of(round=village.round, township=TOWNSHIP)).lists
        assert lists == {village.check_id}


def test_a_sheet_cut_and_put_together_is_still_told_apart_by_its_lines() -> None:
    one, other = a_list(), a_list()
    other._id = uuid4()
    lists = {one.id: one, other.id: other}
    out = StringIO()
    csv.writer(out).writerows(
        [
            HEADER.split(","),
            ["甲", "在校", "９月１日", "", one.id, CHILD],
            ["乙", "在校", "", "", other.id, CHILD],
            ["丙", "在校", "2026.9.1", "", "", OTHER_CHILD],
        ]
    )
    sheets = read_sheets([("合并.csv", out.getvalue().encode())], list_of=lists.__getitem__, today=date(2026, 9, 14))
    assert [(sheet.field_check_id, len(sheet.answers)) for sheet in sheets.returned] == [(one.id, 1), (other.id, 1)]
    assert [(place.line, place.column) for place in sheets.rejects] == [(2, "摸排日期"), (4, "名单编号")]


SHEET_CELLS = st.one_of(
    st.sampled_from(
        ["", "在校", "失学辍学", "2026-09-01", "9月1日", str(CHILD), str(OTHER_CHILD), str(a_list().id), "燕归来"]
    ),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=10),
)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.lists(SHEET_CELLS, min_size=6, max_size=7), max_size=6))
def test_whatever_stands_on_a_sheet_is_taken_told_or_refused(lines: list[list[str]]) -> None:
    check = a_list()
    out = StringIO()
    csv.writer(out).writerows([HEADER.split(","), ["燕归来", "在校", "", "", str(check.id), str(CHILD)], *lines])

    sheets = read_sheets([("表.csv", out.getvalue().encode())], list_of={check.id: check}.get, today=MONDAY)  # type: ignore[arg-type]

    [returned] = sheets.returned
    assert returned.answers.keys() <= check.children
    assert {found for found, _ in returned.answers.values()} <= FOUND
    assert all(place.reason and place.line > 1 for place in sheets.rejects)
