"""GraphQL over HTTP as its specification has it, judged by the audits of the reference implementation over a real socket."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.access.receipts import Receipts
from gateway.app import build_gateway
from gateway.readmodel.reading import Reader
from services.chassis.clock import SystemClock
from services.chassis.web import WebServer
from tests.gateway.conftest import Asking

AUDIT = Path(__file__).parent / "http_audit"
INSTALL_S = 300
RUN_S = 60


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the audits installed from their lock file."""
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("NOT RUN: there is no npm to install the audits with")
        pytest.skip("NOT RUN: there is no npm to install the audits with")
    folder = tmp_path_factory.mktemp("audit")
    for name in ("package.json", "package-lock.json", "audit.mjs"):
        shutil.copy(AUDIT / name, folder)
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, timeout=INSTALL_S)
    return folder


@pytest.fixture(scope="module")
def served(gateway: Asking) -> Iterator[str]:
    """The gateway of the other tests on a port of its own."""
    app = build_gateway(
        policy=gateway.policy,
        tokens=gateway.tokens,
        reader=Reader(dsn=gateway.reader_dsn, connections=2),
        receipts=Receipts(dsn=gateway.writer_dsn),
        clock=SystemClock(),
        development=True,
    )
    server = WebServer(app, name="gateway", host="127.0.0.1", port=0)
    server.start()
    yield f"{server.url}/graphql"
    server.stop()


def test_every_audit_of_the_specification_passes(node: Path, served: str, gateway: Any) -> None:
    token = gateway.issuer.mint_for(
        actor="auditor", unit="education_bureau:410326", purpose="dropout_control", minutes=60
    )

    ran = subprocess.run(
        ["node", "audit.mjs", served, token], cwd=node, check=True, capture_output=True, text=True, timeout=RUN_S
    )

    results = json.loads(ran.stdout)
    assert len(results) >= 60
    assert [result for result in results if result["status"] != "ok"] == []
