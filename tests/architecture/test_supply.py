"""What comes in with the house: no secret is written down in it, and what it is made of can be listed."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from detect_secrets.core.plugins import initialize
from detect_secrets.settings import transient_settings

from tests.architecture.sources import ROOT

DETECTORS = (
    "AWSKeyDetector", "ArtifactoryDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SlackDetector",
    "StripeDetector",
)  # fmt: skip
"""Those that know a secret by its form. Words like `password =` and long random texts are everywhere in tests of seals and proofs."""


@cache
def tracked() -> list[Path]:
    """All files of the tree that are kept."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


@cache
def detectors() -> list[Any]:
    """What knows secrets by their form."""
    with transient_settings({"plugins_used": [{"name": name} for name in DETECTORS]}):
        return [initialize.from_plugin_classname(name) for name in DETECTORS]


def secrets_in(file: Path) -> list[str]:
    """The kinds of what looks like a secret in a file."""
    text = file.read_text(encoding="utf-8", errors="ignore")
    return [detector.secret_type for detector in detectors() if any(detector.analyze_string(text))]


def test_no_secret_is_written_down_in_the_tree() -> None:
    found = {file.relative_to(ROOT).as_posix(): told for file in tracked() if (told := secrets_in(file))}

    assert not found


def test_a_secret_that_is_written_down_is_found(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n", encoding="ascii")
    (tmp_path / "url.py").write_text('URL = "https://somebody:' + 'opensesame@broker.invalid/"\n', encoding="ascii")

    assert secrets_in(tmp_path / "key.pem")
    assert secrets_in(tmp_path / "url.py")


def test_what_the_image_is_made_of_can_be_listed_with_its_hashes(tmp_path: Path) -> None:
    [tool] = Path(sys.executable).parent.glob("cyclonedx-py")
    subprocess.run(
        [tool, "requirements", ROOT / "deploy/image.lock", "--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "-o",
         tmp_path / "bom.json"],
        check=True, timeout=120, capture_output=True,
    )  # fmt: skip

    bom = json.loads((tmp_path / "bom.json").read_bytes())
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "deploy/image.lock").read_text(encoding="utf-8"), re.MULTILINE))
    assert bom["metadata"]["component"]["name"] == "baoxue"
    assert {component["name"] for component in bom["components"]} == locked
    assert all(component["externalReferences"][0]["hashes"] for component in bom["components"])


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "deploy/image.lock", "deploy/audit.lock", "tests/bench/reconcile/peer.lock"]
)
def test_every_library_is_pinned_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]

    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
