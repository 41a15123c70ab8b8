"""How well and how fast registers are reconciled, on invented counties, with plain Splink beside it on the same files.

    make bench-reconcile                        # 6,000 and 86,000 children
    make bench-reconcile SIZES="300000 1000000"

Each run is a process of its own, so its CPU and its peak memory are its own, with those of what it starts. The truth is the generator's and is never read by
either. Time is CPU seconds of all processes of a run; wall time says little on a machine that does other things as well.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from deploy.sample.county import generate
from deploy.sample.errors import PRESETS
from tests.bench.figures import machine, table, write_section
from tests.roster.reconcile.scoring import (
    Score,
    persons_of,
    read_findings,
    read_links,
    score_findings,
    score_links,
)

AS_OF: Final = date(2026, 9, 14)
SIZES: Final = (6_000, 86_000)
ERRORS: Final = ("typical", "hard", "harsh")
SEEDS: Final = (101, 102, 103)
SMALL: Final = 20_000
"""Up to so many children every seed is run; above, the first."""
PEER_MOST: Final = 100_000
"""Up to so many children the peer runs beside."""
LOOK_S: Final = 0.05
"""How often it is looked at how much memory a run holds."""
PEER: Final = Path(__file__).with_name("peer.py")


class Cost(NamedTuple):
    """What a process took: seconds and bytes."""

    cpu: float
    wall: float
    peak: int
    steps: dict[str, float]


@dataclass
class Outcome:
    """What the counties of one size and one preset came to."""

    links: Score = field(default_factory=Score)
    worst: float = 1.0
    findings: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    costs: list[Cost] = field(default_factory=list)

    def add(self, truth: Path, out: Path, cost: Cost, *, findings: bool) -> None:
        """Counts one county in."""
        true, found = read_links(truth, whose="person"), read_links(out, whose="child")
        links = score_links(true, found)
        self.links = self.links.plus(links)
        self.worst = min(self.worst, links.f1)
        self.costs.append(cost)
        if findings:
            persons, have = persons_of(true, found), read_findings(out, whose="child")
            for kind, want in read_findings(truth, whose="person").items():
                self.findings[kind] = self.findings[kind].plus(score_findings(want, have[kind], persons=persons))

    def mean(self, of: Callable[[Cost], float]) -> float:
        """A figure of the costs, on average over the counties."""
        return sum(map(of, self.costs)) / len(self.costs)


def invent(children: int, seed: int, errors: str, folder: Path) -> None:
    """Writes a county."""
    generate(children=children, seed=seed, as_of=AS_OF, errors=PRESETS[errors]).write(folder)


def resident(pid: int) -> int:
    """Bytes of memory that a process and those it started hold now; what they share is counted twice."""
    try:
        held = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):  # it has ended
        return 0
    return held + sum(map(resident, map(int, started)))


def run(command: Sequence[str]) -> Cost:
    """Runs a command to its end, and says what it took. Raises RuntimeError with its last words where it fails."""
    begun = time.perf_counter()
    peak = ended = 0
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        while not ended:
            peak = max(peak, resident(process.pid))
            time.sleep(LOOK_S)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            complained.seek(0)
            raise RuntimeError(f"{command[0]} ended with {process.returncode}: {complained.read()[-2000:].decode()}")
        said.seek(0)
        steps = json.loads(said.read().splitlines()[-1])
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, peak=max(peak, usage.ru_maxrss * 1024), steps=steps)


def measure(children: int, errors: str, seeds: Sequence[int], *, peer: str | None) -> tuple[Outcome, Outcome | None]:
    """Both engines on the counties of one size and preset, the peer on the first of them."""
    ours, theirs = Outcome(), Outcome() if peer else None
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="baoxue-bench-") as folder:
            county = Path(folder)
            # In a process that ends: a county held here would count as the memory of what is forked from it.
            with ProcessPoolExecutor(1) as writer:
                writer.submit(invent, children, seed, errors, county).result()
            registers, truth = str(county / "registers"), county / "truth"
            out = county / "ours"
            cost = run([sys.executable, "-m", "tests.bench.reconcile.ours", registers, str(out), AS_OF.isoformat()])
            ours.add(truth, out, cost, findings=True)
            if peer and theirs is not None and seed == seeds[0]:
                out = county / "peer"
                theirs.add(truth, out, run([peer, str(PEER), registers, str(out)]), findings=False)
        sys.stderr.write(f"{children} {errors} {seed}: F1 {ours.worst:.5f} at worst, {ours.costs[-1].cpu:.1f} s CPU\n")
    return ours, theirs


def links_table(outcomes: dict[tuple[int, str], tuple[Outcome, Outcome | None]]) -> str:
    """Precision, recall and F1 of the links, and the peer's F1."""
    lines = [
        [
            f"{children:,}",
            errors,
            len(ours.costs),
            *(f"{share:.5f}" for share in (ours.links.precision, ours.links.recall, ours.links.f1, ours.worst)),
            f"{theirs.links.f1:.4f}" if theirs else "-",
        ]
        for (children, errors), (ours, theirs) in outcomes.items()
    ]
    header = ("children", "errors", "counties", "precision", "recall", "F1", "worst F1", "Splink F1")
    return table(header, lines)


def cost_table(outcomes: dict[tuple[int, str], tuple[Outcome, Outcome | None]]) -> str:
    """CPU by step, wall and memory, and the peer's."""

    def step(name: str) -> Callable[[Cost], float]:
        return lambda cost: cost.steps[name]

    steps = [name for ours, _ in outcomes.values() for name in ours.costs[0].steps]
    names = list(dict.fromkeys(steps))
    lines = []
    for (children, errors), (ours, theirs) in outcomes.items():
        totals = [
            f"{o.mean(lambda c: c.cpu):.1f}, {o.mean(lambda c: c.wall):.1f}, {o.mean(lambda c: c.peak) / 2**20:,.0f}"
            if o
            else "-"
            for o in (ours, theirs)
        ]
        lines.append([f"{children:,}", errors, *(f"{ours.mean(step(name)):.1f}" for name in names), *totals])
    return table(("children", "errors", *names, "all: CPU s, wall s, MiB", "Splink: CPU s, wall s, MiB"), lines)


def findings_table(outcomes: dict[tuple[int, str], tuple[Outcome, Outcome | None]]) -> str:
    """F1 by kind of finding, with how many are true."""
    kinds = sorted({kind for ours, _ in outcomes.values() for kind in ours.findings})
    lines = [
        [f"`{kind}`", *(f"{s.f1:.4f} of {s.true:,}" for ours, _ in outcomes.values() for s in (ours.findings[kind],))]
        for kind in kinds
    ]
    return table(("finding", *(f"{children:,} {errors}" for children, errors in outcomes)), lines)


def growth(outcomes: dict[tuple[int, str], tuple[Outcome, Outcome | None]]) -> str:
    """How CPU grows with children, by preset."""
    said = []
    for errors in dict.fromkeys(errors for _, errors in outcomes):
        cpu = [(n, ours.mean(lambda c: c.cpu)) for (n, e), (ours, _) in outcomes.items() if e == errors]
        said += [
            f"{errors}: {b / a:,.1f} times the children, {y / x:,.1f} times the CPU" for (a, x), (b, y) in pairwise(cpu)
        ]
    return "; ".join(said)


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, nargs="+", default=SIZES)
    parser.add_argument("--errors", nargs="+", choices=sorted(PRESETS), default=ERRORS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--peer", help="a Python that has Splink; without it the peer is left out")
    asked = parser.parse_args()
    before = machine()
    outcomes = {}
    for children in asked.children:
        for errors in asked.errors:
            seeds = asked.seeds if children <= SMALL else asked.seeds[:1]
            peer = asked.peer if children <= PEER_MOST else None
            outcomes[children, errors] = measure(children, errors, seeds, peer=peer)
    costs = (
        "CPU seconds by step (of two processes where files are read), and CPU, wall and peak memory of all processes (mean over the counties). Splink reads the same"
        " files and makes links only:"
    )
    parts = (
        f"Invented counties with six registers each ({before}). Links, over pairs of rows of one child:",
        links_table(outcomes),
        costs,
        cost_table(outcomes),
        growth(outcomes),
        "F1 by kind of finding, with how many are true:",
        findings_table(outcomes),
    )
    text = "\n\n".join(part for part in parts if part)
    sys.stdout.write(text + "\n")
    sizes = "" if tuple(asked.children) == SIZES else "-" + "-".join(map(str, asked.children))
    write_section(f"bench-reconcile{sizes}", title="Registers reconciled `make bench-reconcile`", text=text)


if __name__ == "__main__":
    main()
