"""Codes of the standards: every habit of writing one leads to its name, and to no other."""

import csv
import re
from pathlib import Path

import pytest

from services.roster.reconcile import codes
from services.roster.reconcile.codes import name_in
from services.roster.reconcile.identity import read_certificate

TABLE = list(csv.DictReader(Path(codes.__file__).with_name("codes.csv").read_text(encoding="utf-8").splitlines()))
LISTS = {line["list"] for line in TABLE}


@pytest.mark.parametrize("line", TABLE, ids=lambda line: f"{line['list']}-{line['code']}")
def test_a_code_is_found_by_number_by_name_and_by_what_else_is_written(line: dict[str, str]) -> None:
    for written in (line["code"], line["name"], f" {line['name']} ", *line["also"].split()):
        assert name_in(line["list"], written) == line["name"]


@pytest.mark.parametrize(
    ("field", "cell", "name"),
    [
        ("ethnicity", "汉", "汉族"), ("ethnicity", "1", "汉族"), ("ethnicity", "０３", "回族"), ("ethnicity", "维族", "维吾尔族"),
        ("ethnicity", "土", "土族"), ("ethnicity", "土家", "土家族"), ("ethnicity", "57", ""), ("ethnicity", "汉语", ""),
        ("kinship", "之孙子", "孙子"), ("kinship", "户主之女", "女"), ("kinship", "外孙", "外孙子"), ("kinship", "41", "孙子"),
        ("kinship", "2014-05-06", ""), ("id_type", "身份证", "居民身份证"), ("id_type", "a", "护照"), ("id_type", "无", ""),
        ("disability_kind", "62", "听力"), ("disability_kind", "听力残疾", "听力"), ("disability_kind", "8", ""),
        ("disability_grade", "Ⅱ级", "二级"), ("disability_grade", "2", "二级"), ("disability_grade", "重度", "二级"),
        ("disability_grade", "五级", ""), ("ethnicity", "", ""),
    ],
)  # fmt: skip
def test_offices_habits_are_read(field: str, cell: str, name: str) -> None:
    assert name_in(field, cell) == name


def test_the_lists_are_as_long_as_their_standards() -> None:
    numbers = {name: [line["code"] for line in TABLE if line["list"] == name] for name in LISTS}

    assert numbers["ethnicity"] == [f"{number:02d}" for number in (*range(1, 57), 97, 98)]
    assert numbers["disability_kind"] == list("1234567")
    assert numbers["disability_grade"] == list("1234")
    assert numbers["id_type"] == list("16789AZ")
    assert len(numbers["kinship"]) == len(set(numbers["kinship"])) == 85
    assert all(re.fullmatch(r"\d\d", code) for code in numbers["kinship"])
    assert all(line["standard"] for line in TABLE)


def test_a_certificate_names_category_and_grade_as_the_lists_do() -> None:
    _, kind, grade = read_certificate("41032620150607059X42")

    assert (kind, grade) == ("肢体", "二级")
    assert (name_in("disability_kind", kind), name_in("disability_grade", grade)) == (kind, grade)
