"""Errors that offices make together: rows pasted twice, two registrations, look-alike characters, former names; and their limits.

Each class has its pair of tests: the rows are one child's, and the nearest case in which they are two children's.
"""

from collections.abc import Iterable
from datetime import date

import pytest

from services.roster.reconcile.engine import reconcile
from services.roster.reconcile.evidence import NumberLevel, same_attempt
from services.roster.reconcile.identity import check_character
from services.roster.reconcile.model import FindingKind, Reconciliation, Register, Row, RowRef

AS_OF = date(2026, 9, 14)
BORN = "2014-09-01"
HOME = {"township": "王坪乡", "village": "上庄村", "guardian_name": "张伟国", "guardian_phone": "13800001111"}
AWAY = {"township": "城关镇", "village": "下庄村", "household_head": "李大山", "household_number": "900001"}
SCHOOL = {"school_code": "3141000001", "grade": "六年级", "school_class": "2班"}
Cells = dict[str, str]


def number(serial: int, *, born: str = BORN) -> str:
    """A valid invented number; odd serials are boys."""
    first = f"410326{born.replace('-', '')}{serial:03d}"
    return first + check_character(first)


def one_digit_wrong(whole: str) -> str:
    return whole[:13] + str((int(whole[13]) + 1) % 10) + whole[14:]


def hukou(name: str, **cells: str) -> tuple[Register, Cells]:
    person = {"name": name, "sex": "男", "birth_date": BORN, "hukou_state": "正常", "household_number": "100001"}
    return Register.HUKOU, {**person, **HOME, **cells}


def enrolment(name: str, **cells: str) -> tuple[Register, Cells]:
    person = {"name": name, "sex": "男", "birth_date": BORN, "enrolment_state": "在读", "presence": "在校"}
    return Register.ENROLMENT, {**person, **HOME, **SCHOOL, **cells}


def seat(name: str, **cells: str) -> tuple[Register, Cells]:
    return Register.IN_SCHOOL, {"name": name, "arrival": "在校", **SCHOOL, **cells}


def linked(*rows: tuple[Register, Cells]) -> tuple[Reconciliation, list[str]]:
    """The reconciliation of these rows, and the label of the child of each row."""
    counted: dict[Register, int] = {}
    read: list[Row] = []
    for register, cells in rows:
        counted[register] = counted.get(register, 0) + 1
        read.append(Row(ref=RowRef(register, counted[register]), cells=cells))
    result = reconcile(read, as_of=AS_OF)
    labels = {ref: child.label for child in result.children for ref in child.rows}
    return result, [labels[row.ref] for row in read]


def kinds(result: Reconciliation) -> set[FindingKind]:
    return {finding.kind for finding in result.findings}


def children(labels: Iterable[str]) -> int:
    return len(set(labels))


def test_a_class_list_row_pasted_twice_seats_its_one_child() -> None:
    result, labels = linked(
        hukou("张雨桐", id_number=number(1)), enrolment("张雨桐", id_number=number(1)), seat("张雨桐"), seat("张雨桐")
    )

    assert children(labels) == 1
    assert FindingKind.NOT_IN_SEAT not in kinds(result)


def test_equal_class_list_rows_seat_as_many_namesakes_as_the_class_has() -> None:
    other = {"birth_date": "2014-03-03", "guardian_name": "李强", "guardian_phone": "13900002222"}
    result, labels = linked(
        enrolment("张伟", id_number=number(1)),
        enrolment("张伟", id_number=number(1, born="2014-03-03"), **other),
        seat("张伟"),
        seat("张伟"),
        seat("张伟"),
    )

    assert children(labels) == 2
    assert FindingKind.NOT_IN_SEAT not in kinds(result)


@pytest.mark.parametrize("written", ["", "无", one_digit_wrong(number(1))])
def test_a_household_row_pasted_twice_is_one_row_whatever_its_number(written: str) -> None:
    result, labels = linked(
        hukou("张雨桐", id_number=written, serial="1"),
        hukou("张雨桐", id_number=written, serial="2"),
        enrolment("张雨桐", id_number=number(1)),
    )

    assert children(labels) == 1
    assert FindingKind.NOT_ENROLLED not in kinds(result)


def test_rows_that_state_only_a_name_are_not_taken_for_copies() -> None:
    bare = (Register.POVERTY, {"name": "张伟", "poverty_kind": "脱贫户"})

    _, labels = linked(bare, bare)

    assert children(labels) == 2


def test_a_suspect_pasted_twice_is_found_as_once() -> None:
    suspect = (Register.SUSPECTS, {"name": "张雨桐", "sex": "男", "address": "王坪乡", "suspect_number": "YS1"})

    _, labels = linked(hukou("张雨桐", id_number=number(1)), suspect, suspect)

    assert children(labels) == 1


@pytest.mark.parametrize("name", ["张雨桐", "张 雨桐", "张宇桐", "张？桐"])
def test_two_registrations_of_one_child_are_one_child_with_contradicting_numbers(name: str) -> None:
    result, labels = linked(
        hukou("张雨桐", id_number=number(1)),
        hukou(name, id_number=number(3), **AWAY),
        enrolment("张雨桐", id_number=number(1)),
    )

    assert children(labels) == 1
    assert FindingKind.IDENTITY_MISMATCH in kinds(result)
    assert FindingKind.NOT_ENROLLED not in kinds(result)


@pytest.mark.parametrize(
    ("first", "second"),
    [("张子涵", "张子晗"), ("张子涵", "张子轩"), ("张？", "张？"), ("张堃", "张？"), ("张一诺", "李文静")],
)
def test_twins_on_one_household_register_are_two_children(first: str, second: str) -> None:
    _, labels = linked(hukou(first, id_number=number(1)), hukou(second, id_number=number(3)))

    assert children(labels) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"birth_date": "2012-05-06", "id_number": number(3, born="2012-05-06")},
        {"guardian_phone": "13900002222"},
        {"guardian_name": "李强", "household_head": "李强"},
        {"sex": "女", "id_number": number(4)},
    ],
    ids=str,
)
def test_namesakes_who_do_not_share_birth_guardian_telephone_and_sex_are_two_children(other: Cells) -> None:
    _, labels = linked(
        hukou("张雨桐", id_number=number(1)), hukou("张雨桐", **{"id_number": number(3), **AWAY, **other})
    )

    assert children(labels) == 2


@pytest.mark.parametrize(("written", "true"), [("张轻", "张轩"), ("张雨桐", "张雨相"), ("张容涵", "张睿涵")])
def test_a_class_list_row_with_a_look_alike_character_sits_on_the_same_student_number(written: str, true: str) -> None:
    given = {"id_number": number(1), "student_number": "G" + number(1)}

    _, labels = linked(enrolment(true, **given), seat(written, student_number="G" + number(1)))

    assert children(labels) == 1


@pytest.mark.parametrize(("first", "second"), [("张轻", "张轩"), ("张子涵", "张子轩")])
def test_a_twins_row_with_the_others_student_number_seats_the_twin(first: str, second: str) -> None:
    _, labels = linked(
        enrolment(first, id_number=number(1), student_number="G" + number(1)),
        enrolment(second, id_number=number(3), student_number="G" + number(3)),
        seat(second, student_number="G" + number(1)),
    )

    assert labels[2] == labels[1] != labels[0]


def test_a_class_list_row_bears_the_name_that_another_register_gives() -> None:
    _, labels = linked(
        hukou("刘东", id_number=number(1)),
        enrolment("刘车", id_number=number(1), student_number="G" + number(1)),
        seat("刘东"),
    )

    assert children(labels) == 1


def test_a_child_enrolled_twice_under_one_student_number_is_one_child_though_one_character_differs() -> None:
    again = {"student_number": "G" + number(1), "school_code": "3141000002"}
    result, labels = linked(
        hukou("马川东", id_number=number(1)),
        enrolment("马川东", id_number=number(1), student_number="G" + number(1)),
        enrolment("马川车", id_number="", **again),
    )

    assert children(labels) == 1
    assert FindingKind.DUPLICATE_ENROLMENT in kinds(result)


@pytest.mark.parametrize(("school", "found"), [("3141000002", 1), ("3141000001", 2)])
def test_a_child_enrolled_twice_with_a_slip_in_name_and_number_is_one_child_at_two_schools(
    school: str, found: int
) -> None:
    again = {"id_number": one_digit_wrong(number(1)), "school_code": school}

    _, labels = linked(enrolment("马川轩", id_number=number(1)), enrolment("马川轻", **again))

    assert children(labels) == found


def test_twins_at_one_school_with_one_student_number_are_two_children() -> None:
    given = {"student_number": "G" + number(1)}

    _, labels = linked(enrolment("马川东", id_number=number(1), **given), enrolment("马川北", id_number="", **given))

    assert children(labels) == 2


@pytest.mark.parametrize(
    ("police", "school"),
    [
        ({"id_number": one_digit_wrong(number(1))}, {"id_number": number(1)}),
        ({"id_number": number(1)}, {"id_number": one_digit_wrong(number(1))}),
        ({"id_number": number(1)}, {"id_number": "", "student_number": "G" + number(1)}),
    ],
    ids=["police", "school", "学籍号"],
)
def test_a_renamed_child_with_one_number_gone_wrong_is_one_child(police: Cells, school: Cells) -> None:
    result, labels = linked(hukou("李涵茜", **police), enrolment("刘诗语", **school))

    assert children(labels) == 1
    assert FindingKind.IDENTITY_MISMATCH in kinds(result)


@pytest.mark.parametrize("written", ["", number(1)[:15] + "000"])
def test_a_renamed_child_whom_no_number_tells_from_a_twin_is_left_to_a_person(written: str) -> None:
    result, labels = linked(hukou("李涵茜", id_number=written), enrolment("刘诗语", id_number=number(1)))

    assert children(labels) == 2
    assert [{doubt.a.register, doubt.b.register} for doubt in result.doubtful] == [{Register.HUKOU, Register.ENROLMENT}]


@pytest.mark.parametrize("name", ["张子轩", "张博文"])
def test_a_twin_whose_number_a_spreadsheet_rounded_is_not_taken_for_the_other(name: str) -> None:
    _, labels = linked(hukou("张子涵", id_number=number(1)), enrolment(name, id_number=number(3)[:15] + "000"))

    assert children(labels) == 2


def test_twins_numbers_that_a_spreadsheet_rounded_are_equal_but_cut() -> None:
    rounded = number(1)[:15] + "000"
    assert rounded == number(3)[:15] + "000"
    assert same_attempt(rounded, rounded) is NumberLevel.CUT


def test_a_siblings_number_on_a_pupil_merges_nobody_even_where_the_sibling_has_no_other_row() -> None:
    elder, younger = number(1, born="2012-05-06"), number(1)
    _, labels = linked(
        hukou("张雨桐", id_number=elder, birth_date="2012-05-06"),
        hukou("张博文", id_number=younger),
        enrolment("张博文", id_number=elder, student_number="G" + younger),
    )

    assert labels[2] == labels[1] != labels[0]


def test_a_number_that_the_student_number_bears_out_stands_against_a_wrong_date() -> None:
    given = {"id_number": number(1), "student_number": "G" + number(1)}

    _, labels = linked(hukou("王凯腾", id_number=number(1)), enrolment("王楷腾", **given, birth_date="2014-08-22"))

    assert children(labels) == 1


def test_a_row_whose_cells_stand_a_column_to_the_left_is_put_right() -> None:
    slipped = {"name": "张雨桐", "sex": number(1), "id_number": "20140901", "birth_date": "汉族", "township": "上庄村"}

    _, labels = linked(enrolment("张雨桐", id_number=number(1)), (Register.HUKOU, {**slipped, "village": "2组"}))

    assert children(labels) == 1


def test_number_and_birth_date_both_wrong_are_for_a_person_to_decide() -> None:
    result, labels = linked(
        hukou("张雨桐", id_number=number(1)),
        enrolment("张雨桐", birth_date="2011-05-23", id_number=one_digit_wrong(number(5, born="2011-05-23"))),
    )

    assert children(labels) == 2
    assert len(result.doubtful) == 1


def test_twins_of_one_sound_without_numbers_are_not_taken_for_one_child() -> None:
    _, labels = linked(
        enrolment("张子涵", student_number="L410326201409011111"),
        enrolment("张子晗", student_number="L410326201409012222"),
    )

    assert children(labels) == 2


def test_twins_of_one_sound_whose_numbers_were_exchanged_keep_their_names() -> None:
    _, labels = linked(
        hukou("张子涵", id_number=number(1)),
        hukou("张子晗", id_number=number(3)),
        (Register.POVERTY, {"name": "张子涵", "sex": "男", "birth_date": BORN, "id_number": number(3), **HOME}),
    )

    assert labels[2] == labels[0] != labels[1]


def test_a_copy_within_the_household_with_two_slips_is_one_registration() -> None:
    _, labels = linked(hukou("蒋铮芸", id_number=number(1)), hukou("蒋铮云", id_number=one_digit_wrong(number(1))))

    assert children(labels) == 1


def test_child_and_guardian_in_each_others_column_are_one_child() -> None:
    _, labels = linked(
        hukou("张雨桐", id_number=number(1)), enrolment("张伟国", guardian_name="张雨桐", id_number=number(1))
    )

    assert children(labels) == 1


def test_a_class_that_the_list_calls_otherwise_is_the_one_most_of_its_children_are_in() -> None:
    names = ("李一", "王二", "赵三", "钱四")
    enrolled = [enrolment(n, id_number=number(i), student_number=f"G{number(i)}") for i, n in enumerate(names, start=1)]
    called = {"grade": "2021级", "school_class": "启航班"}
    seats = [seat(n, student_number=f"G{number(i)}", **called) for i, n in enumerate(names, start=1)]

    _, labels = linked(*enrolled, enrolment("张子涵", id_number=number(9)), *seats, seat("张子晗", **called))

    assert labels[-1] == labels[len(names)]


def test_a_class_list_row_without_enrolment_is_the_only_one_of_its_name_near_the_school() -> None:
    far = {"township": "城关镇", "village": "下庄村", "guardian_name": "李强", "guardian_phone": "13900002222"}
    _, labels = linked(
        hukou("张伟", id_number=number(1)),
        hukou("张伟", id_number=number(3, born="2014-03-03"), **{"birth_date": "2014-03-03", **far}),
        enrolment("李文静", id_number=number(5), address="王坪乡上庄村"),
        seat("张伟"),
    )

    assert labels[3] == labels[0]


@pytest.mark.parametrize(("neighbours", "found"), [(5, 1), (4, 2)])
def test_a_township_that_others_of_the_village_stand_under_by_its_former_name_is_no_other_place(
    neighbours: int, found: int
) -> None:
    """Two valid numbers and another telephone: the place is what tips the scale, and it takes five children to learn of it."""
    former = {"township": "大坪乡"}
    known = [number(i, born="2013-05-05") for i in range(10, 10 + neighbours)]
    village = [
        row
        for i, given in enumerate(known)
        for row in (
            hukou(f"李{i:b}".translate(str.maketrans("01", "文武")), id_number=given, birth_date="2013-05-05"),
            enrolment(
                f"李{i:b}".translate(str.maketrans("01", "文武")), id_number=given, birth_date="2013-05-05", **former
            ),
        )
    ]

    _, labels = linked(
        hukou("张一诺", id_number=number(1)),
        enrolment("张一诺", id_number=number(3), guardian_phone="13911112222", **former),
        *village,
    )

    assert children(labels[:2]) == found
