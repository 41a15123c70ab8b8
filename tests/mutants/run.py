"""Do the tests notice when the code is wrong? mutmut changes it in one place after the other and asks them each time.

    make mutants                      all targets (hours)
    make mutants OF=clocks            one target of targets.toml

It works on a copy in build/mutants. Changes that no test noticed are listed there in `survivors.txt`, to be looked at one by one: some
change nothing that matters (a word of a message), the others want a test. `cd build/mutants/tree; ../venv/bin/mutmut show NAME`
shows one.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections import Counter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / "build" / "mutants"
TARGETS: Final = Path(__file__).with_name("targets.toml")
SOURCES: Final = ("services", "gateway")


def main() -> int:
    """Changes what is asked for, and says how many changes were noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    known = tomllib.loads(TARGETS.read_text(encoding="utf-8"))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(known)}; all where none is named")
    asked = parser.parse_args().targets or list(known)
    if unknown := sorted(set(asked) - set(known)):
        parser.error(f"no target is called {', '.join(unknown)}; there are {', '.join(known)}")
    survivors: list[str] = []
    for name in asked:
        found = _outcomes(known[name])
        survivors += [mutant for mutant, outcome in found.items() if outcome == "survived"]
        counted = Counter(found.values())
        sys.stdout.write(f"{name}: {dict(counted.most_common())}\n")
    (PLACE / "survivors.txt").write_text("".join(f"{mutant}\n" for mutant in survivors), encoding="utf-8")
    sys.stdout.write(f"{len(survivors)} were not noticed: build/mutants/survivors.txt\n")
    return 0


def _outcomes(target: dict[str, list[str]]) -> dict[str, str]:
    """What became of each change of a target: killed, survived, timeout, no tests …"""
    tree = PLACE / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "x", "-C", str(tree)], input=packed, check=True)
    (tree / "setup.cfg").write_text(_settings(target), encoding="utf-8")
    program = [str(PLACE / "venv" / "bin" / "mutmut")]
    environment = os.environ | {"PYTHONPATH": sysconfig.get_paths()["purelib"]}
    subprocess.run([*program, "run"], cwd=tree, env=environment, check=False)
    told = subprocess.run(
        [*program, "results", "--all", "true"], cwd=tree, env=environment, check=True, capture_output=True, text=True
    ).stdout
    lines = (line.strip().partition(": ") for line in told.splitlines() if ": " in line)
    return {mutant: outcome for mutant, _, outcome in lines}


def _settings(target: dict[str, list[str]]) -> str:
    settings = {
        "source_paths": [f"{source}/" for source in SOURCES],
        "only_mutate": target["source"],
        "also_copy": ["deploy/", "tests/"],
        "pytest_add_cli_args_test_selection": target["tests"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
    }
    lines = [f"{name}=\n" + "".join(f"    {value}\n" for value in values) for name, values in settings.items()]
    return "[mutmut]\n" + "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
