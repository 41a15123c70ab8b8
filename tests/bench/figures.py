"""Where benchmarks write their figures: a section of BENCHMARKS.md each, replaced as a whole by the next run."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

BENCHMARKS: Final = Path(__file__).parents[2] / "BENCHMARKS.md"


def machine() -> str:
    """What was measured on, in one line: cores, memory, Python, load before the run."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    load = os.getloadavg()[0]
    python = platform.python_version()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory} GiB, Python {python}, load {load:.1f} before"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write_section(name: str, *, title: str, text: str) -> None:
    """Puts a section into BENCHMARKS.md, in place of the one of this name."""
    section = f"<!-- {name} -->\n## {title}\n\n{text.strip()}\n<!-- /{name} -->"
    known = BENCHMARKS.read_text("utf-8") if BENCHMARKS.exists() else "# Benchmarks\n"
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    known = pattern.sub(lambda _: section, known) if pattern.search(known) else f"{known.rstrip()}\n\n{section}\n"
    BENCHMARKS.write_text(known, "utf-8")
