"""The newcomer's tour leads where it says: its steps are written into a copy of the tree, and its commands run green there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.sources import CODE, ROOT

PAGE = ROOT / "services" / "TOUR.md"
_STEP = re.compile(
    r"In\s`(?P<path>[^`]+)`,\s(?P<where>before|after|instead\sof)\s`(?P<mark>[^`]+)`[^`]*?:?\n*[^`]*?"
    r"```(?:python|toml|text)\n(?P<text>.*?)```",
    re.DOTALL,
)
_COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_MADE = ("make", "baoxue")
WAIT_S = 300


@dataclass(frozen=True)
class Step:
    """Lines that are written into a file, beside the first line that begins as the page says."""

    path: str
    where: str
    mark: str
    text: str

    def take(self, tree: Path) -> None:
        file = tree / self.path
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        at = next((n for n, line in enumerate(lines) if line.strip().startswith(self.mark)), None)
        assert at is not None, (
            f"{self.path} has no line that begins with {self.mark}: bring services/TOUR.md up to date"
        )
        first, last = {"before": (at, at), "after": (at + 1, at + 1), "instead of": (at, at + 1)}[self.where]
        file.write_text("".join([*lines[:first], self.text, *lines[last:]]), encoding="utf-8")


def steps(text: str) -> list[Step]:
    """What a part of the page has its reader write."""
    return [
        Step(found["path"], re.sub(r"\s", " ", found["where"]), found["mark"], found["text"])
        for found in _STEP.finditer(text)
    ]


def commands(text: str) -> Iterator[str]:
    """What a part of the page has its reader run, but for what needs a whole machine."""
    for block in _COMMANDS.findall(text):
        yield from (line for line in block.splitlines() if not line.startswith(_MADE))


def run(command: str, tree: Path) -> None:
    """Runs a command of the page in a tree."""
    words, _, into = command.partition(" > ")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, *shlex.split(words)[1:], *(["-p", "no:cacheprovider"] if "pytest" in words else [])],
        cwd=tree,
        env={**outside, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    if into:
        (tree / into).write_text(done.stdout, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree, as a fresh clone would have it."""
    for folder in (*CODE, "tests"):
        # What is compiled comes along, and holds: a copy has the times of its sources.
        leave = shutil.ignore_patterns("data", "node_modules")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=leave)
    for file in ("pyproject.toml", ".importlinter"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_the_tour_leads_where_it_says(tree: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("\n```\n") == len(steps(page)) + len(_COMMANDS.findall(page)), (
        "a block of the page belongs to no step"
    )
    for part in re.split(r"^## ", page, flags=re.MULTILINE):
        for step in steps(part):
            step.take(tree)
        for command in commands(part):
            run(command, tree)
