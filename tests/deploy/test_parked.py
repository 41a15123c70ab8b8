"""What an operator sees of what was parked, and how he decides; on the databases of either profile."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy import parked
from deploy.migrate import migrate
from deploy.postgres.cluster import Cluster, ClusterError
from deploy.postgres.databases import prepare
from services.chassis import parking
from services.chassis.errors import NotFound, Refused
from services.chassis.log import Message, Unreadable
from services.chassis.store import Recorder
from services.contracts.cases import StepExpired
from services.contracts.envelope import Envelope, event_id

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)

Type = Callable[..., Result]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The databases of a whole system, as `baoxue up` keeps them; nothing else of it runs."""
    folder = tmp_path_factory.mktemp("system")
    with Cluster.start(folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster, ("roster", "cases", "assistance", "notify", "gateway"))
        yield cluster
        cluster.delete()


@pytest.fixture(params=["embedded", "distributed"])
def baoxue(request: pytest.FixtureRequest, system: Cluster) -> Iterator[Type]:
    """Types `baoxue parked …` and answers a question with yes, in either profile; afterwards nothing is parked."""
    settings = {
        "embedded": {"BAOXUE_DATA": str(system.folder.parent), "BAOXUE_POSTGRES": ""},
        "distributed": {
            "BAOXUE_POSTGRES": f"host=127.0.0.1 port={system.port} sslmode=disable",
            "BAOXUE_SECRETS": str(system.folder / "secrets"),
        },
    }

    def run(*arguments: object, typed: str = "y\n") -> Result:
        return CliRunner().invoke(parked.app, [str(one) for one in arguments], input=typed, env=settings[request.param])

    yield run
    for database, _ in READERS:
        with psycopg.connect(system.dsn(database, f"{database}_owner")) as connection:
            connection.execute("truncate parked")


READERS = (("notify", "notify_app"), ("gateway", "gateway_writer"))


def a_message(key: UUID, version: int) -> Message:
    """A step of a case that ran out."""
    body = {"case_id": str(key), "secret": "sealed:1:燕归来"}
    return Message(
        "cases/3",
        Envelope(
            id=event_id(key, version),
            type=StepExpired.TYPE,
            producer="cases",
            position=40 + version,
            aggregate_id=key,
            version=version,
            stored_topic="cases.Case.StepExpired",
            recorded_at=NOON,
            actor="clock[/x]",
            department="system:clock",
            purpose="dropout_control",
            command_id=uuid4(),
            correlation_id=uuid4(),
            causation_id=None,
            trace="",
            body=msgspec.Raw(msgspec.json.encode(body)),
        ),
    )


def park(system: Cluster, *messages: Message, reader: str = "notify", error: str = "KeyError") -> None:
    """A reader could not digest the first; the others queue behind."""
    with psycopg.connect(system.dsn(reader, dict(READERS)[reader])) as connection:
        for number, message in enumerate(messages):
            parking.park(connection, reader=reader, record=message, error="" if number else error, at=NOON)


def row(system: Cluster, message: Message, *, reader: str = "notify") -> parking.Parked:
    with psycopg.connect(system.dsn(reader, dict(READERS)[reader])) as connection:
        (found,) = parking.find_parked(connection, of=message.envelope.id)
    return found


def test_nothing_parked_is_said(baoxue: Type) -> None:
    done = baoxue("list")

    assert (done.exit_code, done.stdout) == (0, "Nothing is parked.\n")


def test_a_list_shows_each_key_of_every_reader_once(baoxue: Type, system: Cluster) -> None:
    key = uuid4()
    park(system, *(a_message(key, version) for version in (1, 2, 3)))
    park(system, a_message(key, 1), reader="gateway", error="UnknownVersion")

    said = baoxue("list").stdout

    assert "2 keys wait" in said
    (notify,) = [line for line in said.splitlines() if "notify" in line]
    for word in (str(key), "cases.step-expired.v1", " 2 ", "KeyError", "2026-09-14 12:00:00", "2026-09-14 12:00:01"):
        assert word in notify
    (gateway,) = [line for line in said.splitlines() if "gateway" in line]
    assert "UnknownVersion" in gateway
    assert "waits for a person" in gateway


def test_a_record_is_shown_without_its_contents(baoxue: Type, system: Cluster) -> None:
    message = a_message(uuid4(), 1)
    park(system, message)

    said = baoxue("show", message.envelope.id).stdout

    for word in (message.envelope.id, "cases/3 position 41", "clock[/x] for system:clock", "KeyError", "parked"):
        assert str(word) in said
    assert "sealed" not in said
    assert "燕归来" not in said


def test_a_record_that_cant_be_read_is_shown_by_its_place(baoxue: Type, system: Cluster) -> None:
    record = Unreadable(tracking="cases/3", key=None, id=uuid4(), offset=9, raw="燕归来".encode())
    with psycopg.connect(system.dsn("notify", "notify_app")) as connection:
        parking.park(connection, reader="notify", record=record, error=parking.UNREADABLE, at=NOON)

    said = baoxue("show", record.id).stdout

    assert "cases/3 offset 9" in said
    assert "nothing queues behind it" in said
    assert "燕归来" not in said
    assert "unreadable" in baoxue("list").stdout


def test_a_retry_makes_a_key_due(baoxue: Type, system: Cluster) -> None:
    message, other = a_message(uuid4(), 1), a_message(uuid4(), 1)
    park(system, message, error=parking.UNKNOWN_VERSION)
    park(system, other, error=parking.UNKNOWN_VERSION)

    done = baoxue("retry", message.envelope.aggregate_id)

    assert done.exit_code == 0
    assert "1 keys" in done.stdout
    tried_at = row(system, message).next_try_at
    assert tried_at is not None
    assert datetime.now(UTC) - tried_at < timedelta(minutes=1)
    assert row(system, other).next_try_at is None
    assert "2 keys" in baoxue("retry", "--all").stdout
    assert row(system, other).next_try_at is not None


def test_a_drop_of_a_service_is_recorded_as_its_event(baoxue: Type, system: Cluster) -> None:
    message = a_message(uuid4(), 1)
    park(system, message)

    done = baoxue("drop", message.envelope.id, "--why", "a test of the vendor", "--by", "officer-7")

    assert done.exit_code == 0, done.output
    assert "will never act" in done.stdout
    dropped = row(system, message)
    assert (dropped.state, dropped.decided_by, dropped.why) == ("dropped", "officer-7", "a test of the vendor")
    with closing(Recorder(dsn=system.dsn("notify", "notify_app"))) as recorder:
        last = recorder.follow(0, 100)[-1].event
    assert (last.topic, last.caused.actor) == ("chassis.ParkedMessage.Dropped", "officer-7")
    assert last.caused.department == "education_bureau:410326"
    assert "a test of the vendor" in baoxue("show", message.envelope.id).stdout


def test_a_drop_of_the_gateway_is_kept_in_its_row(baoxue: Type, system: Cluster) -> None:
    message = a_message(uuid4(), 1)
    park(system, message, reader="gateway")

    done = baoxue("drop", message.envelope.id, "--why", "a test", "--by", "officer-7", "--yes", typed="")

    assert done.exit_code == 0, done.output
    dropped = row(system, message, reader="gateway")
    assert (dropped.state, dropped.decided_by, dropped.why) == ("dropped", "officer-7", "a test")


def test_a_drop_asks_first(baoxue: Type, system: Cluster) -> None:
    message = a_message(uuid4(), 1)
    park(system, message)

    done = baoxue("drop", message.envelope.id, "--why", "a test", "--by", "officer-7", typed="n\n")

    assert done.exit_code == 1
    assert row(system, message).state == "parked"


def test_what_can_not_be_done_is_refused_in_words(baoxue: Type, system: Cluster) -> None:
    message = a_message(uuid4(), 1)
    park(system, message)
    nobody, key = uuid4(), message.envelope.aggregate_id
    because = ("--why", "a test", "--by", "officer-7", "--yes")

    for arguments, kind, words in (
        (("show", nobody), NotFound, "Nothing is parked under"),
        (("retry", nobody), NotFound, "Nothing is parked under"),
        (("retry",), Refused, "one of the two"),
        (("retry", nobody, "--all"), Refused, "one of the two"),
        (("drop", nobody, *because), NotFound, "Nothing is parked under"),
        (("drop", key, *because), Refused, "drop takes one record"),
        (("drop", message.envelope.id, "--why", " ", "--by", "officer-7", "--yes"), Refused, "say why"),
    ):
        done = baoxue(*arguments)
        assert done.exit_code == 1
        assert isinstance(done.exception, kind)
        assert words in str(done.exception)
    assert row(system, message).state == "parked"


def test_where_nothing_runs_it_says_what_to_start(tmp_path: Path) -> None:
    done = CliRunner().invoke(parked.app, ["list"], env={"BAOXUE_DATA": str(tmp_path), "BAOXUE_POSTGRES": ""})

    assert isinstance(done.exception, ClusterError)
    assert "start it first" in str(done.exception)


def test_a_server_that_is_away_is_told_from_one_that_was_not_migrated(cluster: Cluster, system: Cluster) -> None:
    away = {"BAOXUE_POSTGRES": "host=127.0.0.1 port=1", "BAOXUE_SECRETS": str(system.folder / "secrets")}
    bare = {
        "BAOXUE_POSTGRES": f"host=127.0.0.1 port={cluster.port} sslmode=disable",
        "BAOXUE_SECRETS": str(cluster.folder / "secrets"),
    }

    assert "can't be reached" in str(CliRunner().invoke(parked.app, ["list"], env=away).exception)
    assert "run `baoxue migrate roster`" in str(CliRunner().invoke(parked.app, ["list"], env=bare).exception)
