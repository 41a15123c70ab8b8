"""Bundles: two programs that share no line take what was signed, and of what was altered both name the place.

Alterations are tried from three hands: somebody who changes bytes on the way; somebody who writes the zip anew; and the operator
himself, who lists what he altered in a manifest of his own and signs it with the county's key.
"""

import json
import subprocess
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from deploy.packing import zipped
from deploy.witness import verify
from tests.data.bundles import write
from tests.data.bundles.write import CASE, NOTICE, County

GOLDEN = Path(write.__file__).parent
TRUSTED = [verify.Verifier.parse(line) for line in (GOLDEN / "keys.txt").read_text().split()]
SECOND = Path(verify.__file__).with_name("verify.mjs")
OWN, NEIGHBOUR = County("410326"), County("410327")
CASE_ZIP, RANGE_ZIP = ((GOLDEN / name).read_bytes() for name in ("case.zip", "range.zip"))

Files = dict[str, bytes]


def unzipped(bundle: bytes) -> Files:
    with zipfile.ZipFile(BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def by_the_operator(files: Files, **said: object) -> bytes:
    """These files, listed and signed as if nothing had happened."""
    text = json.loads(files["manifest"].decode().rpartition("\n\n")[0])
    rest = {name: data for name, data in files.items() if name != "manifest"}
    listed = [
        {"name": name, "bytes": len(data), "sha256": write.hashlib.sha256(data).hexdigest()}
        for name, data in rest.items()
    ]
    note = OWN.bundles.sign(json.dumps(text | {"files": listed} | said, ensure_ascii=False, indent=1) + "\n")
    return zipped({"manifest": note.encode(), **rest})


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def places(data: bytes, *, tries: int) -> set[int]:
    """Where a byte is changed: at both ends and evenly between."""
    return {round(step * (len(data) - 1) / (tries - 1)) for step in range(tries)}


def without(files: Files, *names: str) -> Files:
    return {name: data for name, data in files.items() if name not in names}


def renamed(files: Files, **names: str) -> Files:
    called = {f"cases/{old[1:]}".replace("_", "."): new for old, new in names.items()}
    return {called.get(name, name): data for name, data in files.items()}


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, bytes]], dict[str, str]]:
    """What the second program says of many bundles."""

    def said_of(bundles: dict[str, bytes]) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("bundles")
        numbers = {str(number): name for number, name in enumerate(bundles)}
        for number, name in numbers.items():
            (folder / number).write_bytes(bundles[name])
        command = [
            "node",
            str(Path(__file__).with_name("check.mjs")),
            str(SECOND),
            str(GOLDEN / "keys.txt"),
            str(folder),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr
        return {numbers[number]: words for number, words in json.loads(ended.stdout).items()}

    return said_of


def first(bundle: bytes) -> str:
    """What the first program says of a bundle; nothing where it is proved."""
    try:
        verify.check_bundle(bundle, trusted=TRUSTED)
    except verify.NotProved as error:
        return str(error)
    return ""


def wrong(bundles: dict[str, tuple[bytes, tuple[str, ...]]], said: dict[str, str]) -> dict[str, str]:
    """What was taken, or refused in other words than by one of its places."""
    return {name: words for name, words in said.items() if not words.startswith(bundles[name][1])}


def refused_by_both(
    bundles: dict[str, tuple[bytes, tuple[str, ...]]], second: Callable[[dict[str, bytes]], dict[str, str]]
) -> None:
    assert len(bundles) > 0
    assert wrong(bundles, {name: first(bundle) for name, (bundle, _) in bundles.items()}) == {}
    assert wrong(bundles, second({name: bundle for name, (bundle, _) in bundles.items()})) == {}


def test_both_programs_take_the_golden_bundles(second: Callable[[dict[str, bytes]], dict[str, str]]) -> None:
    golden = {"case": CASE_ZIP, "range": RANGE_ZIP}

    assert {name: first(bundle) for name, bundle in golden.items()} == {"case": "", "range": ""}
    assert second(golden) == {"case": "", "range": ""}


def test_a_bundle_written_today_is_the_golden_one() -> None:
    assert OWN.case() == CASE_ZIP
    assert OWN.range() == RANGE_ZIP


def test_what_is_shown_is_what_can_be_claimed() -> None:
    cases, notify = verify.check_bundle(CASE_ZIP, trusted=TRUSTED).logs
    [log] = verify.check_bundle(RANGE_ZIP, trusted=TRUSTED).logs

    assert cases.whole == {CASE: 4, write.PAPER: 2}
    assert notify.whole == {NOTICE: 1}
    assert (cases.earlier and cases.earlier.size, cases.checkpoint.size) == (10, 11)
    assert (log.span, sorted(log.entries)) == ((3, 9), list(range(3, 10)))
    assert {event.aggregate for event in log.entries.values() if event} == {CASE, write.PAPER, write.OTHER}


def test_a_byte_changed_on_the_way_is_refused(second: Callable[[dict[str, bytes]], dict[str, str]]) -> None:
    bundles = {
        f"{name} {at}": (flipped(bundle, at), ("zip: ", "manifest: "))
        for name, bundle in (("case", CASE_ZIP), ("range", RANGE_ZIP))
        for at in places(bundle, tries=len(bundle) // 61)
    }
    refused_by_both(bundles, second)


def test_a_byte_changed_and_the_zip_written_anew_is_refused_by_the_files_name(
    second: Callable[[dict[str, bytes]], dict[str, str]],
) -> None:
    bundles = {}
    for bundle in (CASE_ZIP, RANGE_ZIP):
        files = unzipped(bundle)
        for name, data in files.items():
            place = "manifest: " if name == "manifest" else f"manifest: {name} is not the file it lists"
            for at in places(data, tries=30 if name == "manifest" else 3):
                bundles[f"{name} {at} {len(bundle)}"] = (zipped(files | {name: flipped(data, at)}), (place,))
    refused_by_both(bundles, second)


def test_a_byte_changed_by_the_operator_himself_is_refused_at_its_place(
    second: Callable[[dict[str, bytes]], dict[str, str]],
) -> None:
    bundles = {}
    for bundle in (CASE_ZIP, RANGE_ZIP):
        files = unzipped(bundle)
        for name, data in files.items():
            stem, _, kind = name.rpartition(".")
            beside = {"entry": f"{stem}.tlog-proof", "entries": f"{stem}.edges"}.get(kind, name)
            at_all = places(data, tries=13) if name not in {"manifest", "README.txt"} else ()
            for at in at_all:
                # A proof carries the checkpoint, so where the checkpoint itself was altered either may be named.
                bundles[f"{name} {at} {len(bundle)}"] = (
                    by_the_operator(files | {name: flipped(data, at)}),
                    (f"{name}: ", f"{beside}: "),
                )
    refused_by_both(bundles, second)


def test_what_the_operator_leaves_out_adds_renames_reorders_or_swaps_is_refused(
    second: Callable[[dict[str, bytes]], dict[str, str]],
) -> None:
    case, span, other = unzipped(CASE_ZIP), unzipped(RANGE_ZIP), unzipped(NEIGHBOUR.case())
    entries = span["cases/3-9.entries"]
    length = 4 + int.from_bytes(entries[:4])
    refused_by_both(
        {
            "an event in the middle left out": (
                by_the_operator(without(case, "cases/3.entry", "cases/3.tlog-proof")),
                (f"cases: of {CASE} version 2 is missing",),
            ),
            "the first left out": (
                by_the_operator(without(case, "cases/4.entry", "cases/4.tlog-proof")),
                ("cases: of ",),
            ),
            "a proof left out": (by_the_operator(without(case, "cases/3.tlog-proof")), ("cases/3.tlog-proof: ",)),
            "an entry left out": (
                by_the_operator(without(case, "cases/10.entry")),
                ("cases/10.tlog-proof: ", "cases: of "),
            ),
            "the checkpoint left out": (by_the_operator(without(case, "cases/checkpoint")), ("cases/checkpoint: ",)),
            "the consistency left out": (by_the_operator(without(case, "cases/consistency")), ("cases/consistency: ",)),
            "the edges left out": (by_the_operator(without(span, "cases/3-9.edges")), ("cases/3-9.edges: ",)),
            "a file added": (by_the_operator(case | {"cases/note.txt": b"beside the point"}), ("cases/note.txt: ",)),
            "an entry of another place renamed": (
                by_the_operator(renamed(case, _3_entry="cases/5.entry", **{"_3_tlog-proof": "cases/5.tlog-proof"})),
                ("cases/5.tlog-proof: ",),
            ),
            "two events exchanged": (
                by_the_operator(
                    case | {"cases/3.entry": case["cases/4.entry"], "cases/4.entry": case["cases/3.entry"]}
                ),
                ("cases/3.tlog-proof: ", "cases/3.entry: "),
            ),
            "an event of another county": (
                by_the_operator(case | {name: other[name] for name in ("cases/3.entry", "cases/3.tlog-proof")}),
                ("cases/3.tlog-proof: ",),
            ),
            "a log of another county": (
                by_the_operator(case | {name: data for name, data in other.items() if name.startswith("cases/")}),
                ("cases/checkpoint: ",),
            ),
            "another county's altogether": (NEIGHBOUR.case(), ("manifest: ",)),
            "an older checkpoint in its place": (
                by_the_operator(case | {"cases/checkpoint": case["cases/earlier"]}),
                ("cases/1.tlog-proof: ", "cases/consistency: "),
            ),
            "a checkpoint no witness has seen": (
                by_the_operator(case | {"cases/checkpoint": OWN.cases.note(11).encode()}),
                ("cases/checkpoint: no witness",),
            ),
            "the last of a range left out": (
                by_the_operator(
                    renamed(span, **{"_3-9_edges": "cases/3-8.edges", "_3-9_entries": "cases/3-8.entries"})
                ),
                ("cases/3-8.entries: ",),
            ),
            "the first of a range left out": (
                by_the_operator(
                    {
                        "cases/4-9.entries" if name.endswith(".entries") else name: data
                        for name, data in renamed(span, **{"_3-9_edges": "cases/4-9.edges"}).items()
                    }
                    | {"cases/4-9.entries": entries[length:]}
                ),
                ("cases/4-9.edges: ",),
            ),
            "one of a range twice": (
                by_the_operator(span | {"cases/3-9.entries": entries[:length] + entries}),
                ("cases/3-9.entries: ",),
            ),
            "one of a range exchanged for the next": (
                by_the_operator(span | {"cases/3-9.entries": entries[length : 2 * length] + entries[length:]}),
                ("cases/3-9.entries: ",),
            ),
            "a range that says more than it shows": (
                by_the_operator(span, of={"range": {"log": "cases", "from": 1, "to": 9}}),
                ("manifest: ",),
            ),
            "an aggregate said to be whole that isn't there": (
                by_the_operator(
                    case, logs=[{"folder": "cases", "origin": OWN.cases.origin, "whole": [str(UUID(int=9))]}]
                ),
                (f"cases: of {UUID(int=9)} version 1 is missing", "notify/checkpoint: nothing says"),
            ),
            "a log that shows nothing": (
                by_the_operator(
                    {name: data for name, data in case.items() if name.count("/") == 0}
                    | {"cases/checkpoint": case["cases/checkpoint"]},
                    logs=[{"folder": "cases", "origin": OWN.cases.origin, "whole": []}],
                ),
                ("manifest: it shows no entries",),
            ),
            "no log": (
                by_the_operator({name: case[name] for name in ("manifest", "README.txt")}, logs=[]),
                ("manifest: ",),
            ),
            "a key that nobody was given": (
                by_the_operator(case, keys=[*OWN.keys, NEIGHBOUR.keys[0]]),
                ("manifest: it rests on a key that is not trusted",),
            ),
            "signed by the key of a log": (
                zipped(
                    case
                    | {
                        "manifest": OWN.cases.signer.sign(
                            case["manifest"].decode().rpartition("\n\n")[0] + "\n"
                        ).encode()
                    }
                ),
                ("manifest: the key for bundles has not signed it",),
            ),
            "reordered": (zipped(dict(reversed(case.items()))), ("manifest: the files are not in the order",)),
            "added on the way": (zipped(case | {"more": b""}), ("manifest: more is not listed",)),
            "left out on the way": (zipped(without(case, "cases/3.entry")), ("manifest: cases/3.entry is missing",)),
            "the manifest left out": (zipped(without(case, "manifest")), ("manifest: ",)),
            "something before it": (b"#" + CASE_ZIP, ("zip: ",)),
            "something after it": (CASE_ZIP + b"#", ("zip: ",)),
            "cut short": (CASE_ZIP[:-30], ("zip: ",)),
            "nothing": (b"", ("zip: ",)),
            "a member twice": (CASE_ZIP[: CASE_ZIP.index(b"PK\1\2")] + CASE_ZIP, ("zip: ",)),
        },
        second,
    )


@pytest.mark.parametrize("size", range(1, 20))
def test_every_range_of_every_small_log_is_proved_and_no_other(size: int) -> None:
    log = write.Kept(OWN.cases.signer, [CASE] * size)
    leaves = [verify.leaf_hash(entry) for entry in log.stored]
    for first_at in range(size):
        for end in range(first_at + 1, size + 1):
            left, right = log.beside(first_at + 1, end, size=size)
            assert verify.root_around(first_at, leaves[first_at:end], size, left=left, right=right) == log.roots[size]
            if end < size:
                assert around(first_at + 1, leaves[first_at:end], size, left, right) != log.roots[size]


def around(start: int, leaves: list[bytes], size: int, left: list[bytes], right: list[bytes]) -> bytes | None:
    try:
        return verify.root_around(start, leaves, size, left=left, right=right)
    except verify.Malformed:
        return None
