"""The mirror: it keeps what was cosigned and nothing else, goes on where it was killed, and shows which entry the county changed."""

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.witness import mirror, verify
from deploy.witness.mirror import AT_ONCE, Away, Goal, Mirror, goal_of, path_of
from deploy.witness.witness import Witness
from tests.deploy.witness.test_witness import NAME, ORIGIN, SIGNER, THEN, Log, entries

KEPT = 2 * AT_ONCE + 88


class County:
    """A log as a county serves it, with what somebody may have done to it on the way."""

    def __init__(self, log: Log, content: list[bytes]) -> None:
        self.log, self.content = log, content
        self.asked: list[str] = []
        self.changed: Callable[[str, bytes], bytes] = lambda _, content: content

    def read(self, path: str) -> bytes:
        self.asked.append(path)
        kind, _, rest = path.partition("/")
        place_text, _, width_text = (rest if kind == "entries" else rest.partition("/")[2]).partition(".p/")
        place, width = int(place_text.replace("x", "").replace("/", "")), int(width_text or AT_ONCE)
        if kind == "entries":
            shown = self.content[place * AT_ONCE : place * AT_ONCE + width]
            return self.changed(path, b"".join(struct.pack(">I", len(one)) + one for one in shown))
        level = 8 * int(rest.partition("/")[0])
        return self.changed(path, b"".join(self.log.kept[level, place * AT_ONCE + n] for n in range(width)))


@pytest.fixture(scope="module")
def content() -> list[bytes]:
    return [*entries(KEPT - 1), b"x" * 70_000]  # one that is longer than two bytes can say


@pytest.fixture
def county(content: list[bytes]) -> County:
    return County(Log(*content), list(content))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    (tmp_path / "logs").write_text(SIGNER.verifier + "\n")
    return Witness(tmp_path, name=NAME, now=lambda: THEN)


def cosigned(witness: Witness, county: County, old: int, size: int) -> Goal:
    """The log is so long by now, and the witness has seen it."""
    assert witness.add_checkpoint(county.log.asks(old, size)).status == 200
    goal = goal_of(witness, ORIGIN)
    assert goal is not None
    return goal


def pulled(copy: Mirror, county: County, goal: Goal) -> list[int]:
    return list(copy.pull(county, goal))


def test_what_was_cosigned_is_copied_and_is_the_same(tmp_path: Path, witness: Witness, county: County) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)

    assert pulled(copy, county, cosigned(witness, county, 0, KEPT)) == [AT_ONCE, 2 * AT_ONCE, KEPT]
    assert copy.size == KEPT
    assert list(copy.check(witness.keys_of(ORIGIN)))[-1] == KEPT
    assert list(copy.compare(county))[-1] == KEPT


def test_an_entry_of_the_copy_is_proved_with_the_witness_s_own_signature(
    tmp_path: Path, witness: Witness, county: County, content: list[bytes]
) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)
    pulled(copy, county, cosigned(witness, county, 0, KEPT))

    for position in (1, 255, 256, 257, 513, KEPT):
        entry, proof = copy.entry(position)
        found = verify.check_tlog_proof(proof, entry=entry, trusted=witness.keys_of(ORIGIN), origin=ORIGIN)
        assert entry == content[position - 1]
        assert found.signed == {ORIGIN: None, NAME: THEN}


def test_it_catches_up_by_what_is_new(tmp_path: Path, witness: Witness, county: County) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)
    pulled(copy, county, cosigned(witness, county, 0, 300))
    county.asked.clear()
    pulled(copy, county, cosigned(witness, county, 300, 310))

    assert [path for path in county.asked if path.startswith("entries")] == [f"entries/{path_of(1, 54)}"]
    assert not (tmp_path / "mirror" / ORIGIN.replace("/", "_") / "entries" / path_of(1, 44)).exists()
    pulled(copy, county, cosigned(witness, county, 310, KEPT))
    assert list(copy.check(witness.keys_of(ORIGIN)))[-1] == KEPT


def test_an_altered_entry_is_not_taken_in_and_is_named(tmp_path: Path, witness: Witness, county: County) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)
    goal = cosigned(witness, county, 0, KEPT)
    county.content[299] = b"something else"

    with pytest.raises(verify.NotProved, match=f"{ORIGIN}/300: this entry is not the one whose hash"):
        pulled(copy, county, goal)
    county.content[299] = b"a step 299"
    assert pulled(copy, county, goal) == [2 * AT_ONCE, KEPT]  # the first 256 had held and stayed


@pytest.mark.parametrize("path", ["tile/1/000.p/2", "tile/0/002.p/88"])
def test_an_altered_tile_is_refused(tmp_path: Path, witness: Witness, county: County, path: str) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)
    goal = cosigned(witness, county, 0, KEPT)
    county.changed = lambda asked, content: content[:-1] + bytes([content[-1] ^ 1]) if asked == path else content
    with pytest.raises(verify.NotProved, match="not those of the log that was cosigned"):
        pulled(copy, county, goal)

    assert copy.size == 0


def test_entries_and_tiles_altered_together_are_refused_too(tmp_path: Path, witness: Witness, county: County) -> None:
    goal = cosigned(witness, county, 0, KEPT)
    forged = County(Log(b"something else", *county.content[1:]), [b"something else", *county.content[1:]])

    with pytest.raises(verify.NotProved, match=f"{ORIGIN}/1-256: "):
        pulled(Mirror(tmp_path / "mirror", origin=ORIGIN), forged, goal)


@pytest.mark.parametrize("broken", [b"", b"\0\0", b"\0\0\0\1", b"\xff\xff\xff\xff"])
def test_what_can_not_be_read_is_refused(tmp_path: Path, witness: Witness, county: County, broken: bytes) -> None:
    goal = cosigned(witness, county, 0, 3)
    county.changed = lambda _, __: broken
    with pytest.raises(verify.NotProved):
        pulled(Mirror(tmp_path / "mirror", origin=ORIGIN), county, goal)


def test_a_county_that_changed_its_log_is_shown_which_entry(tmp_path: Path, witness: Witness, county: County) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)
    pulled(copy, county, cosigned(witness, county, 0, KEPT))
    county.content[400] = b"another past"

    with pytest.raises(verify.NotProved, match=f"{ORIGIN}/401: the county now shows another entry"):
        list(copy.compare(county))


def test_a_copy_that_was_changed_is_found_out_by_the_place(tmp_path: Path, witness: Witness, county: County) -> None:
    copy = Mirror(tmp_path / "mirror", origin=ORIGIN)
    pulled(copy, county, cosigned(witness, county, 0, KEPT))
    file = tmp_path / "mirror" / ORIGIN.replace("/", "_") / "entries" / path_of(1)
    file.write_bytes(file.read_bytes().replace(b"a step 300", b"a step 3oo"))

    with pytest.raises(verify.NotProved, match=f"{ORIGIN}/301: the copy of this entry was changed"):
        list(copy.check(witness.keys_of(ORIGIN)))
    file.unlink()
    with pytest.raises(verify.NotProved, match="entries/001 of the copy is missing"):
        list(copy.check(witness.keys_of(ORIGIN)))


def test_a_log_that_was_never_cosigned_is_not_copied(witness: Witness) -> None:
    assert goal_of(witness, ORIGIN) is None


def test_a_full_disk_takes_nothing_more(
    tmp_path: Path, witness: Witness, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "LEAST_FREE", 2**62)
    with pytest.raises(Away, match="nearly full"):
        pulled(Mirror(tmp_path / "mirror", origin=ORIGIN), county, cosigned(witness, county, 0, 3))


PULL = """
import os, signal, sys
from pathlib import Path
from deploy.witness import mirror
from deploy.witness.mirror import Goal, Mirror
from tests.deploy.witness.test_mirror import County
from tests.deploy.witness.test_witness import Log, ORIGIN

content = [f"a step {n}".encode() for n in range(int(sys.argv[3]))]
county = County(Log(*content), content)
left = int(sys.argv[2])

def dying(done):
    def do(*given):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done(*given)
    return do

os.fsync, os.replace = dying(os.fsync), dying(os.replace)
goal = Goal(len(content), county.log.roots[-1], county.log.note())
for _ in Mirror(Path(sys.argv[1]), origin=ORIGIN).pull(county, goal):
    pass
"""


def test_killed_anywhere_it_goes_on_and_the_copy_is_whole(tmp_path: Path) -> None:
    size = 2 * AT_ONCE + 7
    trusted = [verify.Verifier.parse(SIGNER.verifier)]
    kills = 0
    for steps in (2, 4, 7, 1000):
        pulling = [sys.executable, "-c", PULL, str(tmp_path), str(steps), str(size)]
        ended = subprocess.run(pulling, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
        kills += ended.returncode == -signal.SIGKILL
        copy = Mirror(tmp_path, origin=ORIGIN)
        if ended.returncode == 0:
            break
        assert copy.size == 0  # not said to be there before all of it is

    assert kills == 3
    assert copy.size == size
    assert list(copy.check(trusted))[-1] == size
