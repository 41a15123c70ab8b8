"""`baoxue up` as an operator knows it: it says where things are, keeps its data, and stops cleanly at Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import httpx
import pytest
from typer.testing import CliRunner

from deploy import policy
from gateway.access.policy_keys import PUBLIC_KEYS

START_S = 90
STOP_S = 60
A_BROWSER = {"accept": "text/html"}


class Up:
    """A running `baoxue up`, and what it has printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        environment = os.environ | {"BAOXUE_DATA": str(folder), "BAOXUE_PORT": "0", "COLUMNS": "200"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.printed = self._until("Ctrl-C stops everything.")

    @property
    def url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+", self.printed)
        assert found is not None, self.printed
        return found[0]

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(timeout=STOP_S)
        self._reader.join(timeout=STOP_S)
        while not self._lines.empty():
            self.printed += self._lines.get()
        return code

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=STOP_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)

    def _until(self, last: str) -> str:
        printed = ""
        while last not in printed:
            try:
                printed += self._lines.get(timeout=START_S)
            except Empty:
                self.kill()
                pytest.fail(f"it never said {last!r}: {printed}")
        return printed


@contextmanager
def up(folder: Path, *arguments: str) -> Iterator[Up]:
    system = Up(folder, *arguments)
    try:
        yield system
    finally:
        system.kill()


def released_in_earnest(folder: Path) -> None:
    """What the program released for itself in development isn't good without it: an office releases its policy."""
    listed, key = folder / PUBLIC_KEYS, folder / "office.key"
    environment = {"BAOXUE_DATA": str(folder), "BAOXUE_POSTGRES": ""}
    made = CliRunner().invoke(policy.app, ["key", str(key), "--holder", "局长办公室"], env=environment)
    listed.write_text(listed.read_text(encoding="utf-8") + made.stdout, encoding="utf-8")
    decided = ["release", "--key", str(key), "--by", "bureau-head", "--basis", "县教育局〔2026〕12号", "--yes"]
    assert CliRunner().invoke(policy.app, decided, env=environment).exit_code == 0


def test_up_says_where_things_are_and_stops_cleanly(data_folder: Path) -> None:
    with up(data_folder, "--development") as system:
        ready = httpx.get(f"{system.url}/health/ready")
        assert ready.status_code == 200
        assert (
            ready.json()["parts"].items()
            >= {
                "cases inbox": "ok",
                "gateway projector": "ok",
                "notify sender": "ok",
                "notify email": "off",
            }.items()
        )
        assert "保学" in httpx.get(f"{system.url}/", follow_redirects=True).text
        assert "群众举报" in httpx.get(f"{system.url}/report").text
        token = httpx.post(f"{system.url}/development/token/bureau-office").json()["token"]
        answer = httpx.post(
            f"{system.url}/graphql", json={"query": "{ me { unit } }"}, headers={"authorization": f"Bearer {token}"}
        )
        assert answer.json() == {"data": {"me": {"unit": "education_bureau:410326"}}}

        page = httpx.get(f"{system.url}/graphql", headers=A_BROWSER).text
        for asset in re.findall(r'(?:src|href)="(/graphql/explorer/[^"]+)"', page):
            assert httpx.get(f"{system.url}{asset}").status_code == 200
        assert "graphiql.min.js" in page

        beside = subprocess.run(
            [sys.executable, "-m", "deploy.cli", "rebuild"],
            env=os.environ | {"BAOXUE_DATA": str(data_folder), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert "The read model was made anew" in beside.stdout, beside.stderr

        code = system.interrupt()

        assert code == 0
        assert "Stopped cleanly." in system.printed

    released_in_earnest(data_folder)
    with up(data_folder) as again:
        assert "Demonstration accounts" not in again.printed
        assert httpx.get(f"{again.url}/graphql", headers=A_BROWSER).status_code == 400
        assert httpx.get(f"{again.url}/graphql/explorer/graphiql.min.js").status_code == 404
        assert httpx.post(f"{again.url}/development/token/bureau-office").status_code == 404
        assert again.interrupt() == 0
