"""The clients a partner is given: written from the schema and registered documents, and run as a partner runs them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from threading import Timer
from typing import Any

import psycopg
import pytest

from gateway.access.freshness import Freshness
from gateway.access.receipts import Receipts
from gateway.app import build_gateway
from gateway.clients.write import WRITERS, read_operations
from gateway.readmodel.projection import CHANNEL
from gateway.readmodel.reading import Reader
from services.chassis.clock import SystemClock
from services.chassis.errors import Refused
from services.chassis.web import WebServer

HERE = Path(__file__).parent / "clients"
DOCUMENTS = Path(str(resources.files("gateway.documents")))
OFFICER = "civil-affairs-officer"
INSTALL_S, RUN_S = 300, 120
FOLLOWED = "subscription FollowReferrals { referrals(open: true, first: 50) { nodes { id state } } }\n"
WEBSOCKET = ["--experimental-websocket"]
"""Node 20 has it behind this flag, later ones without it."""
PYTHON = """
import json, sys
from client import BaoxueError, Client

url, token = sys.argv[1:]
client = Client(url, lambda: token)
page = client.referrals()["referrals"]
try:
    client.referrals(after="no cursor")
    code = ""
except BaoxueError as error:
    code = error.code
print(json.dumps({
    "unit": client.me()["me"]["unit"],
    "open": sum(referral["state"] == "opened" for referral in page["nodes"]),
    "first": page["nodes"][0]["id"] if page["nodes"] else None,
    "code": code,
}))
"""
FOLLOW = """
import json, sys
from itertools import islice
from websockets.exceptions import ConnectionClosed
from client import Client

url, token = sys.argv[1:]
for answer in islice(Client(url, lambda: token).follow_referrals(), 2):
    print(json.dumps(sum(node["state"] == "opened" for node in answer["referrals"]["nodes"])), flush=True)
try:
    next(Client(url, lambda: "no token").follow_referrals())
except ConnectionClosed as error:
    print(json.dumps("CLOSED" if "4403" in str(error) else str(error)))
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a partner had registered: what comes with the gateway, and a subscription."""
    folder = tmp_path_factory.mktemp("documents")
    for file in DOCUMENTS.glob("*.graphql"):
        shutil.copy(file, folder)
    (folder / "follow_referrals.graphql").write_text(FOLLOWED, "utf-8")
    return folder


def written(language: str, documents: Path) -> str:
    return WRITERS[language](read_operations(sorted(documents.glob("*.graphql"))))


@pytest.fixture(scope="module")
def served(gateway: Any, documents: Path) -> Iterator[str]:
    """The gateway as partners meet it: on a port, running registered documents only."""
    reader = Reader(dsn=gateway.reader_dsn, connections=2)
    app = build_gateway(
        policy=gateway.policy,
        tokens=gateway.tokens,
        reader=reader,
        freshness=Freshness(heads=gateway.heads, reader=reader),
        receipts=Receipts(dsn=gateway.writer_dsn),
        clock=SystemClock(),
        documents=documents,
    )
    server = WebServer(app, name="gateway", host="127.0.0.1", port=0)
    server.start()
    yield f"{server.url}/graphql"
    server.stop()


@pytest.fixture(scope="module")
def expected(gateway: Any) -> dict[str, Any]:
    """What a partner's program should find."""
    nodes = gateway.ask("{ referrals(first: 50) { nodes { id state } } }", by=OFFICER).data["referrals"]["nodes"]
    assert nodes
    return {
        "unit": "civil_affairs:410326",
        "open": sum(node["state"] == "opened" for node in nodes),
        "first": nodes[0]["id"],
        "code": "BAD_REQUEST",
    }


def test_a_python_client_asks_what_was_registered(
    gateway: Any, served: str, expected: dict[str, Any], documents: Path, tmp_path: Path
) -> None:
    (tmp_path / "client.py").write_text(written("python", documents), "utf-8")
    (tmp_path / "use.py").write_text(PYTHON, "utf-8")

    ran = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); exec(open({str(tmp_path / 'use.py')!r}).read())", served, gateway.token(OFFICER)],
        check=True, capture_output=True, text=True, timeout=RUN_S,
    )  # fmt: skip

    assert json.loads(ran.stdout) == expected


def test_a_python_client_follows_what_was_registered(
    gateway: Any, served: str, expected: dict[str, Any], documents: Path, tmp_path: Path
) -> None:
    (tmp_path / "client.py").write_text(written("python", documents), "utf-8")
    (tmp_path / "follow.py").write_text(FOLLOW, "utf-8")

    said = followed([sys.executable, "follow.py", served, gateway.token(OFFICER)], tmp_path, gateway)

    assert said == [expected["open"], expected["open"] - 1, "CLOSED"]


def test_a_typescript_client_is_sound_and_asks_what_was_registered(
    gateway: Any, served: str, expected: dict[str, Any], documents: Path, tmp_path: Path
) -> None:
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("NOT RUN: there is no npm to install TypeScript with")
        pytest.skip("NOT RUN: there is no npm to install TypeScript with")
    for name in ("package.json", "package-lock.json", "use.ts", "follow.ts"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "client.ts").write_text(written("typescript", documents), "utf-8")
    subprocess.run(["npm", "ci", "--silent"], cwd=tmp_path, check=True, timeout=INSTALL_S)
    strict = "--strict --noUnusedLocals --target es2022 --module nodenext --rewriteRelativeImportExtensions --outDir out use.ts follow.ts"
    checked = subprocess.run(
        ["npx", "--no-install", "tsc", *strict.split()],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )
    assert checked.returncode == 0, checked.stdout

    ran = subprocess.run(
        ["node", "out/use.js", served, gateway.token(OFFICER)],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=RUN_S,
    )  # fmt: skip
    assert json.loads(ran.stdout) == expected

    assert followed(["node", *WEBSOCKET, "out/follow.js", served, gateway.token(OFFICER)], tmp_path, gateway) == [
        expected["open"],
        expected["open"] - 1,
        "CLOSED",
    ]


def followed(command: list[str], folder: Path, gateway: Any) -> list[Any]:
    """What a partner's program that follows says: of the open referrals, of those after one was answered, and at a token of nobody's."""
    said: list[Any] = []
    with (
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process,
        psycopg.connect(gateway.owner_dsn, autocommit=True) as connection,
    ):
        assert process.stdout is not None
        late = Timer(RUN_S, process.kill)
        late.start()
        said.append(json.loads(process.stdout.readline()))
        [one] = connection.execute(
            "update referral set state = 'answered' where referral_id = (select referral_id from referral"
            " where state = 'opened' and to_unit = 'civil_affairs' order by reply_by limit 1) returning referral_id"
        ).fetchall()
        connection.execute(f"notify {CHANNEL}".encode())
        said += [json.loads(process.stdout.readline()) for _ in range(2)]
        connection.execute("update referral set state = 'opened' where referral_id = %s", one)
        late.cancel()
    return said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("query Q { nothing }", "nothing"),
        ("query Q {", "Syntax"),
        ("{ me { unit } }", "has a name"),
        ("query A { me { unit } } query B { me { unit } }", "one operation"),
        ("query N($id: ID!) { node(id: $id) { nodeId } }", "several types"),
    ],
)
def test_a_document_no_client_can_be_written_from_is_refused_by_its_file(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mine.graphql").write_text(text, "utf-8")

    with pytest.raises(Refused, match=rf"mine\.graphql.*{says}"):
        read_operations([tmp_path / "mine.graphql"])
