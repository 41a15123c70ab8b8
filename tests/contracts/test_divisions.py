"""Divisions: a name leads to one code or to none, on any day, and former ones lead on to what they became."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.divisions import (
    COUNTY,
    DIVISIONS,
    TOWNSHIPS,
    UNKNOWN_TOWNSHIP,
    VILLAGES,
    Division,
    Divisions,
    read_divisions,
    township_code,
    village_code,
)

TOWNSHIP = "410326103"
HEADER = "code,name,kind,parent,valid_from,valid_to,successors,source\n"


@pytest.mark.parametrize(("code", "name"), TOWNSHIPS.items())
def test_a_township_is_found_by_its_name_and_named_by_its_code(code: str, name: str) -> None:
    assert township_code(name) == code
    assert DIVISIONS.name_of(code) == name
    assert len(code) == 9
    assert code.startswith(COUNTY)


@pytest.mark.parametrize(
    ("former", "present"),
    [("大安乡", "内埠镇"), ("竹园乡", "十八盘乡"), ("三屯乡", "三屯镇"), ("刘店乡", "刘店镇"), ("陶营乡", "陶营镇"),
     ("上店乡", "上店镇"), ("付店乡", "付店镇")],
)  # fmt: skip
def test_a_former_township_leads_to_the_one_that_administers_it_now(former: str, present: str) -> None:
    assert TOWNSHIPS[township_code(former)] == present


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("三屯", "三屯镇"),
        ("大安", "大安工业园区"),
        ("大安工业区", "大安工业园区"),
        ("工业区", "大安工业园区"),
        ("工业区管委会", "大安工业园区"),
        ("汝阳县小店镇", "小店镇"),
        ("河南省洛阳市汝阳县三屯乡", "三屯镇"),
    ],
)
def test_a_name_without_its_rank_is_enough(written: str, name: str) -> None:
    assert TOWNSHIPS[township_code(written)] == name


@pytest.mark.parametrize("name", ["", "白杨镇", "镇", "汝阳县", "汝阳县白杨镇", "河南省汝阳县"])
def test_a_name_of_no_township_is_unknown(name: str) -> None:
    assert township_code(name) == UNKNOWN_TOWNSHIP


def test_on_a_day_only_what_stood_then_counts() -> None:
    before, after = date(2010, 12, 31), date(2011, 1, 1)

    assert township_code("三屯镇", on=before) == UNKNOWN_TOWNSHIP
    assert township_code("三屯镇", on=after) == "410326104"
    assert DIVISIONS.name_of("410326104", on=before) == ""
    assert "410326104" not in DIVISIONS.townships(on=before)
    assert DIVISIONS.townships() == TOWNSHIPS


@pytest.mark.parametrize("written", ["上庄村", "上庄", "上庄行政村", "上庄村委会", "上庄村民委员会", "上庄社区"])
def test_a_village_is_found_by_any_form_of_its_name_within_its_township(written: str) -> None:
    assert village_code(township=TOWNSHIP, name=written) == "410326103005"


def test_a_village_that_is_not_listed_goes_by_its_name() -> None:
    assert village_code(township=TOWNSHIP, name="没有的村") == "没有的村"
    assert village_code(township=UNKNOWN_TOWNSHIP, name="上庄村") == "上庄村"
    assert village_code(township=TOWNSHIP, name="") == ""


def test_every_village_has_twelve_digits_of_its_own_and_lies_in_its_township() -> None:
    assert len({village.code for village in VILLAGES}) == len(VILLAGES) == 210
    for village in VILLAGES:
        assert len(village.code) == 12
        assert village.code.isdigit()
        assert village.code.startswith(village.parent)
        assert village_code(township=village.parent, name=village.name) == village.code
        assert DIVISIONS.name_of(village.code) == village.name


def test_a_village_that_was_merged_twice_leads_to_where_it_is_now() -> None:
    here = Divisions(
        read_divisions(
            HEADER + "410326103001,东庄村,village,410326103,,2018-03,410326103002,批复\n"
            "410326103002,中庄村,village,410326103,,2021,410326103003,批复\n"
            "410326103003,新庄村,village,410326103,2021-01-01,,,批复\n"
        )
    )

    assert here.village_code(township=TOWNSHIP, name="东庄村") == "410326103003"
    assert here.village_code(township=TOWNSHIP, name="东庄", on=date(2018, 2, 28)) == "410326103001"
    assert here.village_code(township=TOWNSHIP, name="东庄村", on=date(2018, 3, 1)) == "东庄村"


def test_a_code_that_was_kept_by_a_renamed_village_leads_to_its_present_name() -> None:
    here = Divisions(
        read_divisions(
            HEADER + "410326103001,东庄村,village,410326103,,2019,410326103001,批复\n"
            "410326103001,富强村,village,410326103,2019,,,批复\n"
        )
    )

    assert here.village_code(township=TOWNSHIP, name="东庄村") == "410326103001"
    assert here.name_of("410326103001", on=date(2018, 12, 31)) == "东庄村"
    assert here.name_of("410326103001") == "富强村"


def test_a_village_that_was_split_leads_nowhere() -> None:
    here = Divisions(
        read_divisions(
            HEADER + "410326103001,东庄村,village,410326103,,2019,410326103002 410326103003,批复\n"
            "410326103002,前东村,village,410326103,2019,,,批复\n"
            "410326103003,后东村,village,410326103,2019,,,批复\n"
        )
    )

    assert here.village_code(township=TOWNSHIP, name="东庄村") == "东庄村"


def test_a_name_that_two_villages_of_a_township_share_leads_to_neither() -> None:
    here = Divisions(
        read_divisions(
            HEADER + "410326103001,东庄村,village,410326103,,,,名录\n410326103201,东庄社区,village,410326103,,,,名录\n"
        )
    )

    assert here.village_code(township=TOWNSHIP, name="东庄") == "东庄"
    assert here.village_code(township=TOWNSHIP, name="东庄社区") == "410326103201"


def test_a_chain_that_bites_its_tail_ends() -> None:
    here = Divisions(
        read_divisions(
            HEADER + "410326103001,东庄村,village,410326103,,2018,410326103002,甲\n"
            "410326103002,西庄村,village,410326103,,2019,410326103001,乙\n"
        )
    )

    assert here.village_code(township=TOWNSHIP, name="东庄村") == "东庄村"


ON = st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 12, 31))


@given(day=ON)
def test_every_code_names_one_division_on_any_day(day: date) -> None:
    for parent in (COUNTY, *TOWNSHIPS):
        codes = [division.code for division in DIVISIONS.below(parent, on=day)]
        assert len(codes) == len(set(codes))


@given(
    lengths=st.lists(st.integers(min_value=1, max_value=4000), min_size=1, max_size=8),
    day=ON,
)
def test_a_chain_of_names_has_one_code_at_a_time_and_ends_at_the_present_one(lengths: list[int], day: date) -> None:
    starts = [date(1990, 1, 1)]
    for length in lengths:
        starts.append(starts[-1] + timedelta(days=length))
    chain = [
        Division(
            code=f"{TOWNSHIP}{number:03d}",
            name=f"{'甲乙丙丁戊己庚辛壬'[number]}庄村",
            kind="village",
            parent=TOWNSHIP,
            valid_from=start,
            valid_to=starts[number + 1] if number + 1 < len(starts) else None,
            successors=(f"{TOWNSHIP}{number + 1:03d}",) if number + 1 < len(starts) else (),
        )
        for number, start in enumerate(starts)
    ]
    here = Divisions(chain)

    standing = here.below(TOWNSHIP, on=day)

    assert len(standing) == 1
    assert here.village_code(township=TOWNSHIP, name=standing[0].name, on=day) == standing[0].code
    assert {here.village_code(township=TOWNSHIP, name=village.name) for village in chain} == {chain[-1].code}
