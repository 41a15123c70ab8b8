"""Statistics from the children who are there to figures, frozen packs, restatements beside them, and workbooks."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import openpyxl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.readmodel.counted import COUNT, Number, counted_on, lines_of, members
from gateway.readmodel.reading import Reader
from gateway.readmodel.statistics import FOLDS
from services.chassis.indicators import MEASURES, compared, places
from tests.gateway import county
from tests.gateway.cases_behind import Cases
from tests.gateway.conftest import Asking, Reply, asking_over

BUREAU = ("education_bureau:410326", "dropout_control")
AREA = ("410326", "410326~")
FREEZE = "mutation ($kind: String!, $period: String!) { freezeStatistics(kind: $kind, period: $period) { id } }"
RESTATE = "mutation ($id: UUID!, $reason: String!) { restateStatistics(packId: $id, reason: $reason) { id } }"
BEHIND = "query ($cell: String!) { countedChildren(cell: $cell, first: 200) { nodes { id } } }"
ALL = """query ($level: String!, $pack: UUID) { statistics(level: $level, pack: $pack) { countedOn reached sha256
    figures { formula township school numerator denominator rate rank meetsTarget }
    counts { measure township school value cell } checks { identity township school left right agrees }
    changes { measure township school before after } } }"""


class Bureau:
    """The office at work."""

    def __init__(self, asking: Asking, service: Cases) -> None:
        self.gateway, self._service = asking, service

    def freeze(self, *, kind: str = "monthly", period: str = "2026-08") -> Reply:
        return self._done(self.gateway.ask(FREEZE, {"kind": kind, "period": period}, by=BUREAU, actor="bureau-office"))

    def restate(self, pack: str, *, reason: str = "一所学校重报") -> Reply:
        return self._done(self.gateway.ask(RESTATE, {"id": pack, "reason": reason}, by=BUREAU, actor="bureau-office"))

    def statistics(self, *, level: str = "county", pack: str | None = None) -> Any:
        return self.gateway.ask(ALL, {"level": level, "pack": pack}, by=BUREAU).data["statistics"]

    def versions(self, **narrowed: str) -> list[Any]:
        given = ", ".join(f"{name}: {json.dumps(value)}" for name, value in narrowed.items())
        query = f"{{ statisticsPacks({given}) {{ nodes {{ id packId version latest sha256 replaces reason }} }} }}"
        return list(self.gateway.ask(query, by=BUREAU).data["statisticsPacks"]["nodes"])

    def get(self, path: str, *, by: Any = BUREAU) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.gateway.token(by)}"}
        return self.gateway.runner.run(self.gateway._http.get(path, headers=headers))

    def say(self, statement: str, **given: object) -> None:
        """Something else became known."""
        with psycopg.connect(self.gateway.writer_dsn) as connection:
            connection.execute(statement.encode(), given)

    def _done(self, reply: Reply) -> Reply:
        self._service.project(FOLDS, writer_dsn=self.gateway.writer_dsn)
        return reply


@pytest.fixture(scope="module")
def bureau(read_model: Any) -> Iterator[Bureau]:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("delete from statistics_pack")
        connection.execute("delete from entry_cohort")
        connection.execute("update tracking set position = 1000 where name = 'cases/0'")
    service = Cases()
    with asking_over(read_model, service) as asking:
        yield Bureau(asking, service)


@pytest.fixture(scope="module")
def pack(bureau: Bureau) -> str:
    """The id of August's pack, frozen."""
    return str(bureau.freeze().data["freezeStatistics"]["id"])


# --- counted now ------------------------------------------------------------------------------------------------------


def test_every_figure_is_the_sum_of_its_townships_and_they_of_their_schools(bureau: Bureau) -> None:
    by = {level: bureau.statistics(level=level) for level in ("county", "township", "school")}

    sums: dict[str, Counter[tuple[str, str]]] = {level: Counter() for level in by}
    for level, statistics in by.items():
        for figure in statistics["figures"]:
            for side in ("numerator", "denominator"):
                sums[level][figure["formula"], side] += figure[side]
        for each in statistics["counts"]:
            sums[level][each["measure"], "count"] += each["value"]
    assert sums["county"] == sums["township"] == sums["school"]
    assert sums["county"]["age", "count"]


def test_the_children_of_school_age_are_those_of_the_partition(bureau: Bureau) -> None:
    partition = bureau.gateway.ask("{ partition { state count } }", by=BUREAU).data["partition"]
    [age] = [each["value"] for each in bureau.statistics()["counts"] if each["measure"] == "age"]

    assert age == sum(row["count"] for row in partition if row["state"] != "gone") > 0


def test_behind_each_number_of_children_stand_exactly_as_many(bureau: Bureau) -> None:
    """Each measure of the county, and each school's pupils: the list that a number leads to is as long as it."""
    counts = [each for each in bureau.statistics()["counts"] if each["cell"]]
    counts += [each for each in bureau.statistics(level="school")["counts"] if each["measure"] in {"age", "differing"}]
    assert len(counts) > 30
    for each in counts:
        found = bureau.gateway.ask(BEHIND, {"cell": each["cell"]}, by=BUREAU).data["countedChildren"]["nodes"]
        assert len(found) == each["value"], each


def test_the_resolver_lists_the_same_children_as_the_compiler(bureau: Bureau) -> None:
    cell = {"cell": f"age/{county.XIAODIAN}/*"}
    compiled = bureau.gateway.ask(BEHIND, cell, by=BUREAU).data

    assert bureau.gateway.resolve(BEHIND, cell, by=BUREAU).data == compiled
    assert compiled["countedChildren"]["nodes"]


def test_a_figure_names_its_formula_its_day_and_the_positions_it_was_counted_at(bureau: Bureau) -> None:
    statistics = bureau.statistics()
    named = bureau.gateway.ask(
        "{ statistics { figures { figure name inForceFrom legalBasis source target } } }", by=BUREAU
    ).data["statistics"]["figures"]

    assert statistics["countedOn"] == str(county.TODAY)
    assert {each.partition(":")[0] for each in statistics["reached"]} >= {"roster", "cases"}
    assert {each["figure"] for each in named} >= {"enrolment", "dropout_inspection", "dropout_dictionary"}
    assert all(each["inForceFrom"] and each["legalBasis"] and each["source"] for each in named)


def test_all_that_one_request_asks_of_today_is_counted_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, counted = Reader.stream, []
    monkeypatch.setattr(
        Reader,
        "stream",
        lambda *args, **more: counted.append(args[1]) or stream(*args, **more),  # type: ignore[func-returns-value]
    )
    both = '{ a: statistics { reached figures { numerator } } b: statistics(level: "school") { reached figures { numerator } } }'

    answered = bureau.gateway.ask(both, by=BUREAU).data

    assert len(counted) == 1
    assert answered["a"]["reached"] == answered["b"]["reached"]


def test_for_whom_small_numbers_are_withheld_there_is_the_county_alone(bureau: Bureau) -> None:
    by = ("statistics:410326", "statistics")
    county_figures = bureau.gateway.ask("{ statistics { figures { formula numerator denominator } } }", by=by).data[
        "statistics"
    ]["figures"]
    whole = {each["formula"]: each for each in bureau.statistics()["figures"]}

    for each in county_figures:
        numerator, denominator = (whole[each["formula"]][side] for side in ("numerator", "denominator"))
        small = numerator < 5 or 0 < abs(denominator - numerator) < 5
        assert each["numerator"] == (None if small else numerator)
    assert bureau.gateway.ask('{ statistics(level: "school") { figures { formula } } }', by=by).code == "FORBIDDEN"
    assert bureau.gateway.ask("{ statistics { figures { rate } } }", by=by).code == "FORBIDDEN"


def test_a_level_that_there_is_not_is_refused_with_those_there_are(bureau: Bureau) -> None:
    answer = bureau.gateway.ask('{ statistics(level: "village") { countedOn } }', by=BUREAU)
    assert (answer.code, "county, township, school" in answer.message) == ("BAD_REQUEST", True)


HAPPENINGS = st.lists(
    st.tuples(
        st.integers(0, 47),
        st.sampled_from(
            ["confirmed", "returned", "suspended", "moved", "came", "listed", "poor", "state", "gone", "merged"]
        ),
        st.integers(0, 13),
    ),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HAPPENINGS)
def test_sums_that_must_agree_do_whatever_has_happened_to_whom(
    bureau: Bureau, happened: list[tuple[int, str, int]]
) -> None:
    """A county after anything at all: identities hold on every line, a child is behind a measure once, lists are as long."""
    given = {**counted_on(county.TODAY), "lo": AREA[0], "hi": AREA[1]}
    with psycopg.connect(bureau.gateway.owner_dsn, row_factory=psycopg.rows.dict_row) as connection:
        for number, what, back in happened:
            child = county.made("child", number)
            day = county.TODAY - timedelta(days=back)
            connection.execute(
                _HAPPENS[what].encode(),
                {"child": child, "day": day, "school": county.SCHOOL, "id": county.made(what, number, back)},
            )
        lines, _ = lines_of(map(_number, connection.execute(COUNT.encode(), given)), area="410326")
        each = f"with {members('%(on)s::date', each=True)} select who as child_id, measure, township, school from m"  # noqa: S608
        behind = connection.execute(each.encode(), given).fetchall()
        connection.rollback()

    assert all(each.agrees for each in compared(lines, measures=tuple(MEASURES), always=True))
    listed = Counter((row["measure"], row["township"], row["school"]) for row in behind)
    assert max(Counter((row["measure"], row["child_id"]) for row in behind).values()) == 1
    for place in places(lines, measures=tuple(MEASURES), level="school"):
        for measure, count in place.counts.items():
            if MEASURES[measure].of == "children":
                assert count == listed[measure, place.township, place.school]


def _number(row: dict[str, Any]) -> Number:
    return Number(**row)


_HAPPENS = {
    "confirmed": "update case_file set confirmed_on = %(day)s where child_id = %(child)s",
    "returned": "update case_file set returned_on = %(day)s, state = 'returned' where child_id = %(child)s",
    "suspended": "insert into deferral (deferral_id, child_id, kind, from_on) values (%(id)s, %(child)s, 'suspension', %(day)s)"
    " on conflict do nothing",
    "moved": "insert into transfer (transfer_id, child_id, from_school, opened_on) values (%(id)s, %(child)s, %(school)s, %(day)s)"
    " on conflict do nothing",
    "came": "insert into transfer (transfer_id, child_id, to_school, opened_on, completed_on)"
    " values (%(id)s, %(child)s, %(school)s, %(day)s, %(day)s) on conflict do nothing",
    "listed": "insert into finding (finding_id, child_id, kind) values (%(id)s, %(child)s, 'suspect_listed') on conflict do nothing",
    "poor": "insert into finding (finding_id, child_id, kind) values (%(id)s, %(child)s, 'poverty_out_of_school')"
    " on conflict do nothing",
    "state": "update child set accounted_state = 'left_explained', accounted_on = %(day)s where child_id = %(child)s",
    "gone": "update child set accounted_state = 'gone', accounted_on = %(day)s where child_id = %(child)s",
    "merged": "update child set merged_into = %(id)s where child_id = %(child)s",
}


# --- frozen -----------------------------------------------------------------------------------------------------------


def test_a_frozen_pack_says_what_was_counted_and_nothing_changes_it(bureau: Bureau, pack: str) -> None:
    [first] = bureau.versions(packId=pack)
    before = bureau.statistics(level="school", pack=first["id"])
    assert before["sha256"] == first["sha256"]
    assert not any(each["cell"] for each in before["counts"])

    bureau.say("update child set school = 'other' where school = %(school)s", school=county.SCHOOL)
    try:
        assert bureau.statistics(level="school", pack=first["id"]) == before
        assert bureau.statistics(level="school")["counts"] != before["counts"]
    finally:
        bureau.say("update child set school = %(school)s where school = 'other'", school=county.SCHOOL)


def test_a_restatement_stands_beside_what_it_restates_and_says_what_it_changed(bureau: Bureau) -> None:
    pack = str(bureau.freeze(kind="year", period="2025-2026").data["freezeStatistics"]["id"])
    moved = str(county.made("child", 3))
    bureau.say(
        "update child set accounted_state = 'suspect', open_case_id = null where child_id = %(child)s", child=moved
    )
    bureau.say(
        "update child set accounted_state = 'in_seat', school = %(school)s where child_id = %(child)s",
        child=moved,
        school=county.SCHOOL,
    )
    bureau.say("update child_identity set birth_date = '2015-03-01' where child_id = %(child)s", child=moved)
    bureau.say("update child set grade = '九年级' where child_id = %(child)s", child=moved)

    assert bureau.restate(pack, reason="一名学生补登记").data

    first, second = sorted(bureau.versions(packId=pack), key=lambda each: each["version"])
    assert (first["latest"], second["latest"]) == (False, True)
    assert (second["replaces"], second["reason"]) == (first["sha256"], "一名学生补登记")
    changes = bureau.statistics(pack=second["id"])["changes"]
    was, now = (
        {(each["measure"]): each["value"] for each in bureau.statistics(pack=version["id"])["counts"]}
        for version in (first, second)
    )
    moved_by: Counter[str] = Counter()
    for each in changes:
        moved_by[each["measure"]] += each["after"] - each["before"]
    assert {measure: now[measure] - was[measure] for measure in now if now[measure] != was[measure]} == {
        measure: by for measure, by in moved_by.items() if by
    }
    assert bureau.statistics(pack=first["id"])["changes"] == []


def test_a_period_is_frozen_once_and_not_before_it_is_over(bureau: Bureau, pack: str) -> None:
    again = bureau.freeze()
    early = bureau.freeze(period="2026-09")

    assert pack
    assert (again.code, "restated" in again.message) == ("REFUSED", True)
    assert (early.code, "ends on 2026-09-30" in early.message) == ("REFUSED", True)


def test_what_is_over_and_not_frozen_is_listed_with_its_last_day(bureau: Bureau, pack: str) -> None:
    due = bureau.gateway.ask("{ statisticsDue { kind period endedOn freezeBy } }", by=BUREAU).data["statisticsDue"]

    assert pack
    assert ("monthly", "2026-08") not in {(each["kind"], each["period"]) for each in due}
    assert all(
        date.fromisoformat(each["endedOn"]) <= county.TODAY <= date.fromisoformat(each["freezeBy"]) for each in due
    )


def test_nobody_but_the_bureau_freezes(bureau: Bureau) -> None:
    refused = bureau.gateway.ask(FREEZE, {"kind": "monthly", "period": "2026-08"}, by="inspector")
    assert refused.code == "FORBIDDEN"


def test_who_entered_nine_years_ago_is_stated_and_makes_retention(bureau: Bureau) -> None:
    stated = bureau.gateway.ask(
        "mutation ($school: String!) { stateEntryCohort(school: $school, entered: 2018, pupils: 50, paper: \"2018年统计年报\") { id } }",
        {"school": county.SCHOOL}, by=BUREAU,
    )  # fmt: skip
    bureau._done(stated)

    listed = bureau.gateway.ask("{ entryCohorts(entered: 2018) { nodes { school pupils paper } } }", by=BUREAU).data[
        "entryCohorts"
    ]["nodes"]
    retention = [
        each for each in bureau.statistics(level="school")["figures"]
        if each["formula"].startswith("retention") and each["school"] == county.SCHOOL
    ]  # fmt: skip
    assert {"school": county.SCHOOL, "pupils": 50, "paper": "2018年统计年报"} in listed
    assert {each["denominator"] for each in retention} == {50}


# --- workbooks --------------------------------------------------------------------------------------------------------

HEADINGS = {
    "指标": ["指标", "口径编号", "范围", "分子", "分母", "比率", "目标", "是否达标", "口径施行日期", "依据", "口径说明"],
    "分乡镇": ["乡镇", *(measure.name for measure in MEASURES.values())],
    "分校": ["乡镇", "学校代码", "学校", *(measure.name for measure in MEASURES.values())],
    "排名": ["指标", "名次", "乡镇", "学校", "分子", "分母", "比率", "是否达标"],
    "三统一": ["乡镇", "三方名单合并", "教育部门台账", "脱贫户失学名单", "国家平台疑似名单", "三方一致", "三方不一致",
               "教育台账缺", "脱贫户名单缺", "国家平台缺"],
    "勾稽": ["勾稽关系", "范围", "左式", "右式", "相差", "核对"],
    "更正": ["乡镇", "学校", "统计项", "更正前", "更正后", "相差"],
}  # fmt: skip


def sheets_of(content: bytes) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}


def test_a_packs_workbook_has_the_offices_columns_its_stamp_and_the_hash_of_what_was_frozen(
    bureau: Bureau, pack: str
) -> None:
    [first] = bureau.versions(packId=pack)
    response = bureau.get(f"/files/statistics-packs/{first['id']}")

    sheets = sheets_of(response.content)
    assert list(sheets) == list(HEADINGS)
    for name, headings in HEADINGS.items():
        rows = sheets[name]
        [place] = [number for number, row in enumerate(rows) if row[: len(headings)] == headings]
        above = "\n".join(str(row[0]) for row in rows[:place])
        assert "控辍保学统计月报 2026-08" in above
        assert first["sha256"] in above
        assert response.headers["x-export-number"] in above
        assert response.headers["x-content-sha256"] in above
        assert "用途：" in above
    numbers = dict(zip(HEADINGS["分乡镇"], sheets["分乡镇"][-1], strict=False))
    whole = {each["measure"]: each["value"] for each in bureau.statistics(pack=first["id"])["counts"]}
    assert [numbers[MEASURES[measure].name] for measure in whole] == list(whole.values())


def test_a_workbook_that_was_taken_out_is_on_record_by_its_hash(bureau: Bureau) -> None:
    response = bureau.get("/files/statistics")
    known = bureau.get(f"/files/exports/{response.headers['x-content-sha256']}")

    assert "未定格" in str(sheets_of(response.content)["指标"][1][0])
    assert known.status_code == 200
    assert known.json()["exports"][0]["operation"] == "export_statistics"


def test_a_pack_of_another_county_is_not_found_and_others_take_nothing_out(bureau: Bureau) -> None:
    assert bureau.get(f"/files/statistics-packs/{county.made('none')}").status_code == 404
    assert bureau.get("/files/statistics", by=("township:410326103", "dropout_control")).status_code == 403
