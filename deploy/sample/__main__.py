"""`python -m deploy.sample`: write an invented county to a folder."""

import argparse
import sys
from datetime import date
from pathlib import Path

from deploy.sample.county import generate
from deploy.sample.errors import PRESETS


def main() -> None:
    """Read the command line, generate, write, and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sample", description=__doc__)
    parser.add_argument("--children", type=int, default=6000, help="how many children, 1 to 1000000")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same county")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD", help="the date of the registers"
    )
    parser.add_argument("--errors", choices=sorted(PRESETS), default="typical", help="how carefully the offices write")
    parser.add_argument(
        "--further", action="store_true", help="also the lists of civil affairs and of the check-in, and villages.csv"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for registers/ and truth/")
    arguments = parser.parse_args()
    county = generate(
        children=arguments.children,
        seed=arguments.seed,
        as_of=arguments.as_of,
        errors=PRESETS[arguments.errors],
        further=arguments.further,
        progress=_tell,
    )
    county.write(arguments.out, progress=_tell)
    rows = sum(len(listed) for listed in county.registers.values())
    sys.stdout.write(f"{len(county.lives)} children, {rows} rows, {len(county.findings)} findings in {arguments.out}\n")


def _tell(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{stage} {done}/{total}" + ("\n" if done == total else ""))


if __name__ == "__main__":
    main()
