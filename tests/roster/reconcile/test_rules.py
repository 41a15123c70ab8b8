"""What must hold for any rows: twins stay apart, findings follow their words, every child is in one state."""

import random
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.roster.reconcile.engine import reconcile
from services.roster.reconcile.identity import check_character
from services.roster.reconcile.model import (
    AccountedState,
    Department,
    FindingKind,
    LinkedChild,
    Reconciliation,
    Register,
    Risk,
    Row,
    RowRef,
)

AS_OF = date(2026, 9, 14)
HOME = {"township": "王坪乡", "village": "上庄村", "guardian_name": "张伟国", "guardian_phone": "13800001111"}
SCHOOL = {"school_code": "3141000001", "school_name": "王坪第一小学", "grade": "六年级", "school_class": "2班"}
BIRTH = date(2014, 9, 1)


def number(birth: date = BIRTH, *, serial: int = 1) -> str:
    """A valid invented number; odd serials are boys."""
    first = f"410326{birth:%Y%m%d}{serial:03d}"
    return first + check_character(first)


class Book:
    """Rows under construction, numbered register by register."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, register: Register, **cells: str) -> RowRef:
        ref = RowRef(register, 1 + sum(row.ref.register is register for row in self.rows))
        self.rows.append(Row(ref=ref, cells=cells))
        return ref

    def hukou(self, name: str, **cells: str) -> RowRef:
        return self.add(Register.HUKOU, **{"name": name, "sex": "男", "hukou_state": "正常", **HOME, **cells})

    def enrolment(self, name: str, **cells: str) -> RowRef:
        given = {"name": name, "sex": "男", "enrolment_state": "在读", "presence": "在校", **HOME, **SCHOOL, **cells}
        return self.add(Register.ENROLMENT, **given)

    def seat(self, name: str, **cells: str) -> RowRef:
        return self.add(Register.IN_SCHOOL, **{"name": name, "arrival": "在校", **SCHOOL, **cells})

    def reconcile(self) -> Reconciliation:
        return reconcile(self.rows, as_of=AS_OF)


def child_of(result: Reconciliation, ref: RowRef) -> LinkedChild:
    return next(child for child in result.children if ref in child.rows)


def kinds_of(result: Reconciliation, ref: RowRef) -> set[FindingKind]:
    label = child_of(result, ref).label
    return {finding.kind for finding in result.findings if finding.label == label}


def groups(result: Reconciliation) -> set[frozenset[RowRef]]:
    return {frozenset(child.rows) for child in result.children}


def day(value: date) -> str:
    return value.isoformat()


@pytest.mark.parametrize(
    ("first", "second"),
    [("张子涵", "张子轩"), ("张子涵", "张梓晗"), ("张涵", "张轩"), ("张一诺", "张二诺"), ("张子豪", "李文静")],
)
def test_twins_stay_apart_even_where_one_has_no_number_and_no_hukou(first: str, second: str) -> None:
    book = Book()
    one = book.hukou(first, id_number=number(serial=1), birth_date=day(BIRTH))
    mine = book.enrolment(first, id_number=number(serial=1), birth_date=day(BIRTH))
    other = book.hukou(second, id_number=number(serial=3), birth_date=day(BIRTH))
    theirs = book.enrolment(second, birth_date=day(BIRTH), student_number="L410326201409011234")
    lone = book.add(
        Register.POVERTY,
        name=second,
        birth_date=day(BIRTH),
        household_head="张伟国",
        **{k: HOME[k] for k in ("township", "village")},
    )

    result = book.reconcile()

    assert groups(result) == {frozenset({one, mine}), frozenset({other, theirs, lone})}


def test_a_twin_without_any_registration_is_not_taken_for_the_other() -> None:
    book = Book()
    book.hukou("张嘉慧", id_number=number(serial=2), birth_date=day(BIRTH))
    lone = book.add(
        Register.POVERTY,
        name="张嘉一",
        birth_date=day(BIRTH),
        household_head="张伟国",
        township="王坪乡",
        village="上庄村",
    )

    assert child_of(book.reconcile(), lone).rows == (lone,)


def test_a_siblings_number_in_the_wrong_row_joins_nobody() -> None:
    book = Book()
    elder, younger = date(2012, 5, 6), BIRTH
    a = book.hukou("张雨桐", id_number=number(elder), birth_date=day(elder))
    b = book.hukou("张博文", id_number=number(younger), birth_date=day(younger))
    wrong = book.enrolment("张博文", id_number=number(elder), birth_date=day(younger))

    result = book.reconcile()

    assert groups(result) == {frozenset({a}), frozenset({b, wrong})}
    assert FindingKind.IDENTITY_MISMATCH in kinds_of(result, wrong)


def test_namesakes_born_on_one_day_in_two_villages_stay_apart() -> None:
    book = Book()
    book.hukou("张伟", id_number=number(serial=1), birth_date=day(BIRTH))
    away = {"township": "城关镇", "village": "下庄村", "guardian_name": "李强", "guardian_phone": "13900002222"}
    lone = book.enrolment("张伟", birth_date=day(BIRTH), student_number="L410326201409011234", **away)

    assert child_of(book.reconcile(), lone).rows == (lone,)


@pytest.mark.parametrize(
    "written",
    [
        {"name": "張雨桐"},
        {"name": "张  雨桐"},
        {"name": "张？桐"},
        {"name": "张yu桐"},
        {"name": "张宇桐"},
        {"id_number": "", "guardian_phone": "13900002222"},
        {"id_number": "", "guardian_name": "李强"},
        {"id_number": "", "township": "城关镇", "village": "下庄村"},
        {"id_number": "", "birth_date": "2014-01-09"},
        {"id_number": "", "birth_date": "2015-09-01"},
        {"id_number": number()[:15] + "000"},
        {"id_number": number()[:8] + number()[9] + number()[8] + number()[10:]},
        {"id_number": number()[:16] + str((int(number()[16]) + 1) % 10) + number()[17:]},
        {"id_number": "", "sex": "女"},
    ],
    ids=str,
)
def test_one_error_of_any_class_does_not_part_a_child_from_its_rows(written: dict[str, str]) -> None:
    book = Book()
    for i in range(30):
        other = BIRTH + timedelta(days=11 * i + 1)
        book.hukou(
            f"李{'一二三四五六七八九十'[i % 10]}{'甲乙丙'[i // 10]}",
            id_number=number(other),
            birth_date=day(other),
            village="沙庄村",
            guardian_name="李大山",
            guardian_phone="13600000000",
        )
    hukou = book.hukou("张雨桐", id_number=number(), birth_date=day(BIRTH))
    given = {"name": "张雨桐", "id_number": number(), "birth_date": day(BIRTH), **written}
    enrolment = book.enrolment(given.pop("name"), student_number="L410326201409011234", **given)

    assert set(child_of(book.reconcile(), hukou).rows) == {hukou, enrolment}


def test_two_namesakes_in_one_class_are_both_in_their_seats() -> None:
    book = Book()
    one = book.enrolment("张伟", id_number=number(serial=1), birth_date=day(BIRTH))
    two = book.enrolment(
        "张伟",
        id_number=number(date(2014, 3, 3)),
        birth_date="2014-03-03",
        guardian_name="李强",
        guardian_phone="13900002222",
    )
    book.seat("张伟")
    book.seat("张伟")

    result = book.reconcile()

    assert {child_of(result, ref).state for ref in (one, two)} == {AccountedState.IN_SEAT}
    assert child_of(result, one) != child_of(result, two)


def test_a_class_list_row_takes_the_namesake_who_should_sit_there() -> None:
    book = Book()
    away = book.enrolment("张伟", id_number=number(serial=1), birth_date=day(BIRTH), presence="外地就读")
    here = book.enrolment(
        "张伟",
        id_number=number(date(2014, 3, 3)),
        birth_date="2014-03-03",
        guardian_name="李强",
        guardian_phone="13900002222",
    )
    seat = book.seat("张伟")

    result = book.reconcile()

    assert seat in child_of(result, here).rows
    assert child_of(result, away).state is AccountedState.ELSEWHERE


ENROLMENTS = st.fixed_dictionaries({
    "enrolment_state": st.sampled_from(["在读", "转出", "毕业", "其他离校", "休学", ""]),
    "presence": st.sampled_from(["在校", "在籍不在校", "外地就读", "送教上门", "其他离校", ""]),
    "departure_reason": st.sampled_from(["", "随父母出国定居"]),
})  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    hukou=st.sampled_from([None, "正常", "死亡", "注销", "迁出"]),
    enrolments=st.lists(ENROLMENTS, max_size=2),
    seats=st.integers(min_value=0, max_value=1),
    born=st.dates(date(2007, 1, 1), date(2022, 12, 31)),
    listed=st.sets(st.sampled_from([Register.POVERTY, Register.DISABILITY, Register.SUSPECTS])),
)
def test_every_child_is_in_exactly_one_state_and_its_findings_follow_their_words(
    hukou: str | None, enrolments: list[dict[str, str]], seats: int, born: date, listed: Iterable[Register]
) -> None:
    book, person = Book(), {"id_number": number(born), "birth_date": day(born)}
    if hukou is not None:
        book.hukou("张雨桐", hukou_state=hukou, **person)
    for i, cells in enumerate(enrolments):
        book.enrolment(
            "张雨桐", student_number="G" + number(born), **{**person, **SCHOOL, "school_code": f"314100000{i}", **cells}
        )
    for _ in range(seats if enrolments else 0):
        book.seat("张雨桐", student_number="G" + number(born), school_code="3141000000")
    for register in listed:
        cells = {"disability_certificate": number(born) + "51"} if register is Register.DISABILITY else person
        book.add(register, name="张雨桐", sex="男", **cells)
    if not book.rows:
        return

    result = book.reconcile()

    (child,) = result.children
    kinds = {finding.kind for finding in result.findings}
    active = [cells for cells in enrolments if cells["enrolment_state"] == "在读"]
    away = [cells for cells in active if cells["presence"] in {"外地就读", "送教上门"}]
    alive = hukou not in {"死亡", "注销"}
    age = AS_OF.year - born.year - ((AS_OF.month, AS_OF.day) < (born.month, born.day))
    assert isinstance(child.state, AccountedState)
    assert child.in_window == (6 <= age <= 16)
    assert (FindingKind.NOT_ENROLLED in kinds) == (child.in_window and alive and not enrolments)
    assert (FindingKind.GHOST_ENROLMENT in kinds) == (bool(active) and not alive)
    assert (FindingKind.DUPLICATE_ENROLMENT in kinds) == (len(active) > 1)
    assert (FindingKind.SUSPECT_LISTED in kinds) == (Register.SUSPECTS in listed)
    assert FindingKind.NOT_IN_SEAT not in kinds or (alive and active and not away)
    assert FindingKind.NOT_IN_SEAT in kinds or not (alive and active and not away and not seats)
    assert FindingKind.IDENTITY_MISMATCH not in kinds
    assert FindingKind.NO_ID_NUMBER not in kinds
    assert (child.state is AccountedState.GONE) == (not alive)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(min_value=0, max_value=10**6))
def test_shuffled_rows_and_a_second_run_give_the_same_children(seed: int) -> None:
    pick = random.Random(seed)  # noqa: S311
    book = Book()
    for i in range(12):
        born = date(2010, 1, 1) + timedelta(days=pick.randrange(3000))
        name = "张王李"[pick.randrange(3)] + "".join(
            pick.choice("子梓涵晗轩雨宇一") for _ in range(pick.choice([1, 2]))
        )
        home = {
            "guardian_name": "张伟国" if pick.random() < 0.5 else f"李强{i % 3}",
            "guardian_phone": f"1380000111{i % 4}",
        }
        if pick.random() < 0.9:
            book.hukou(name, id_number=number(born, serial=i + 1), birth_date=day(born), **home)
        if pick.random() < 0.9:
            book.enrolment(
                name, id_number=pick.choice([number(born, serial=i + 1), "", "无"]), birth_date=day(born), **home
            )
            book.seat(name)
    first = book.reconcile()

    pick.shuffle(book.rows)

    assert book.reconcile() == first


def test_the_window_is_six_to_sixteen_completed_years_inclusive() -> None:
    book = Book()
    born = {
        "just six": date(2020, 9, 14),
        "not yet six": date(2020, 9, 15),
        "last day of sixteen": date(2009, 9, 15),
        "just seventeen": date(2009, 9, 14),
    }
    refs = {k: book.hukou(f"张{k}", id_number=number(b), birth_date=day(b), village=k) for k, b in born.items()}

    result = book.reconcile()

    assert {k: child_of(result, ref).in_window for k, ref in refs.items()} == {
        "just six": True,
        "not yet six": False,
        "last day of sixteen": True,
        "just seventeen": False,
    }


@pytest.mark.parametrize(
    ("cells", "mismatch"),
    [
        ({}, False),
        ({"name": "張雨桐"}, False),
        ({"name": "张 雨桐"}, False),
        ({"name": "张■桐"}, False),
        ({"name": "张yu桐"}, False),
        ({"id_number": ""}, False),
        ({"id_number": "无"}, False),
        ({"id_number": number()[:15] + "000"}, False),
        ({"id_number": number().lower()}, False),
        ({"student_number": "G" + number(date(2014, 8, 1))}, False),
        ({"name": "张宇桐"}, True),
        ({"sex": "女"}, True),
        ({"birth_date": "2014-09-02"}, True),
        ({"id_number": number(serial=5)}, True),
        ({"id_number": number()[:-1]}, True),
        ({"id_number": number()[:10] + number()[11] + number()[10] + number()[12:]}, True),
    ],
    ids=str,
)
def test_a_habit_of_writing_is_no_contradiction_and_a_contradiction_is_one(
    cells: dict[str, str], mismatch: bool
) -> None:
    book = Book()
    hukou = book.hukou("张雨桐", id_number=number(), birth_date=day(BIRTH))
    given = {
        "name": "张雨桐",
        "id_number": number(),
        "birth_date": day(BIRTH),
        "student_number": "G" + number(),
        **cells,
    }
    enrolment = book.enrolment(given.pop("name"), **given)

    result = book.reconcile()

    assert enrolment in child_of(result, hukou).rows
    assert (FindingKind.IDENTITY_MISMATCH in kinds_of(result, hukou)) == mismatch


def test_facts_name_their_sources_and_the_household_register_has_the_first_word_on_names() -> None:
    book = Book()
    for i, name in enumerate(("李文静", "王敏"), start=1):
        book.hukou(name, id_number=number(date(2013, 1, i)), birth_date=f"2013-01-0{i}")
    enrolment = book.enrolment("张宇桐", id_number=number(), birth_date="2015-09-01")
    hukou = book.hukou("张雨桐", id_number=number(), birth_date=day(BIRTH), township="王坪", village="上庄")

    facts = child_of(book.reconcile(), enrolment).facts

    assert (facts.name, facts.birth_date, facts.id_number) == ("张雨桐", BIRTH, number())
    assert (facts.township, facts.village) == ("王坪乡", "上庄村")
    assert facts.sources["name"] == facts.sources["birth_date"] == hukou
    assert facts.sources["guardian_phone"] == enrolment


def test_a_cancelled_double_registration_does_not_make_a_living_child_a_ghost() -> None:
    book = Book()
    book.hukou("张雨桐", id_number=number(), birth_date=day(BIRTH), hukou_state="注销")
    book.hukou("张雨桐", id_number=number(), birth_date=day(BIRTH))
    enrolment = book.enrolment("张雨桐", id_number=number(), birth_date=day(BIRTH))

    result = book.reconcile()

    assert FindingKind.GHOST_ENROLMENT not in kinds_of(result, enrolment)


def test_a_child_who_sits_in_class_without_enrolment_is_found_by_a_name_that_nobody_else_bears() -> None:
    book = Book()
    hukou = book.hukou("上官雨桐", id_number=number(), birth_date=day(BIRTH))
    too_young = book.hukou("上官一诺", id_number=number(date(2021, 1, 1)), birth_date="2021-01-01")
    book.enrolment("李文静", id_number=number(date(2014, 3, 3)), birth_date="2014-03-03")
    seat, stranger = book.seat("上官雨桐"), book.seat("上官一诺")

    result = book.reconcile()

    assert child_of(result, seat).rows == (hukou, seat)
    assert FindingKind.NOT_ENROLLED in kinds_of(result, hukou)
    assert child_of(result, hukou).state is AccountedState.IN_SEAT
    assert child_of(result, too_young) != child_of(result, stranger)


@pytest.mark.parametrize(
    ("found", "visited_on", "reported_on", "hukou_state", "born", "is_found"),
    [
        ("失学辍学", "2026-09-10", "", "正常", BIRTH, True),
        ("out_of_school", "", "", "正常", BIRTH, True),
        ("未上学", "2026-09-10", "2026-09-01", "正常", BIRTH, True),
        ("失学辍学", "2026-09-10", "2026-09-12", "正常", BIRTH, False),  # in class since
        ("失学辍学", "2026-09-10", "", "死亡", BIRTH, False),
        ("失学辍学", "2026-09-10", "", "正常", date(2004, 9, 1), False),  # grown up
        ("在校", "2026-09-10", "", "正常", BIRTH, False),
    ],
)
def test_a_child_found_out_of_school_at_the_door_is_owed_for_by_the_township(
    found: str, visited_on: str, reported_on: str, hukou_state: str, born: date, *, is_found: bool
) -> None:
    book, person = Book(), {"id_number": number(born), "birth_date": day(born)}
    book.hukou("张雨桐", hukou_state=hukou_state, **person)
    book.enrolment("张雨桐", student_number="G" + number(born), **person)
    book.seat("张雨桐", student_number="G" + number(born), reported_on=reported_on)
    row = book.add(Register.FIELD_CHECK, name="张雨桐", found=found, visited_on=visited_on, **person, **HOME)

    said = [finding for finding in book.reconcile().findings if finding.kind is FindingKind.FIELD_OUT_OF_SCHOOL]

    assert [(finding.owner, finding.evidence) for finding in said] == [(Department.TOWNSHIP, (row,))] * is_found


# The risk of a monitored household 风险状态 belongs to the row that says what kind of household it is.


def monitoring(*rows: dict[str, str]) -> tuple[object, ...]:
    """What is held of a child that the poverty register names in these rows."""
    book = Book()
    book.hukou("张一诺", id_number=number())
    for cells in rows:
        book.add(Register.POVERTY, name="张一诺", id_number=number(), **HOME, **cells)
    [child] = book.reconcile().children
    facts = child.facts
    return facts.poverty_kind, facts.risk, facts.monitored_on, facts.risk_removed_on


NEAR = {"poverty_kind": "边缘易致贫户", "monitored_on": "2024年3月1日"}


@pytest.mark.parametrize(
    ("cells", "risk", "removed_on"),
    [
        ({}, None, None),
        ({"risk_state": "风险未消除"}, Risk.NOT_REMOVED, None),
        ({"risk_state": "风险未消除", "risk_removed_on": "2025-06-30"}, Risk.NOT_REMOVED, None),
        ({"risk_state": "已消除"}, Risk.REMOVED, None),
        ({"risk_state": "是", "risk_removed_on": "2025.6.30"}, Risk.REMOVED, date(2025, 6, 30)),
        ({"risk_removed_on": "20250630"}, Risk.REMOVED, date(2025, 6, 30)),
    ],
)
def test_whether_a_risk_is_removed_and_since_when_is_what_the_row_says(
    cells: dict[str, str], risk: Risk | None, removed_on: date | None
) -> None:
    assert monitoring(NEAR | cells) == ("边缘易致贫户", risk, date(2024, 3, 1), removed_on)


def test_the_risk_is_taken_from_the_row_that_names_the_kind_and_from_no_other() -> None:
    other = {"risk_state": "已消除", "risk_removed_on": "2025-06-30"}
    assert monitoring(other, NEAR | {"risk_state": "未消除"}) == (
        "边缘易致贫户",
        Risk.NOT_REMOVED,
        date(2024, 3, 1),
        None,
    )
