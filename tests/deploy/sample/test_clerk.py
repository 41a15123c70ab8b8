"""How offices write: a way of writing keeps what is stated, a wrong fact changes it."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC
from pypinyin import lazy_pinyin

from deploy.sample.clerk import Clerk, change_digit, other_number, swap_digits
from deploy.sample.errors import Errors
from deploy.sample.names import HOMOPHONES, LOOK_ALIKES, RARE, TRADITIONAL, Name
from deploy.sample.numbers import is_valid
from deploy.sample.people import Child, Household
from deploy.sample.places import TOWNSHIPS, Village
from tests.deploy.sample.judge import agree, date_of, name_pattern, number_of, passes

NUMBER = "41032620150607059X"
HOME = Household(
    number="410326104201000001",
    village=Village("410326104201", "柳湾村", TOWNSHIPS[4]),
    group=1,
    head="张伟",
    head_is_grandparent=False,
    guardian="张伟",
    phone="15400000000",
    origin="local",
    poverty=None,
    left_behind=False,
)
CHILD = Child(
    id="P000001",
    name=Name("张", "军堃"),
    sex="男",
    birth=date(2015, 6, 7),
    number=NUMBER,
    ethnicity="汉族",
    household=HOME,
    disability=None,
    siblings=("410326201701010013",),
)
streams = st.randoms(use_true_random=False)


def clerk(errors: Errors, rng: Random, *, sheet: bool = True) -> Clerk:
    return Clerk(errors=errors, rng=rng, slips=1.0, date_form="dashes", sheet=sheet)


WAYS_OF_WRITING = Errors(
    stray_space=0.5,
    traditional_form=0.5,
    rare_as_pinyin=0.3,
    rare_as_question_mark=0.3,
    rare_as_box=0.3,
    missing_dot=0.5,
    other_dot=0.5,
    full_width_number=0.3,
    spaced_number=0.3,
    small_x=0.5,
    missing_number=0.2,
    other_date_habit=0.7,
)


@given(rng=streams, sheet=st.booleans(), dotted=st.booleans())
def test_a_way_of_writing_states_the_same_child(*, rng: Random, sheet: bool, dotted: bool) -> None:
    child = replace(CHILD, name=Name("艾力", "古丽娜", dotted=True)) if dotted else CHILD

    who = clerk(WAYS_OF_WRITING, rng, sheet=sheet).identity(child, known_as=child.name)

    assert (who.stated.name, who.stated.sex, who.stated.birth) == (str(child.name), child.sex, child.birth)
    assert who.stated.number in {NUMBER, None}
    assert number_of(who.number) == who.stated.number
    assert date_of(who.birth) == child.birth
    assert agree(name_pattern(who.name), name_pattern(str(child.name)))


@given(rng=streams)
def test_a_wrong_name_differs_when_read_back(rng: Random) -> None:
    written, stated = clerk(Errors(homophone=0.6, look_alike=0.9), rng).name(CHILD.name)

    assert written == stated
    if stated != str(CHILD.name):
        assert not agree(name_pattern(written), name_pattern(str(CHILD.name)))


@given(rng=streams)
def test_a_mistyped_number_always_fails_its_check_and_never_looks_rounded(rng: Random) -> None:
    for wrong in (change_digit(NUMBER, rng), swap_digits(NUMBER, rng)):
        assert wrong != NUMBER
        assert not passes(wrong)
        assert not is_valid(wrong)
        assert number_of(wrong) == wrong


@given(rng=streams)
def test_a_rounded_number_states_no_number(rng: Random) -> None:
    child = replace(CHILD, number="410326201506070055")

    for sheet in (True, False):
        written, stated = clerk(Errors(rounded_number=1.0), rng, sheet=sheet).number(child)
        assert stated is None
        assert number_of(written) is None
        assert float(str(written)) == pytest.approx(float("410326201506070000"), rel=1e-5)


@given(rng=streams)
def test_an_other_number_is_valid_new_and_taken(rng: Random) -> None:
    taken = {NUMBER}

    other = other_number(CHILD, taken=taken, rng=rng)

    assert other != NUMBER
    assert passes(other)
    assert taken == {NUMBER, other}


@given(rng=streams)
def test_day_and_month_are_swapped_only_where_the_result_is_another_date(rng: Random) -> None:
    swapping = clerk(Errors(swapped_day_and_month=1.0), rng)

    assert swapping.birth(CHILD) == date(2015, 7, 6)
    assert swapping.birth(replace(CHILD, birth=date(2015, 6, 17))) == date(2015, 6, 17)
    assert swapping.birth(replace(CHILD, birth=date(2015, 6, 6))) == date(2015, 6, 6)


@given(rng=streams)
def test_townships_are_written_by_their_former_or_short_names(rng: Random) -> None:
    santun = TOWNSHIPS[4]

    assert clerk(Errors(former_township=1.0), rng).township(santun) == "三屯乡"
    assert clerk(Errors(short_township=1.0), rng).township(santun) == "三屯"
    assert clerk(Errors(), rng).township(santun) == "三屯镇"


def test_traditional_forms_are_the_same_characters_and_look_alikes_are_not() -> None:
    plain = OpenCC("t2s").convert

    assert all(plain(old) == char for char, old in TRADITIONAL.items())
    assert all(plain(char) != plain(wrong) for char, wrong in LOOK_ALIKES.items())


def test_homophones_sound_alike_and_rare_characters_are_outside_gb2312() -> None:
    for char, others in HOMOPHONES.items():
        assert {tuple(lazy_pinyin(other)) for other in others} == {tuple(lazy_pinyin(char))}
    for char, pinyin in RARE.items():
        assert lazy_pinyin(char) == [pinyin]
        with pytest.raises(UnicodeEncodeError):
            char.encode("gb2312")
