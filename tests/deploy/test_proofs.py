"""`baoxue proof` and `baoxue bundle`: what an operator writes, and an inspector checks with one file and nothing of the system."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Thread
from uuid import uuid4

import psycopg
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from deploy import cli, proofs
from deploy.migrate import migrate
from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from deploy.witness import verify
from deploy.witness.witness import Witness, WitnessServer
from gateway.readmodel import trees
from services.chassis.clock import SystemClock
from services.chassis.config import SERVICES, own_secret, read_secret
from services.chassis.errors import NotFound, Refused
from services.chassis.store import Recorder
from services.chassis.tree import LogTree, origin_of, signer_of
from tests.fixtures.stored_events import an_event

CASE, PAPER, LIST, OTHER = uuid4(), uuid4(), uuid4(), uuid4()
CHILD = uuid4()
RECORDED = ((CASE, 1, CASE), (PAPER, 1, None), (CASE, 2, CASE), (LIST, 1, CASE), (LIST, 2, OTHER))
"""What cases has recorded: of which aggregate, which version, and the case it names."""
ASKED = ("--by", "operator-1", "--for", "supervision:410326", "--reason", "督导〔2026〕7号")


def journal(cluster: Cluster) -> None:
    """What was recorded is journalled, as the projector would have."""
    with psycopg.connect(cluster.dsn("gateway", "gateway_writer")) as connection:
        connection.cursor().executemany(
            """insert into journal values ('cases', %s, gen_random_uuid(), 'cases.told.v1', %s, %s, 'topic', now(), 'user:17',
                 'education', 'casework', gen_random_uuid(), gen_random_uuid(), null, '', %s, %s, '{}')""",
            [
                (place, *one[:2], CHILD if one[2] == CASE else None, one[2])
                for place, one in enumerate(RECORDED, start=1)
            ],
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a system, in which cases has recorded five events and signed them."""
    folder = tmp_path_factory.mktemp("system")
    with Cluster.start(folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster, (*SERVICES, "gateway"))
        journal(cluster)
        secret = bytes.fromhex(own_secret(folder / proofs.KEY_FILE))
        shutil.copy(folder / proofs.KEY_FILE, cluster.folder / "secrets")
        dsn = cluster.dsn("cases", "cases_app")
        with closing(Recorder(dsn=dsn)) as recorder:
            recorder.insert_events([an_event(of=aggregate, version=version) for aggregate, version, _ in RECORDED])
        LogTree(dsn=dsn, signer=signer_of(origin_of("cases"), secret=secret), clock=SystemClock()).keep_up()
        yield folder
        cluster.delete()


@pytest.fixture(params=["embedded", "distributed"])
def profile(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """The environment of an operator of either profile."""
    cluster = Cluster.attach(folder / "postgres")
    return {
        "embedded": {"BAOXUE_DATA": str(folder), "BAOXUE_POSTGRES": ""},
        "distributed": {
            "BAOXUE_POSTGRES": f"host=127.0.0.1 port={cluster.port} sslmode=disable",
            "BAOXUE_SECRETS": str(cluster.folder / "secrets"),
        },
    }[request.param]


def typed(profile: dict[str, str], *arguments: object, of: typer.Typer = proofs.app) -> Result:
    return CliRunner().invoke(of, [str(one) for one in arguments], env=profile)


def bundled(profile: dict[str, str], *arguments: object) -> Result:
    return typed(profile, "bundle", *arguments, of=cli.app)


def looks(folder: Path) -> list[tuple[object, ...]]:
    """What is written down of bundles that were handed out."""
    with psycopg.connect(Cluster.attach(folder / "postgres").dsn("gateway", "gateway_writer")) as connection:
        return connection.execute(
            "select actor, department, document_hash, child_ids, rows from receipt where operation = 'bundle' order by at"
        ).fetchall()


def keep_up_with_looks(folder: Path) -> None:
    """The keeper of the log of looks, once."""
    signer = signer_of(origin_of("access"), secret=bytes.fromhex(read_secret(folder / proofs.KEY_FILE)))
    dsn = Cluster.attach(folder / "postgres").dsn("gateway", "gateway_writer")
    LogTree(dsn=dsn, signer=signer, clock=SystemClock(), entries=trees.LOGS["access"]).keep_up()


def keys_of(profile: dict[str, str]) -> list[verify.Verifier]:
    """The keys an inspector is handed."""
    shown = typed(profile, "show").stdout
    return [verify.Verifier.parse(line) for line in shown.splitlines() if line.startswith("baoxue/")]


def checked(where: Path, key: str, name: str = "cases-3") -> subprocess.CompletedProcess[str]:
    """What an inspector's own machine says, on which nothing but one file of the system is."""
    shutil.copy(verify.__file__, where / "verify.py")
    command = [sys.executable, "-I", "verify.py", "--key", key, f"{name}.tlog-proof", f"{name}.entry"]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=30, check=False)


def key_of(shown: str) -> str:
    """The key of the log of cases, as it is shown."""
    return next(line for line in shown.splitlines() if line.startswith("baoxue/") and "/cases/1+" in line)


def test_an_operator_sees_how_far_each_log_is_signed(profile: dict[str, str]) -> None:
    shown = typed(profile, "show").stdout

    assert all(origin_of(log) in shown for log in proofs.LOGS)
    assert verify.Verifier.parse(key_of(shown)).name == origin_of("cases")


def test_an_event_is_proved_to_whoever_has_the_logs_key(profile: dict[str, str], tmp_path: Path) -> None:
    key = key_of(typed(profile, "show").stdout)
    written = typed(profile, "event", "cases", 3, "--to", tmp_path)
    assert written.exit_code == 0, written.stdout

    said = checked(tmp_path, key)
    assert (said.returncode, said.stderr) == (0, "")
    assert "one of the 5 of baoxue/410326/cases/1" in said.stdout


def test_an_entry_of_which_one_byte_was_changed_is_not(profile: dict[str, str], tmp_path: Path) -> None:
    key = key_of(typed(profile, "show").stdout)
    typed(profile, "event", "cases", 3, "--to", tmp_path)
    entry = tmp_path / "cases-3.entry"
    entry.write_bytes(entry.read_bytes().replace(b"casework", b"caseworK"))

    said = checked(tmp_path, key)
    assert said.returncode == 1
    assert "NOT PROVED: the entry at 2 is not what the log of 5 entries says is there" in said.stderr


def test_a_timer_has_every_log_cosigned_and_says_which_was_not(profile: dict[str, str], tmp_path: Path) -> None:
    key = key_of(typed(profile, "show").stdout)
    (tmp_path / "logs").write_text(key)
    supervision = Witness(tmp_path, name=f"supervision.example/{uuid4()}")
    with WitnessServer(supervision, host="127.0.0.1", port=0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "list").write_text(f"http://127.0.0.1:{server.server_address[1]}/ {supervision.vkey}\n")
        done = typed(profile, "cosign", "--witnesses", tmp_path / "list")
        server.shutdown()
    assert done.exit_code == 0, done.stdout
    assert f"{supervision.name} 5" in typed(profile, "show").stdout

    (tmp_path / "list").write_text(f"http://127.0.0.1:9/ {Witness(tmp_path / 'away', name='away.example/w').vkey}\n")
    away = typed(profile, "cosign", "--witnesses", tmp_path / "list")
    assert isinstance(away.exception, Refused)
    assert "cases/1: not cosigned by away.example/w" in str(away.exception)


def test_every_entry_is_read_once_more_and_what_is_another_is_named(profile: dict[str, str], folder: Path) -> None:
    checked = typed(profile, "check")
    assert checked.exit_code == 0, checked.exception
    assert "cases: 5 entries are those that were signed" in checked.stdout
    assert "roster: nothing is signed yet" in checked.stdout

    def say(actor: str) -> None:
        with psycopg.connect(Cluster.attach(folder / "postgres").dsn("cases", SUPERUSER)) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute("alter table events disable trigger append_only")
            connection.execute("update events set actor = %s where notification_id = 2", [actor])

    say("somebody else")
    try:
        assert "cases/1: the entry at position 2 is not the one" in str(typed(profile, "check").exception)
    finally:
        say("user:17")


@pytest.mark.parametrize(
    ("service", "position", "refusal"), [("cases", 6, NotFound), ("roster", 1, NotFound), ("police", 1, Refused)]
)
def test_what_is_not_there_is_refused_in_words(
    profile: dict[str, str], tmp_path: Path, service: str, position: int, refusal: type[Exception]
) -> None:
    assert isinstance(typed(profile, "event", service, position, "--to", tmp_path).exception, refusal)
    assert list(tmp_path.iterdir()) == []


def test_a_case_is_handed_out_with_its_proofs_once_that_is_written_down(
    profile: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    """Of an aggregate that also has events of another case only those that name this one are shown, and it isn't said to be whole."""
    before = looks(folder)
    written = bundled(profile, tmp_path / "case.zip", *ASKED, "--case", CASE)
    assert written.exit_code == 0, written.exception

    packed = (tmp_path / "case.zip").read_bytes()
    found = verify.check_bundle(packed, trusted=keys_of(profile))
    [log] = found.logs
    assert (sorted(log.entries), log.whole) == ([1, 3, 4], {CASE: 2})
    assert found.said["reason"] == "督导〔2026〕7号"
    [look] = looks(folder)[len(before) :]
    assert look == ("operator-1", "supervision:410326", sha256(packed).hexdigest(), [CHILD], 3)


def test_a_child_and_a_range_are_handed_out_too(profile: dict[str, str], tmp_path: Path) -> None:
    assert bundled(profile, tmp_path / "child.zip", *ASKED, "--child", CHILD).exit_code == 0
    assert bundled(profile, tmp_path / "range.zip", *ASKED, "--range", "cases:2-5").exit_code == 0

    [child, *_] = verify.check_bundle((tmp_path / "child.zip").read_bytes(), trusted=keys_of(profile)).logs
    [span] = verify.check_bundle((tmp_path / "range.zip").read_bytes(), trusted=keys_of(profile)).logs
    assert sorted(child.entries) == [1, 3, 4, 5]
    assert (span.span, sorted(span.entries)) == ((2, 5), [2, 3, 4, 5])


def test_who_looked_at_a_child_is_handed_out_with_it(profile: dict[str, str], folder: Path, tmp_path: Path) -> None:
    bundled(profile, tmp_path / "first.zip", *ASKED, "--child", CHILD)
    keep_up_with_looks(folder)
    bundled(profile, tmp_path / "second.zip", *ASKED, "--child", CHILD)
    bundled(profile, tmp_path / "all.zip", *ASKED, "--range", f"access:1-{len(looks(folder)) - 1}")

    [_, access] = verify.check_bundle((tmp_path / "second.zip").read_bytes(), trusted=keys_of(profile)).logs
    [span] = verify.check_bundle((tmp_path / "all.zip").read_bytes(), trusted=keys_of(profile)).logs
    [*_, last] = access.entries.values()
    assert sha256((tmp_path / "first.zip").read_bytes()).hexdigest() in str(last)
    assert access.entries == span.entries


def test_an_inspector_checks_a_bundle_with_either_program_on_a_machine_of_its_own(
    profile: dict[str, str], tmp_path: Path
) -> None:
    bundled(profile, tmp_path / "case.zip", *ASKED, "--case", CASE)
    (tmp_path / "keys.txt").write_text(
        "\n".join(filter(lambda line: line.startswith("baoxue/"), typed(profile, "show").stdout.splitlines()))
    )
    for program, file in (((sys.executable, "-I"), "verify.py"), (("node",), "verify.mjs")):
        shutil.copy(Path(verify.__file__).with_name(file), tmp_path)
        command = [*program, file, "--keys", "keys.txt", "case.zip"]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)

        assert (said.returncode, said.stderr) == (0, "")
        assert "3 of its 5 entries, none altered" in said.stdout
        assert f"{LIST}: some of its events" in said.stdout


def test_without_a_receipt_there_is_no_bundle(profile: dict[str, str], folder: Path, tmp_path: Path) -> None:
    with psycopg.connect(Cluster.attach(folder / "postgres").dsn("gateway", SUPERUSER)) as connection:
        connection.execute("revoke insert on receipt from gateway_writer")
    try:
        refused = bundled(profile, tmp_path / "case.zip", *ASKED, "--case", CASE)
    finally:
        with psycopg.connect(Cluster.attach(folder / "postgres").dsn("gateway", SUPERUSER)) as connection:
            connection.execute("grant insert on receipt to gateway_writer")

    assert "could not be written down" in str(refused.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (ASKED, "of one case, one child or one range"),
        ((*ASKED, "--case", CASE, "--range", "cases:1-2"), "of one case, one child or one range"),
        ((*ASKED, "--case", uuid4()), "nothing is recorded of this case"),
        ((*ASKED, "--range", "cases:2-6"), "no checkpoint that far"),
        ((*ASKED, "--range", "police:1-2"), "is no range"),
        ((*ASKED, "--range", "cases:2-1"), "is no range"),
        ((*ASKED, "--range", "cases:1-50001"), "50,000 entries at most"),
        ((*ASKED[:4], "--reason", " ", "--case", CASE), "say why it is made"),
        ((*ASKED[:3], "nobody:410326", *ASKED[4:], "--case", CASE), "is no unit"),
    ],
)
def test_a_bundle_that_can_not_be_is_refused_in_words(
    profile: dict[str, str], folder: Path, tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    before = looks(folder)

    assert words in str(bundled(profile, tmp_path / "a.zip", *arguments).exception)
    assert list(tmp_path.iterdir()) == []
    assert looks(folder) == before


def test_a_bundle_is_never_written_over(profile: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"evidence")

    assert "not written over" in str(bundled(profile, tmp_path / "a.zip", *ASKED, "--case", CASE).exception)
    assert (tmp_path / "a.zip").read_bytes() == b"evidence"


def test_a_years_audit_is_made_kept_and_made_again_the_same(profile: dict[str, str], folder: Path) -> None:
    looked = "insert into receipt (receipt_id, at, actor, department, purpose, decision) values (%s, %s, 'user:17', 'school:1', 'p', %s)"
    with psycopg.connect(Cluster.attach(folder / "postgres").dsn("gateway", "gateway_writer")) as connection:
        for decision in ("answered", "denied"):
            connection.execute(looked, [uuid4(), datetime(2025, 6, 1, tzinfo=UTC), decision])
    asked = ASKED[:4]
    early = typed(profile, "audit", "make", "--year", 2025, *asked, of=cli.app)
    assert isinstance(early.exception, Refused)
    assert "no place in their log yet" in str(early.exception)

    keep_up_with_looks(folder)
    made = typed(profile, "audit", "make", "--year", 2025, *asked, of=cli.app)
    assert made.exit_code == 0, made.exception
    assert "查阅次数（按结果）" in made.stdout
    report = made.stdout.split()[-1]
    assert report in typed(profile, "audit", "list", of=cli.app).stdout
    again = typed(profile, "audit", "check", report, *asked, of=cli.app)
    assert again.exit_code == 0, again.exception
    assert "The logs give the same report" in again.stdout

    with psycopg.connect(Cluster.attach(folder / "postgres").dsn("gateway", "gateway_writer")) as connection:
        connection.execute(looked, [uuid4(), datetime(2025, 6, 2, tzinfo=UTC), "denied"])
        told = connection.execute("select operation from receipt where operation like 'audit%' order by at").fetchall()
    keep_up_with_looks(folder)
    other = typed(profile, "audit", "check", report, *asked, of=cli.app)
    assert isinstance(other.exception, Refused)
    assert "looks_by_decision" in str(other.exception)
    assert told[-2:] == [("audit_make",), ("audit_check",)]
    signer = signer_of(origin_of("policy"), secret=bytes.fromhex(read_secret(folder / proofs.KEY_FILE)))
    dsn = Cluster.attach(folder / "postgres").dsn("gateway", "gateway_writer")
    LogTree(dsn=dsn, signer=signer, clock=SystemClock(), entries=trees.LOGS["policy"]).keep_up()
    assert "2025-01-01 2025-12-31" in typed(profile, "policy", "log", of=cli.app).stdout


@pytest.mark.parametrize(
    "asked", [[], ["--year", "2025", "--from", "2025-01-01"], ["--from", "2025-01-01"], ["--year", "2099"]]
)
def test_a_period_that_is_none_or_not_over_is_refused_in_words(profile: dict[str, str], asked: list[str]) -> None:
    assert isinstance(typed(profile, "audit", "make", *asked, *ASKED[:4], of=cli.app).exception, Refused)
