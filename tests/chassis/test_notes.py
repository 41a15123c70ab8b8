"""Notes as others read them: against the published examples, and refused when a letter was changed."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from deploy.witness import verify
from services.chassis.merkle import Growing, inclusion_proof, leaf_hash
from services.chassis.notes import Signer, checkpoint, tlog_proof

# The example of the format's first implementation (golang.org/x/mod/sumdb/note).
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
SIGNED = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "baoxue.example/cases/1"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
TRUSTED = [verify.Verifier.parse(SIGNER.verifier)]


def test_the_published_example_is_signed_and_opened_as_published() -> None:
    signer = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(base64.b64decode(SKEY)[1:]))

    assert signer.verifier == VKEY
    assert signer.sign(TEXT) == SIGNED
    assert verify.open_note(SIGNED, [verify.Verifier.parse(VKEY)]) == (TEXT, {"PeterNeumann": None})


def test_a_checkpoint_says_which_log_how_far_and_who_says_so() -> None:
    tree = Growing()
    tree.append(leaf_hash(b"a step"))
    found = verify.open_checkpoint(SIGNER.sign(checkpoint(ORIGIN, 1, tree.root())), TRUSTED, origin=ORIGIN)

    assert (found.size, found.root, found.signed) == (1, tree.root(), {ORIGIN: None})


@given(st.data())
def test_a_note_of_which_one_letter_was_changed_is_refused(data: st.DataObject) -> None:
    note = SIGNER.sign(checkpoint(ORIGIN, 12, leaf_hash(b"")))
    where = data.draw(st.integers(0, len(note) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda other: other != note[where]))
    with pytest.raises(verify.NotProved):
        verify.open_checkpoint(note[:where] + letter + note[where + 1 :], TRUSTED, origin=ORIGIN)


def test_a_checkpoint_of_another_log_is_none_of_this_one() -> None:
    note = SIGNER.sign(checkpoint("baoxue.example/roster/1", 1, leaf_hash(b"")))
    with pytest.raises(verify.Malformed, match=r"no checkpoint of baoxue\.example/cases/1"):
        verify.open_checkpoint(note, TRUSTED, origin=ORIGIN)


def test_a_checkpoint_that_only_a_witness_has_signed_is_none() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = bytes([verify.WITNESS_KEY]) + key.public_key().public_bytes_raw()
    witness = verify.Verifier("witness.example", b"\0\0\0\0", verify.WITNESS_KEY, public[1:])
    text = checkpoint(ORIGIN, 1, leaf_hash(b""))
    signature = struct.pack(">Q", 7) + key.sign(f"cosignature/v1\ntime 7\n{text}".encode())
    note = f"{text}\n— witness.example {base64.b64encode(witness.id + signature).decode()}\n"

    assert verify.open_note(note, [witness])[1] == {"witness.example": 7}
    with pytest.raises(verify.Unsigned, match="itself has not signed"):
        verify.open_checkpoint(note, [witness, *TRUSTED], origin=ORIGIN)


def test_one_entry_is_proved_by_a_text_that_is_kept_for_itself() -> None:
    tree, kept = Growing(), {}
    for entry in (b"a", b"b", b"c"):
        kept |= {(level, index): root for level, index, root in tree.append(leaf_hash(entry))}
    note = SIGNER.sign(checkpoint(ORIGIN, 3, tree.root()))
    proof = tlog_proof(1, inclusion_proof(1, 3, lambda *at: kept[at]), note, extra=b"for the inspector")

    assert verify.check_tlog_proof(proof, entry=b"b", trusted=TRUSTED, origin=ORIGIN).size == 3
    with pytest.raises(verify.NotProved, match="not what the log of 3 entries says"):
        verify.check_tlog_proof(proof, entry=b"B", trusted=TRUSTED, origin=ORIGIN)


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_key_has_a_name_that_can_stand_in_a_line(name: str) -> None:
    with pytest.raises(ValueError, match="spaces nor plus"):
        Signer(name, SIGNER.key)


@pytest.mark.parametrize("text", ["no line", "a\rline\n"])
def test_what_is_no_text_of_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="text of a note"):
        SIGNER.sign(text)
