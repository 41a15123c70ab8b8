"""One reconciliation in a process of its own; prints the CPU seconds of each step as JSON.

python -m tests.bench.reconcile.ours REGISTERS OUT AS_OF
"""

import json
import os
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

from services.roster.reconcile.run import reconcile_directory


def cpu() -> float:
    """CPU seconds of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Reconciles and says what each step took."""
    registers, out, as_of = sys.argv[1:]
    steps: dict[str, float] = defaultdict(float)
    last = cpu()

    def tell(step: str, done: int, total: int) -> None:
        nonlocal last
        now = cpu()
        steps[step] += now - last
        last = now

    reconcile_directory(Path(registers), as_of=date.fromisoformat(as_of), out=Path(out), progress=tell)
    steps["write"] = cpu() - last
    sys.stdout.write(json.dumps(steps) + "\n")


if __name__ == "__main__":
    main()
