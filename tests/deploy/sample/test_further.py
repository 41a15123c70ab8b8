"""The further lists of the invented county: beside six registers that stay what they are, with a truth of their own."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from deploy.sample.county import County, generate
from deploy.sample.errors import CLEAN, HARD, HARSH, TYPICAL, Errors
from deploy.sample.further import CHILD_RELIEF, FURTHER_FORMS, HOUSEHOLD_RELIEF
from deploy.sample.lives import Schooling
from deploy.sample.registers import FORMS
from services.contracts.divisions import Divisions, read_divisions
from tests.deploy.sample.judge import judge, read_registers, read_table

AUTUMN, SPRING = date(2026, 9, 14), date(2027, 3, 1)


@pytest.fixture(scope="module")
def county() -> County:
    return generate(children=4000, seed=21, as_of=AUTUMN, further=True)


def lists_of(county: County, folder: Path) -> dict[str, list[dict[str, object]]]:
    county.write(folder)
    return read_registers(folder / "registers")


def test_the_six_registers_are_the_same_with_and_without_the_further_lists(tmp_path: Path) -> None:
    for name, further in (("without", False), ("with", True)):
        generate(children=400, seed=5, as_of=AUTUMN, errors=HARSH, further=further).write(tmp_path / name)

    for form in FORMS:
        without, also = (tmp_path / name / "registers" / form.file for name in ("without", "with"))
        assert without.read_bytes() == also.read_bytes()
    assert not (tmp_path / "without" / "villages.csv").exists()
    assert {path.name for path in (tmp_path / "with" / "registers").iterdir()} == {
        form.file for form in (*FORMS, *FURTHER_FORMS)
    }


@pytest.mark.parametrize(
    ("seed", "errors", "as_of"), [(2, CLEAN, AUTUMN), (3, TYPICAL, AUTUMN), (4, HARD, SPRING), (5, TYPICAL, SPRING)]
)
def test_the_truth_is_what_the_written_files_say(tmp_path: Path, seed: int, errors: Errors, as_of: date) -> None:
    county = generate(children=1500, seed=seed, as_of=as_of, errors=errors, further=True)
    registers = lists_of(county, tmp_path)

    said = {(person, kind) for person, kind in read_table(tmp_path / "truth" / "findings.csv")}
    links = read_table(tmp_path / "truth" / "links.csv")
    births = {life.child.id: life.child.birth for life in county.lives}
    assert {"civil_affairs", "check_in"} <= {register for register, _, _ in links}
    assert said == judge(registers=registers, links=links, births=births, as_of=as_of)
    assert "not_reported" in {kind for _, kind in said}


def test_whoever_is_not_in_class_did_not_report_and_nobody_else(county: County) -> None:
    missing = {person for person, kind in county.findings if kind == "not_reported"}
    schooling = {life.child.id: life.schooling for life in county.lives}

    assert {schooling[person] for person in missing} == {
        Schooling.ABSENT,
        Schooling.MARKED_ABSENT,
        Schooling.ELSEWHERE,
    }


def test_a_check_in_is_dated_by_its_term_and_says_why_only_of_those_who_did_not_come(
    county: County, tmp_path: Path
) -> None:
    rows = lists_of(county, tmp_path)["check_in"]

    assert {row["学期"] for row in rows} == {"2026-2027-1"}
    came = [row for row in rows if row["报到日期"]]
    assert all("2026-09-01" <= str(row["报到日期"]) <= "2026-09-14" and not row["未报到原因"] for row in came)
    away = Counter(bool(row["未报到原因"]) for row in rows if not row["报到日期"])
    assert away[True]
    assert away[False]
    assert [row["学校标识码"] for row in rows] == sorted(str(row["学校标识码"]) for row in rows)


def test_civil_affairs_lists_each_child_once_with_its_kind_of_relief(county: County, tmp_path: Path) -> None:
    rows = lists_of(county, tmp_path)["civil_affairs"]
    kinds = Counter(str(row["救助类别"]) for row in rows)

    assert len(rows) == len({row.child_id for row in county.registers["civil_affairs"]})
    assert set(kinds) <= set(HOUSEHOLD_RELIEF) | set(CHILD_RELIEF)
    assert kinds["农村低保"] > kinds["事实无人抚养儿童"] > 0


def test_the_list_of_villages_gives_every_village_of_the_registers_its_code(county: County, tmp_path: Path) -> None:
    county.write(tmp_path)

    villages = Divisions(read_divisions((tmp_path / "villages.csv").read_text(encoding="utf-8")))

    for life in county.lives:
        home = life.child.household.village
        assert villages.village_code(township=home.township.code, name=home.name) == home.code
