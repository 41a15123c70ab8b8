"""Keys that sign notes: what holds of any of them, and SM2 by the examples of its standard, in three programs written apart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.witness import verify
from services.chassis import sm2
from services.chassis.errors import Refused
from services.chassis.notes import Ed25519Key, Key, Signer, SigningFailed, checkpoint
from services.chassis.signing import SM2_SM3, CommandKey, read_signer
from tests.data.bundles.write import County

PROGRAM = Path(verify.__file__).with_name("verify.mjs")
ORIGIN = "baoxue/410326/cases/1"
# GB/T 32918.5-2017, annex A.2: the example of a signature
PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
MESSAGE = b"message digest"


def pem(folder: Path) -> Path:
    """The example's secret key as `openssl` takes it (SEC 1, RFC 5915, curve 1.2.156.10197.1.301)."""
    inner = (
        b"\x02\x01\x01\x04\x20"
        + SECRET.to_bytes(32)
        + b"\xa0\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d"
        + b"\xa1\x44\x03\x42\x00\x04"
        + PUBLIC
    )
    der = b"\x30" + bytes([len(inner)]) + inner
    file = folder / "sm2.der"
    file.write_bytes(der)
    made = folder / "sm2.pem"
    subprocess.run(
        ["openssl", "ec", "-inform", "DER", "-in", file, "-out", made], check=True, capture_output=True, timeout=30
    )
    return made


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> CommandKey:
    """An SM2 key that OpenSSL signs with, as the client of a cipher machine would."""
    key = pem(tmp_path_factory.mktemp("machine"))
    command = ("/usr/bin/openssl", "dgst", "-sm3", "-sign", str(key), "-sigopt", "distid:1234567812345678")
    return CommandKey(command, PUBLIC)


@pytest.fixture(params=["ed25519", "sm2"])
def key(request: pytest.FixtureRequest, outside: CommandKey) -> Key:
    return Ed25519Key(Ed25519PrivateKey.from_private_bytes(bytes(32))) if request.param == "ed25519" else outside


def signer(*also: Key) -> Signer:
    return Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))), also)


class TestAnyKey:
    def test_signs_what_its_public_key_verifies_and_nothing_else(self, key: Key) -> None:
        note = signer(key).sign(checkpoint(ORIGIN, 7, bytes(32)))
        own = verify.Verifier.parse(signer(key).verifiers[1])

        assert verify.open_note(note, [own])[1] == {ORIGIN: None}
        with pytest.raises(verify.Unsigned, match="doesn't hold"):
            verify.open_note(note.replace("\n7\n", "\n8\n"), [own])

    def test_is_told_by_a_name_and_an_id_that_stay_the_same(self, key: Key) -> None:
        first, again = signer(key).verifiers[1], signer(key).verifiers[1]
        assert first == again
        assert verify.Verifier.parse(first).name == ORIGIN

    def test_signs_beside_the_one_that_c2sp_asks_for_which_others_need_not_know(self, key: Key) -> None:
        note = signer(key).sign(checkpoint(ORIGIN, 7, bytes(32)))
        for line in signer(key).verifiers:
            assert verify.open_checkpoint(note, [verify.Verifier.parse(line)], origin=ORIGIN).size == 7


class TestSm2:
    def test_holds_by_the_example_of_the_standard(self) -> None:
        assert sm2.holds(PUBLIC, MESSAGE, SIGNATURE)
        assert verify.sm2_holds(PUBLIC, MESSAGE, SIGNATURE)

    @settings(max_examples=25, deadline=None)
    @given(place=st.integers(0, 127), bit=st.integers(0, 7))
    def test_does_not_with_one_bit_changed(self, place: int, bit: int) -> None:
        material = bytearray(SIGNATURE + PUBLIC)
        material[place] ^= 1 << bit
        signature, public = bytes(material[:64]), bytes(material[64:])

        assert not sm2.holds(public, MESSAGE, signature)
        assert not verify.sm2_holds(public, MESSAGE, signature)

    @pytest.mark.parametrize(
        "signature",
        [
            b"",
            bytes(64),
            SIGNATURE[:63],
            SIGNATURE + b"\0",
            sm2.ORDER.to_bytes(32) + SIGNATURE[32:],
            SIGNATURE[:32] + bytes(32),
        ],
    )
    def test_numbers_out_of_their_range_are_no_signature(self, signature: bytes) -> None:
        assert not sm2.holds(PUBLIC, MESSAGE, signature)
        assert not verify.sm2_holds(PUBLIC, MESSAGE, signature)

    def test_r_and_s_that_cancel_out_are_no_signature(self) -> None:
        r = int.from_bytes(SIGNATURE[:32])
        cancelling = SIGNATURE[:32] + (sm2.ORDER - r).to_bytes(32)
        assert not sm2.holds(PUBLIC, MESSAGE, cancelling)
        assert not verify.sm2_holds(PUBLIC, MESSAGE, cancelling)

    def test_the_program_in_the_other_language_says_the_same(self, tmp_path: Path) -> None:
        cases = [(PUBLIC, SIGNATURE), (PUBLIC, SIGNATURE[::-1]), (PUBLIC, bytes(64)), (PUBLIC, SIGNATURE[:63])]
        script = f"""
import {{ sm2Holds, sm2Point }} from {json.dumps(PROGRAM.as_uri())};
const cases = {json.dumps([[public.hex(), signature.hex()] for public, signature in cases])};
const hex = (text) => Buffer.from(text, "hex");
console.log(JSON.stringify(cases.map(([p, s]) => sm2Holds(sm2Point(hex(p)), Buffer.from("message digest"), hex(s)))));
console.log(sm2Point(Buffer.alloc(64, 1)));
"""
        (tmp_path / "check.mjs").write_text(script)
        said = subprocess.run(["node", tmp_path / "check.mjs"], capture_output=True, text=True, timeout=30, check=True)
        assert said.stdout.splitlines() == ["[true,false,false,false]", "null"]

    def test_what_is_no_point_of_the_curve_is_no_key(self) -> None:
        for public in (bytes(64), PUBLIC[:63], PUBLIC[::-1]):
            assert sm2.point_of(public) is None
            assert not verify.sm2_is_key(public)


class TestABundle:
    """What is handed out by an installation that signs with both."""

    def test_is_taken_by_both_programs_and_rests_on_both_keys(self, outside: CommandKey, tmp_path: Path) -> None:
        county = County("410326", also=(outside,))
        bundle = county.case()
        found = verify.check_bundle(bundle, trusted=[verify.Verifier.parse(key) for key in county.trusted])
        (tmp_path / "case.zip").write_bytes(bundle)
        (tmp_path / "keys.txt").write_text("\n".join(county.trusted))
        said = subprocess.run(
            ["node", PROGRAM, "--keys", tmp_path / "keys.txt", tmp_path / "case.zip"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

        assert len(county.keys) == 4
        assert [len(log.entries) for log in found.logs] == [6, 1]
        assert "cases/1: 6 of its 11 entries, none altered" in said.stdout
        with pytest.raises(verify.NotProved, match="rests on a key that is not trusted"):
            verify.check_bundle(bundle, trusted=[verify.Verifier.parse(key) for key in County("410326").trusted])

    def test_of_which_the_sm2_line_is_another_is_refused(self, outside: CommandKey) -> None:
        county = County("410326", also=(outside,))
        other = county.bundles.sign("a text of another kind\n").splitlines()[-1]
        note = county.bundles.sign("a text\n")
        trusted = [verify.Verifier.parse(key) for key in county.trusted]

        assert verify.open_note(note, trusted)[1]
        with pytest.raises(verify.Unsigned, match="SM2 signature"):
            verify.open_note("\n".join([*note.splitlines()[:-1], other, ""]), trusted)


class TestACommandThatSigns:
    def test_with_another_key_than_was_set_is_not_believed(self, outside: CommandKey) -> None:
        other = PUBLIC[:32] + (sm2.P - int.from_bytes(PUBLIC[32:])).to_bytes(32)
        with pytest.raises(SigningFailed, match="another key"):
            CommandKey(outside.command, other).sign(MESSAGE)

    @pytest.mark.parametrize("does", ["raise SystemExit(1)", "print('no signature')", "pass"])
    def test_that_fails_or_says_something_else_signs_nothing(self, does: str) -> None:
        with pytest.raises(SigningFailed):
            CommandKey((sys.executable, "-c", does), PUBLIC).sign(MESSAGE)

    def test_that_takes_too_long_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.chassis.signing.WAIT_S", 0.05)
        with pytest.raises(SigningFailed, match="TimeoutExpired"):
            CommandKey((sys.executable, "-c", "import time; time.sleep(9)"), PUBLIC).sign(MESSAGE)


class TestItsFile:
    def test_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "signer.toml").write_text(
            f'[sm2]\ncommand = ["/usr/bin/openssl", "x"]\npublic = "{PUBLIC.hex()}"\n'
        )
        [key] = read_signer(tmp_path / "signer.toml")
        assert key.material == SM2_SM3 + PUBLIC
        assert read_signer(None) == ()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "no toml",
            "[sm2]\n",
            '[sm2]\ncommand = "x"\npublic = ""\n',
            '[sm2]\ncommand = ["openssl"]\npublic = ""\n',
            '[sm2]\ncommand = ["/usr/bin/openssl"]\npublic = "00"\n',
        ],
    )
    def test_that_can_not_be_read_is_refused_in_words(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "signer.toml").write_text(text)
        with pytest.raises(Refused, match=r"signer\.toml"):
            read_signer(tmp_path / "signer.toml")
