"""The witness: it signs what goes on from what it saw, and nothing else, whoever asks and however many at once."""

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from deploy.witness import verify
from deploy.witness.witness import Witness, WitnessServer
from services.chassis.merkle import EMPTY_ROOT, Growing, consistency_proof, leaf_hash
from services.chassis.notes import Signer, checkpoint

ORIGIN = "baoxue.example/410326/cases/1"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
NAME = "supervision.example/w1"
THEN = 1_789_358_400


class Log:
    """A log that can say how far it is, and prove from where."""

    def __init__(self, *entries: bytes, signer: Signer = SIGNER) -> None:
        self.signer = signer
        self.tree = Growing()
        self.kept: dict[tuple[int, int], bytes] = {}
        self.roots = [EMPTY_ROOT]
        self.grow(*entries)

    def grow(self, *entries: bytes) -> None:
        for entry in entries:
            self.kept |= {(level, place): root for level, place, root in self.tree.append(leaf_hash(entry))}
            self.roots.append(self.tree.root())

    def note(self, size: int | None = None) -> str:
        size = self.tree.size if size is None else size
        return self.signer.sign(checkpoint(self.signer.name, size, self.roots[size]))

    def asks(self, old: int, size: int | None = None) -> str:
        """The request to cosign."""
        size = self.tree.size if size is None else size
        path = consistency_proof(old, size, lambda *at: self.kept[at]) if old <= size else []
        lines = [f"old {old}", *(verify.base64.b64encode(sibling).decode() for sibling in path), "", self.note(size)]
        return "\n".join(lines)


def entries(count: int, *, word: str = "a step") -> list[bytes]:
    return [f"{word} {number}".encode() for number in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that knows one log."""
    (tmp_path / "logs").write_text(SIGNER.verifier + "\n")
    return tmp_path


@pytest.fixture
def witness(folder: Path) -> Witness:
    return Witness(folder, name=NAME, now=lambda: THEN)


def statuses(witness: Witness, *requests: str) -> list[int]:
    return [witness.add_checkpoint(request).status for request in requests]


class TestACosignature:
    def test_is_given_for_what_goes_on_and_says_when(self, witness: Witness) -> None:
        log = Log(*entries(5))
        assert witness.add_checkpoint(log.asks(0)).status == HTTPStatus.OK
        log.grow(*entries(3))
        answer = witness.add_checkpoint(log.asks(5))

        trusted = [verify.Verifier.parse(key) for key in (SIGNER.verifier, witness.vkey)]
        found = verify.open_checkpoint(log.note() + answer.text, trusted, origin=ORIGIN)
        assert (answer.status, found.size, found.signed) == (HTTPStatus.OK, 8, {ORIGIN: None, NAME: THEN})

    def test_is_given_again_for_the_same(self, witness: Witness) -> None:
        log = Log(*entries(5))
        assert statuses(witness, log.asks(0), log.asks(5)) == [200, 200]

    def test_outlives_the_process(self, witness: Witness, folder: Path) -> None:
        log = Log(*entries(5))
        witness.add_checkpoint(log.asks(0))
        again = Witness(folder, name=NAME)

        assert again.vkey == witness.vkey
        assert again.add_checkpoint(log.asks(0)).status == HTTPStatus.CONFLICT
        assert (folder / "witness.key").stat().st_mode & 0o777 == 0o600


class TestItIsRefused:
    def test_to_a_log_it_does_not_know(self, witness: Witness) -> None:
        log = Log(*entries(1), signer=Signer("baoxue.example/other", SIGNER.key))
        assert statuses(witness, log.asks(0)) == [404]

    def test_to_whoever_is_not_the_log(self, witness: Witness) -> None:
        assert statuses(witness, Log(*entries(1), signer=STRANGER).asks(0)) == [403]

    def test_with_the_size_it_saw_where_that_is_another_one(self, witness: Witness) -> None:
        log = Log(*entries(5))
        witness.add_checkpoint(log.asks(0))
        log.grow(*entries(2))
        answer = witness.add_checkpoint(log.asks(3))

        assert (answer.status, answer.text, answer.kind) == (HTTPStatus.CONFLICT, "5\n", "text/x.tlog.size")

    def test_to_a_history_that_was_written_over(self, witness: Witness) -> None:
        witness.add_checkpoint(Log(*entries(5)).asks(0))
        forged = Log(b"something else", *entries(5)[1:], *entries(4, word="later"))

        assert statuses(witness, forged.asks(5)) == [422]

    def test_to_another_log_of_the_same_size(self, witness: Witness) -> None:
        witness.add_checkpoint(Log(*entries(5)).asks(0))
        assert statuses(witness, Log(*entries(5, word="another")).asks(5)) == [422]

    def test_to_a_log_that_was_set_back(self, witness: Witness) -> None:
        log = Log(*entries(5))
        witness.add_checkpoint(log.asks(0))
        assert statuses(witness, log.asks(5, 3), log.asks(0, 3), log.asks(3, 3)) == [400, 409, 409]

    @pytest.mark.parametrize(
        "request_text",
        [
            "",
            "old 5\n",
            "old 05\n\nx",
            "old -1\n\nx",
            "older 1\n\nx",
            "old 1\nno hash\n\nx",
            "old 0\n" + "AAAA\n" * 64 + "\nx",
        ],
    )
    def test_to_what_can_t_be_read(self, witness: Witness, request_text: str) -> None:
        assert witness.add_checkpoint(request_text).status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


def test_of_many_at_once_each_is_compared_with_the_one_before(witness: Witness) -> None:
    """The race of the specification: a smaller log must not be remembered after a larger one."""
    log = Log(*entries(40))
    requests = [log.asks(0, size) for size in range(1, 41)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(witness.add_checkpoint, requests))

    given = [size for size, answer in enumerate(answers, start=1) if answer.status == HTTPStatus.OK]
    assert len(given) == 1
    assert witness.seen()[0][1] == given[0]
    assert {answer.text for answer in answers if answer.status == HTTPStatus.CONFLICT} == {f"{given[0]}\n"}


class Histories(RuleBasedStateMachine):
    """A log that grows, and one who would have it otherwise: nothing that was cosigned is ever contradicted."""

    @initialize()
    def begin(self) -> None:
        self.folder = self.make_folder()
        self.witness = Witness(self.folder, name=NAME, now=lambda: THEN)
        self.log = Log()
        self.history: list[bytes] = []
        self.signed = 0

    make_folder: Callable[[], Path]

    @rule(count=st.integers(1, 20))
    def grow(self, count: int) -> None:
        new = entries(count, word=f"from {self.log.tree.size}")
        self.log.grow(*new)
        self.history += new

    @precondition(lambda self: self.log.tree.size)
    @rule()
    def submit(self) -> None:
        assert self.witness.add_checkpoint(self.log.asks(self.signed)).status == HTTPStatus.OK
        self.signed = self.log.tree.size

    @precondition(lambda self: self.signed)
    @rule(where=st.integers(0, 200), more=st.integers(0, 5))
    def submit_what_was_written_over(self, where: int, more: int) -> None:
        history = [*self.history, *entries(more, word="more")][: self.signed + more]
        history[where % self.signed] += b" forged"
        assert self.witness.add_checkpoint(Log(*history).asks(self.signed)).status == HTTPStatus.UNPROCESSABLE_ENTITY

    @precondition(lambda self: self.signed > 1)
    @rule(back=st.integers(1, 30))
    def submit_what_was_set_back(self, back: int) -> None:
        size = max(1, self.signed - back)
        for old in (size, self.signed, 0):
            assert self.witness.add_checkpoint(self.log.asks(old, size)).status in {400, 409}

    @rule()
    def restart(self) -> None:
        self.witness = Witness(self.folder, name=NAME, now=lambda: THEN)

    @invariant()
    def it_remembers_the_largest_it_signed(self) -> None:
        assert [row[1] for row in self.witness.seen()] == ([self.signed] if self.signed else [])


@pytest.mark.hypothesis
def test_whatever_a_log_does_the_witness_is_never_led_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    class InItsFolder(Histories):
        def make_folder(self) -> Path:
            folder = tmp_path_factory.mktemp("witness")
            (folder / "logs").write_text(SIGNER.verifier)
            return folder

    run_state_machine_as_test(InItsFolder, settings=settings(max_examples=25, stateful_step_count=20))


@contextmanager
def listening(witness: Witness) -> Iterator[http.client.HTTPConnection]:
    """A connection to a witness on a port."""
    with WitnessServer(witness, host="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        yield connection
        connection.close()
        server.shutdown()
        thread.join()


class TestOverHttp:
    def test_it_speaks_the_protocol(self, witness: Witness) -> None:
        log = Log(*entries(3))
        with listening(witness) as http_to:
            http_to.request("POST", "/add-checkpoint", body=log.asks(0).encode())
            assert http_to.getresponse().read().decode().startswith(f"— {NAME} ")
            http_to.request("POST", "/add-checkpoint", body=log.asks(0).encode())
            answer = http_to.getresponse()
            assert (answer.status, answer.headers["content-type"], answer.read()) == (409, "text/x.tlog.size", b"3\n")
            http_to.request("GET", "/")
            assert f"{ORIGIN}  3" in http_to.getresponse().read().decode()

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/add-checkpoint", b"x" * 70_000, 413),
            ("POST", "/add-checkpoint", b"\xff\xfe", 400),
            ("POST", "/", b"", 404),
            ("GET", "/logs", b"", 404),
        ],
    )
    def test_it_refuses_what_it_does_not_take(
        self, witness: Witness, method: str, path: str, body: bytes, status: int
    ) -> None:
        with listening(witness) as http_to:
            http_to.request(method, path, body=body)
            answer = http_to.getresponse()
            answer.read()
            assert answer.status == status


def test_it_runs_from_two_files_alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    here = tmp_path_factory.mktemp("alone")
    for name in ("witness.py", "verify.py"):
        (here / name).write_bytes((Path(verify.__file__).parent / name).read_bytes())
    process = subprocess.Popen(
        [sys.executable, "witness.py", "--data", str(folder), "--listen", "127.0.0.1:0"],
        cwd=here,
        env={"PATH": ""},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()

    assert verify.Verifier.parse(line).kind == verify.WITNESS_KEY
