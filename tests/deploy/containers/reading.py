"""Manifests as data: YAML with the tags and variables that Compose knows, and what kustomize makes of a folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest
import yaml

ROOT: Final = Path(__file__).parents[3]
DEPLOY: Final = ROOT / "deploy"
KUBERNETES: Final = DEPLOY / "kubernetes"
SCHEMAS: Final = Path(__file__).with_name("schemas")
RENDER_S: Final = 60
VARIABLE: Final = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
EXACT_TAG: Final = re.compile(r"[\w./-]+(:v?\d+\.\d+(\.\d+)?(-[\w.-]+)?|@sha256:[0-9a-f]{64})")
"""An image with an exact version, or a digest."""

Manifest = dict[str, Any]


class Loader(yaml.SafeLoader):
    """YAML as Compose writes it."""


Loader.add_constructor("!override", lambda loader, node: loader.construct_mapping(node, deep=True))


def read_yaml(file: Path) -> Any:
    """One document."""
    return yaml.load(file.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506  # it is a SafeLoader


def compose(*, single: bool = False, environment: Mapping[str, str] | None = None) -> Manifest:
    """The Compose file with its variables filled in, with the override for one broker if asked."""
    given = environment or {}

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return VARIABLE.sub(lambda found: given.get(found[1], found[2] or ""), value)
        if isinstance(value, list):
            return [filled(one) for one in value]
        return {key: filled(one) for key, one in value.items()} if isinstance(value, dict) else value

    whole: Manifest = filled(read_yaml(DEPLOY / "compose.yaml"))
    if single:
        for name, changes in read_yaml(DEPLOY / "compose/single.yaml")["services"].items():
            service = whole["services"][name]
            for key, change in changes.items():
                service[key] = service[key] | change if key == "environment" else change
    return whole


@cache
def rendered(folder: str) -> tuple[Manifest, ...]:
    """What kustomize makes of a folder below deploy/kubernetes; skips loudly where kubectl is missing."""
    kubectl = shutil.which("kubectl") or do_without(
        "kubectl is not there; every test of the rendered manifests needs it"
    )
    made = subprocess.run(
        [kubectl, "kustomize", str(KUBERNETES / folder)], capture_output=True, text=True, timeout=RENDER_S, check=False
    )
    assert made.returncode == 0, made.stderr
    return tuple(yaml.load_all(made.stdout, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def of_kind(manifests: tuple[Manifest, ...], kind: str) -> dict[str, Manifest]:
    """Those of one kind, by name."""
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == kind}


def containers(manifest: Manifest) -> Iterator[Manifest]:
    """The containers of a workload."""
    pod = manifest["spec"]["template"]["spec"]
    yield from pod["containers"]
    yield from pod.get("initContainers", ())


def do_without(why: str) -> NoReturn:
    """Skips in words; with `CI=true` a missing tool is a failure."""
    told = f"NOT RUN: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
