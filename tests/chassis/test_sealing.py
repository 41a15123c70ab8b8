"""Each suite seals, commits and wraps by its standard, and what one wrote the other doesn't take for its own."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3, Hash
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.sealing import (
    SUITES,
    SealBroken,
    Suite,
    Token,
    WrapBroken,
    _Sm4Sealer,
    is_sealed,
    read_token,
    seal,
    unseal,
)

KEY, KEK = bytes(range(32)), bytes(range(32, 64))
each_suite = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: str(suite.number))


class TestASuite:
    @each_suite
    @given(text=st.text(st.characters(codec="utf-8")), bound=st.binary(max_size=80))
    def test_opens_what_it_sealed_and_only_where_it_was_bound_to(self, suite: Suite, text: str, bound: bytes) -> None:
        sealer = suite.sealer(KEY)

        written = seal(sealer, text, bound=bound)

        assert unseal(suite.sealer(KEY), written, bound=bound) == text
        with pytest.raises(SealBroken):
            unseal(sealer, written, bound=bound + b"x")
        with pytest.raises(SealBroken):
            unseal(suite.sealer(KEK), written, bound=bound)

    @each_suite
    @given(data=st.data())
    def test_refuses_a_box_with_any_bit_changed_or_cut_short(self, suite: Suite, data: st.DataObject) -> None:
        sealer = suite.sealer(KEY)
        nonce = bytes(12)
        box = bytearray(nonce + sealer.encrypt(nonce, "燕归来".encode(), b"bound"))
        if data.draw(st.booleans()):
            box[data.draw(st.integers(0, len(box) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del box[data.draw(st.integers(0, len(box) - 1)) :]

        with pytest.raises(Exception) as refused:  # noqa: PT011  # what `unseal` turns into `SealBroken`
            sealer.decrypt(bytes(box[:12]), bytes(box[12:]), b"bound")

        assert type(refused.value).__name__ in {"InvalidTag", "ValueError"}

    @each_suite
    def test_wraps_a_key_that_only_the_same_key_encryption_key_opens(self, suite: Suite) -> None:
        subject = uuid4()

        wrapped = suite.wrap(KEK, KEY, subject=subject)

        assert KEY not in wrapped
        assert suite.unwrap(KEK, wrapped, subject=subject) == KEY
        with pytest.raises(WrapBroken):
            suite.unwrap(KEY, wrapped, subject=subject)
        with pytest.raises(WrapBroken):
            suite.unwrap(KEK, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), subject=subject)

    def test_of_commercial_cryptography_binds_a_wrapped_key_to_its_person(self) -> None:
        wrapped = SUITES[2].wrap(KEK, KEY, subject=uuid4())

        with pytest.raises(WrapBroken):
            SUITES[2].unwrap(KEK, wrapped, subject=uuid4())

    @each_suite
    def test_commits_to_a_key_in_43_characters(self, suite: Suite) -> None:
        commitments = {suite.sealer(key).commitment for key in (KEY, KEK)}

        assert len(commitments) == 2
        assert {len(commitment) for commitment in commitments} == {43}
        assert suite.check_value(KEK) == suite.check_value(KEK) != suite.check_value(KEY)

    def test_is_not_the_other_one(self) -> None:
        first, second = (suite.sealer(KEY) for suite in SUITES.values())

        assert first.commitment != second.commitment
        with pytest.raises(SealBroken):
            unseal(second, seal(first, "燕归来", bound=b""), bound=b"")


class TestCommercialCryptography:
    """国密 held against the standards' own examples: GB/T 32905 annex A, RFC 8998 appendix A."""

    def test_hashes_as_the_standard_shows(self) -> None:
        digest = Hash(SM3())
        digest.update(b"abc")

        assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"

    def test_seals_as_rfc_8998_shows(self) -> None:
        sealer = _Sm4Sealer(KEY)
        sealer._sm4.key = bytes.fromhex("0123456789abcdeffedcba9876543210")
        text = bytes.fromhex("aa" * 8 + "bb" * 8 + "cc" * 8 + "dd" * 8 + "ee" * 8 + "ff" * 8 + "ee" * 8 + "aa" * 8)
        bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        nonce = bytes.fromhex("00001234567800000000abcd")

        box = sealer.encrypt(nonce, text, bound)

        assert box.hex() == (
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
            "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
            "83de3541e4c2b58177e065a9bf7b62ec"
        )

    def test_is_not_what_the_other_suite_would_have_written(self) -> None:
        nonce = bytes(12)

        assert AESGCM(KEY).encrypt(nonce, b"text", b"") != SUITES[2].sealer(KEY).encrypt(nonce, b"text", b"")


class TestAToken:
    @each_suite
    def test_is_read_as_it_was_written(self, suite: Suite) -> None:
        token = Token(suite.number, uuid4(), 1, "c" * 43, "name", "box")

        assert is_sealed(token.written())
        assert read_token(token.written()) == token

    @pytest.mark.parametrize("suite", ["0", "3", "01", "x", ""])
    def test_of_a_suite_nobody_knows_is_none(self, suite: str) -> None:
        written = Token(1, uuid4(), 1, "c" * 43, "name", "box").written().replace(":1:", f":{suite}:", 1)

        assert not is_sealed(written)
        with pytest.raises(SealBroken):
            read_token(written)

    def test_says_its_suite_to_what_it_is_bound_to(self) -> None:
        token = Token(1, uuid4(), 1, "c" * 43, "name", "")
        of = {"aggregate_id": uuid4(), "version": 1, "stored_topic": "roster.Child.Registered"}

        assert token.bound(**of) != replace(token, suite=2).bound(**of)


@pytest.mark.parametrize(
    "written",
    [
        (
            "sealed:1:00000000000000000000000000000005:1:h6MS3cPYdTVarbqchBXQ9jAX7RTQQBR-7awHCz9X7Zg:name:"
            "Ixzygg4k5HYEcziclJxf1Hn8071pHvxBX1QJ1zGEmmg6bjLwhg=="
        ),
        (
            "sealed:2:00000000000000000000000000000005:1:t93HkPnkDRqvVEWIR2nFAMfWX9986wlm8qGc47AsB98:name:"
            "nmOmKtD9kSoi38ofWJzfCATGYymB84j8RfBwoMWGYATitiJ9_w=="
        ),
    ],
)
def test_what_was_sealed_once_opens_for_ever(written: str) -> None:
    token = read_token(written)
    sealer = SUITES[token.suite].sealer(KEY)
    bound = token.bound(aggregate_id=UUID(int=6), version=3, stored_topic="roster.Child.Registered")

    assert sealer.commitment == token.commitment
    assert unseal(sealer, token.box, bound=bound) == "燕归来"
