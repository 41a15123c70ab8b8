"""The invented county: the same arguments give the same bytes, and its truth is what its files say."""

import csv
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from stdnum.cn import ric

from deploy.sample.county import County, generate
from deploy.sample.errors import CLEAN, HARD, TYPICAL, Errors
from deploy.sample.lives import Schooling
from deploy.sample.registers import FORMS
from deploy.sample.truth import KINDS
from tests.deploy.sample.judge import judge, numbers_in, passes, read_registers, read_table

AUTUMN = date(2026, 9, 14)
HAND_MADE = Path(__file__).parents[2] / "data" / "county" / "registers"


@pytest.fixture(scope="module")
def typical() -> County:
    return generate(children=6000, seed=11, as_of=AUTUMN)


def the_bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_arguments_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    def run(folder: Path, hash_seed: str) -> dict[str, bytes]:
        arguments = [
            "--children",
            "400",
            "--seed",
            "5",
            "--as-of",
            "2026-09-14",
            "--errors",
            "hard",
            "--out",
            str(folder),
        ]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Shanghai" if hash_seed == "1" else "UTC"}
        subprocess.run([sys.executable, "-m", "deploy.sample", *arguments], check=True, env=environment, timeout=60)
        return the_bytes_of(folder)

    first, second = run(tmp_path / "one", "1"), run(tmp_path / "two", "2")

    assert len(first) == 8
    assert first == second


def test_another_seed_gives_another_county() -> None:
    one, two = (generate(children=200, seed=seed, as_of=AUTUMN) for seed in (1, 2))

    assert [life.child.name for life in one.lives] != [life.child.name for life in two.lives]


def test_one_seed_gives_the_same_children_under_every_error_rate() -> None:
    clean, hard = (generate(children=1500, seed=4, as_of=AUTUMN, errors=errors) for errors in (CLEAN, HARD))

    assert [life.child for life in clean.lives] == [life.child for life in hard.lives]
    changed = {b.schooling for a, b in zip(clean.lives, hard.lives, strict=True) if a != b}
    assert changed == {Schooling.DEAD_BUT_ENROLLED}


@pytest.mark.parametrize(
    ("children", "seed", "errors", "as_of"),
    [
        (1, 1, TYPICAL, AUTUMN),
        (900, 2, CLEAN, AUTUMN),
        (2500, 3, TYPICAL, AUTUMN),
        (2500, 4, HARD, AUTUMN),
        (900, 5, HARD, date(2028, 2, 29)),
    ],
)
def test_the_truth_is_what_the_written_files_say(
    tmp_path: Path, children: int, seed: int, errors: Errors, as_of: date
) -> None:
    county = generate(children=children, seed=seed, as_of=as_of, errors=errors)

    county.write(tmp_path)

    links = read_table(tmp_path / "truth" / "links.csv")
    registers = read_registers(tmp_path / "registers")
    births = {life.child.id: life.child.birth for life in county.lives}
    said = {(person, kind) for person, kind in read_table(tmp_path / "truth" / "findings.csv")}
    assert {name: len(rows) for name, rows in registers.items()} == {
        form.register: Counter(register for register, _, _ in links)[form.register] for form in FORMS
    }
    assert said == judge(registers=registers, links=links, births=births, as_of=as_of)


def test_every_row_is_linked_once_and_every_finding_is_about_a_child_with_a_row(typical: County) -> None:
    links = list(typical.links)

    assert len({(register, row) for register, row, _ in links}) == len(links)
    assert {person for _, _, person in links} >= {person for person, _ in typical.findings}
    assert {person for _, _, person in links} <= {life.child.id for life in typical.lives}
    assert len(typical.findings) == len(set(typical.findings))


def test_every_child_is_in_exactly_one_state_and_every_state_occurs(typical: County) -> None:
    states = Counter(life.schooling for life in typical.lives)

    assert len(typical.lives) == sum(states.values()) == 6000
    assert set(states) == set(Schooling)
    assert states[Schooling.IN_SEAT] > 4000


def test_every_kind_of_finding_occurs(typical: County) -> None:
    assert {kind for _, kind in typical.findings} == set(KINDS)


def test_children_known_to_nobody_have_no_finding(typical: County) -> None:
    seen = {person for _, _, person in typical.links}
    unseen = {life.child.id for life in typical.lives} - seen

    assert unseen
    assert not unseen & {person for person, _ in typical.findings}


def test_a_clean_county_states_one_valid_number_for_each_child_and_still_has_children_out_of_school(
    tmp_path: Path,
) -> None:
    county = generate(children=1500, seed=9, as_of=AUTUMN, errors=CLEAN)
    county.write(tmp_path)

    registers = read_registers(tmp_path / "registers")
    kinds = {kind for _, kind in county.findings}
    numbers = [number for register, rows in registers.items() for row in rows for number in numbers_in(register, row)]
    assert not kinds & {"identity_mismatch", "duplicate_enrolment", "ghost_enrolment"}
    assert {"not_enrolled", "not_in_seat", "transfer_pending", "no_id_number"} <= kinds
    assert all(number == number.strip() and passes(number) for number in numbers)


def test_true_numbers_are_valid_and_belong_to_one_child(typical: County) -> None:
    children = [life.child for life in typical.lives if life.child.number]

    assert len({child.number for child in children}) == len(children)
    for child in children:
        assert child.number is not None
        assert ric.get_birth_date(ric.validate(child.number)) == child.birth
        assert (int(child.number[16]) % 2 == 1) == (child.sex == "男")


def test_there_are_twins_namesakes_dotted_names_and_children_without_a_number(typical: County) -> None:
    children = [life.child for life in typical.lives]
    twins = Counter((child.household.number, child.birth) for child in children)
    names = Counter(str(child.name) for child in children)

    assert max(twins.values()) >= 2
    assert sum(count > 1 for count in names.values()) > 50
    assert any("·" in name for name in names)
    assert any(child.number is None for child in children)


def test_brothers_and_sisters_have_different_names(typical: County) -> None:
    names = Counter((life.child.household.number, life.child.name) for life in typical.lives)

    assert max(names.values()) == 1


def test_the_registers_have_the_columns_of_the_hand_made_county(tmp_path: Path) -> None:
    generate(children=50, seed=1, as_of=AUTUMN, errors=CLEAN).write(tmp_path)

    hand_made = read_registers(HAND_MADE)
    for form in FORMS:
        assert tuple(hand_made[form.register][0]) == form.columns


def test_progress_is_told_and_ends(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    county = generate(children=300, seed=1, as_of=AUTUMN, progress=lambda *step: told.append(step))
    county.write(tmp_path, progress=lambda *step: told.append(step))

    assert all(0 <= done <= total for _, done, total in told)
    assert ("registers", 6, 6) in told
    assert told[-1] == ("write truth", 6, 6)


@pytest.mark.parametrize("children", [0, -1, 1_000_001])
def test_a_county_without_or_with_too_many_children_is_refused_in_words(children: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 1000000"):
        generate(children=children, seed=1, as_of=AUTUMN)


def test_an_error_rate_that_is_no_probability_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"wrong_digit is 1\.5"):
        Errors(wrong_digit=1.5)


def test_the_household_register_is_written_as_the_police_write_it(tmp_path: Path) -> None:
    generate(children=50, seed=1, as_of=AUTUMN).write(tmp_path)

    raw = (tmp_path / "registers" / "hukou.csv").read_bytes()
    rows = list(csv.reader(raw.decode("gb18030").splitlines()))
    assert raw.endswith(b"\r\n")
    assert {len(row) for row in rows} == {14}
    assert (tmp_path / "registers" / "in_school.csv").read_bytes().startswith(b"\xef\xbb\xbf")
