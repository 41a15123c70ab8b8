"""Codes that people type: read however they are written, and noticed when one sign is wrong or two are exchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.typed_code import ALPHABET, code_of, grouped, read_code

CODE = code_of(b"seed", signs=14)


@given(st.binary(min_size=1, max_size=32), st.integers(6, 20), st.data())
def test_a_wrong_sign_or_two_exchanged_are_noticed(seed: bytes, signs: int, data: st.DataObject) -> None:
    code = code_of(seed, signs=signs)
    assert len(code) == signs + 1
    assert read_code(code) == code
    at = data.draw(st.integers(0, signs))
    other = data.draw(st.sampled_from(ALPHABET.replace(code[at], "")))
    assert read_code(code[:at] + other + code[at + 1 :]) is None

    beside = data.draw(st.sampled_from([place for place, sign in enumerate(code) if sign != code[at]] or [at]))
    if beside == at:
        return  # all signs are the same one
    exchanged = list(code)
    exchanged[at], exchanged[beside] = exchanged[beside], exchanged[at]
    assert read_code("".join(exchanged)) is None


@pytest.mark.parametrize(
    "typed",
    [
        grouped(CODE),
        CODE.lower(),
        f"  {CODE[:4]} {CODE[4:]}\n",
        "".join(chr(ord(sign) + 0xFEE0) for sign in CODE),
    ],
)
def test_is_read_in_small_and_wide_letters_with_spaces_and_hyphens(typed: str) -> None:
    assert read_code(typed) == CODE


@pytest.mark.parametrize("typed", ["", " ", "A", "I0O1-LLLL", "查询码", "'; drop table", "𝟘" * 15])
def test_what_is_none_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_is_printed_in_groups_of_five() -> None:
    assert [len(group) for group in grouped(CODE).split("-")] == [5, 5, 5]
