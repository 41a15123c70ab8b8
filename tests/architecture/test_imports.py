"""The import rules are kept, and each of them can be broken."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import CODE, ROOT

BREACHES = {
    "Services stand on the chassis": ("services/cases/api.py", "from services.roster import api"),
    "Every service has the same rooms": ("services/notify/domain/units.py", "from services.notify import publisher"),
    "The chassis is a closed list": ("services/chassis/store.py", "from services.chassis import mapper"),
    "The contracts of the services share": ("services/contracts/notify.py", "from services.contracts import cases"),
    "Decisions know no contract": ("services/cases/domain/document.py", "import psycopg"),
    "Publishers and policies know": ("services/cases/policy.py", "import psycopg"),
    "The gateway has rooms too": ("gateway/access/policy.py", "from gateway.schema import map"),
    "The console's pages know": ("gateway/console/views/case.py", "from gateway.readmodel import reading"),
    "The console has rooms too": ("gateway/console/texts.py", "from gateway.console import caller"),
    "The gateway knows the contracts": ("gateway/readmodel/fold.py", "from services.cases.domain import case"),
    "No service knows the gateway": ("services/chassis/http.py", "import gateway.readmodel.fold"),
    "One door to Kafka": ("services/chassis/inbox.py", "import kafka"),
    "Two doors out over HTTP": ("services/notify/channels/email.py", "import httpx"),
    "The invented county": ("deploy/sample/names.py", "from services.contracts import divisions"),
    "What the supervising body runs": ("deploy/witness/verify.py", "from services.chassis import merkle"),
}
STRAYS = ("services/roster/utils.py", "services/chassis/helpers.py", "services/common.py", "gateway/extras.py")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the rules over a tree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def a_copy(folder: Path) -> Path:
    """The tree once more, to do wrong in."""
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


def test_the_import_rules_are_kept() -> None:
    result = lint(ROOT)

    assert result.returncode == 0, result.stdout


def test_every_rule_catches_its_breach(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    for path, breach in BREACHES.values():
        with (tree / path).open("a", encoding="utf-8") as module:
            module.write(f"\n{breach}\n")

    told = " ".join(lint(tree).stdout.split())

    rules = [
        line.partition("=")[2].strip() for line in (ROOT / ".importlinter").read_text().splitlines() if "name =" in line
    ]
    assert {rule for rule in rules if any(rule.startswith(beginning) for beginning in BREACHES)} == set(rules)
    assert [rule for rule in rules if f"{rule} BROKEN" not in told] == []


def test_a_module_without_a_place_is_refused(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    for path in STRAYS:
        (tree / path).write_text('"""Astray."""\n', encoding="utf-8")

    result = lint(tree)

    assert result.returncode != 0
    assert all(Path(path).stem in result.stdout for path in STRAYS)
