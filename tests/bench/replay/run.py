"""How fast any past is shown and proved: every measurement of this folder, each a section of BENCHMARKS.md.

make bench-replay
"""

import importlib
import sys
from importlib.util import find_spec

MEASUREMENTS = ("history", "proofs")


def main() -> None:
    """Runs those that are here."""
    for name in MEASUREMENTS:
        if find_spec(f"{__package__}.{name}") is None:
            sys.stdout.write(f"{name} is not here; left out\n")
            continue
        importlib.import_module(f"{__package__}.{name}").main()


if __name__ == "__main__":
    main()
