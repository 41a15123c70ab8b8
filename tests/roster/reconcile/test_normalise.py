"""Every habit of writing, one line each."""

from datetime import date

import pytest

from services.roster.reconcile.identity import (
    Likeness,
    NumberKind,
    check_character,
    name_likeness,
    read_certificate,
    read_number,
    read_student_number,
)
from services.roster.reconcile.model import HukouState, Risk
from services.roster.reconcile.normalise import (
    class_key,
    name_key,
    parse_date,
    parse_grade,
    parse_hukou_state,
    parse_risk,
    people_keys,
    phone_key,
    split_address,
    township_key,
    village_key,
)

DAY = date(2012, 3, 2)


@pytest.mark.parametrize(
    "text",
    ["20120302", "2012/3/2", "2012-3-2", "2012-03-02", "2012.3.2", "2012年3月2日", "２０１２年０３月０２日", " 2012-03-02 ",
     "2012-03-02 00:00:00", "2012-03-02T00:00:00", "40970", "40970.0", "'20120302", "2012 年 3 月 2 日"],
)  # fmt: skip
def test_a_day_is_read_in_every_habit(text: str) -> None:
    assert parse_date(text) == DAY


@pytest.mark.parametrize("text", ["", "无", "2012-13-01", "20120230", "2012", "3月2日", "99999", "二月"])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [("王坪乡", "王坪"), ("王坪", "王坪"), ("王坪镇", "王坪"), ("汝阳县王坪乡", "王坪"), ("河南省洛阳市汝阳县王坪乡", "王坪"), ("王坪乡人民政府", "王坪"),
     ("大安工业园区", "大安"), ("大安", "大安"), ("大安工业区", "大安"), ("汝阳县大安工业区", "大安"), ("大安产业集聚区", "大安"),
     ("竹园乡", "十八盘"), ("十八盘乡", "十八盘"), ("城关镇", "城关"), ("", ""), ("无", "")],
)  # fmt: skip
def test_a_township_has_one_key_under_all_its_names(text: str, key: str) -> None:
    assert township_key(text) == key


@pytest.mark.parametrize("text", ["上庄村", "上庄", "上庄行政村", "上庄村委会", " 上庄村 "])
def test_a_village_has_one_key(text: str) -> None:
    assert village_key(text) == "上庄"


@pytest.mark.parametrize(
    ("text", "place"),
    [("王坪乡上庄村", ("王坪", "上庄")), ("王坪上庄村", ("王坪", "上庄")), ("大安工业园区上庄村", ("大安", "上庄")), ("大安工业区上庄村", ("大安", "上庄")),
     ("王坪乡上庄村3组", ("王坪", "上庄")),
     ("河南省洛阳市汝阳县王坪乡", ("王坪", "")), ("外县某镇李庄村", ("某", "李庄")), ("", ("", ""))],
)  # fmt: skip
def test_an_address_is_split_into_township_and_village(text: str, place: tuple[str, str]) -> None:
    assert split_address(text, frozenset({"王坪", "大安"})) == place


def test_grades_classes_phones_and_states_are_read_in_every_habit() -> None:
    assert {parse_grade(g) for g in ("七年级", "7年级", "初一", "初中一年级", "７")} == {7}
    assert {class_key(c) for c in ("3班", "三班", "(3)班", "七年级3班", "七(3)班", "3")} == {"3"}
    assert {phone_key(p) for p in ("13800001111", "138-0000-1111", "+8613800001111", "13800001111.0")} == {
        "13800001111"
    }
    assert parse_hukou_state("死亡注销") is HukouState.DEAD
    assert parse_hukou_state("已销户") is HukouState.CANCELLED
    assert parse_hukou_state("正常") is HukouState.NORMAL


@pytest.mark.parametrize("text", ["风险未消除", "未消除", "尚未消除", " 未 消除 ", "否", "风险未解除"])
def test_a_risk_that_is_not_removed_is_read_in_every_habit(text: str) -> None:
    assert parse_risk(text) is Risk.NOT_REMOVED


@pytest.mark.parametrize("text", ["风险已消除", "已消除", "自然消除", "稳定消除风险", "是", "已解除"])
def test_a_risk_that_is_removed_too(text: str) -> None:
    assert parse_risk(text) is Risk.REMOVED


@pytest.mark.parametrize("text", ["", "无", "—", "未知", "2024-03-01", "健康", "0"])
def test_what_says_neither_is_taken_for_neither(text: str) -> None:
    assert parse_risk(text) is None


@pytest.mark.parametrize(
    ("a", "b", "likeness"),
    [
        ("张　一诺", "张一诺", Likeness.EXACT),
        ("許夢", "许梦", Likeness.EXACT),
        ("阿依古丽·买买提", "阿依古丽买买提", Likeness.EXACT),
        ("阿依古丽．买买提", "阿依古丽•买买提", Likeness.EXACT),
        ("张zhe明", "张喆明", Likeness.COMPATIBLE),
        ("张ZHE", "张喆", Likeness.COMPATIBLE),
        ("张？明", "张喆明", Likeness.COMPATIBLE),
        ("张■", "张喆", Likeness.COMPATIBLE),
        ("张??明", "张喆明", Likeness.COMPATIBLE),
        ("张诗涵", "张思晗", Likeness.HOMOPHONE),
        ("贺毅博", "贺毅柏", Likeness.HOMOPHONE),
        ("张子涵", "张子轩", Likeness.SIMILAR),
        ("张子涵", "李子涵", Likeness.RELATED),
        ("张子涵", "张涵子", Likeness.RELATED),
        ("张子涵", "张涵", Likeness.SIMILAR),
        ("张涵", "张轩", Likeness.DIFFERENT),
        ("张zhe明", "张轩明", Likeness.SIMILAR),
        ("", "张轩", Likeness.UNKNOWN),
    ],
)
def test_names_are_as_alike_as_people_would_say(a: str, b: str, likeness: Likeness) -> None:
    assert name_likeness(name_key(a), name_key(b)) is likeness
    assert name_likeness(name_key(b), name_key(a)) is likeness


GOOD = "41032620120901001" + check_character("41032620120901001")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("11010519491231002X", NumberKind.VALID),
        ("440524188001010014", NumberKind.VALID),
        ("34052419800101001x", NumberKind.VALID),
        (" " + GOOD + " ", NumberKind.VALID),
        ("'" + GOOD, NumberKind.VALID),
        (GOOD.translate({48 + i: 0xFF10 + i for i in range(10)}), NumberKind.VALID),
        ("410326120901001", NumberKind.VALID),  # 15 digits, the form before 1999
        ("身份证号：" + GOOD, NumberKind.VALID),
        (GOOD + ".0", NumberKind.VALID),
        ("410326201209010000", NumberKind.ROUNDED),
        ("4.10326201209E+17", NumberKind.MASKED),
        ("410326********0016", NumberKind.MASKED),
        ("410326201213010016", NumberKind.BROKEN),
        ("41032620120901", NumberKind.BROKEN),
        ("110105194912310021", NumberKind.BROKEN),
        ("H60123456", NumberKind.FOREIGN),
        ("无", NumberKind.EMPTY),
        ("", NumberKind.EMPTY),
        ("000000000000000000", NumberKind.EMPTY),
    ],
)
def test_a_citizen_number_is_worth_what_its_digits_say(text: str, kind: NumberKind) -> None:
    assert read_number(text).kind is kind


def test_fifteen_digits_are_of_the_century_a_child_is_born_in() -> None:
    assert read_number("410326120901001").valid == GOOD
    assert read_number("110105491231002").valid == "11010519491231002X"


@pytest.mark.parametrize("text", ["张伟1", "张伟B", "张伟（曾用名：张小伟）", "张 伟 2"])
def test_what_tells_namesakes_apart_is_no_part_of_the_name(text: str) -> None:
    assert name_key(text) == "张伟"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("张国强、李秀英", ("张国强", "李秀英")),
        ("父：张国强", ("张国强",)),
        ("张国强/李秀英", ("张国强", "李秀英")),
        ("张 和平", ("张和平",)),
        ("无", ()),
    ],
)
def test_everybody_named_in_a_guardians_cell_is_a_guardian(text: str, keys: tuple[str, ...]) -> None:
    assert people_keys(text) == keys


def test_a_certificate_and_a_g_number_hold_a_citizen_number_and_an_l_number_does_not() -> None:
    number, kind, grade = read_certificate(GOOD + "51")

    assert (number.valid, kind, grade) == (GOOD, "智力", "一级")
    assert read_student_number("g" + GOOD)[1].valid == GOOD
    assert read_student_number("L" + GOOD)[1].valid == ""
    assert read_student_number("J" + GOOD)[1].valid == ""
