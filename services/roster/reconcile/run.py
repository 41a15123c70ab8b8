"""Reconciling a folder of register files into CSV files: links, findings, rejects; why rows are linked, and which may be.

Nothing in them is personal: rows are named by register, number, file and line, and a person opens the registers beside them.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from services.chassis.workbook import neutral
from services.roster.reconcile.directory import collector_paused, read_directory
from services.roster.reconcile.engine import Progress, reconcile_records
from services.roster.reconcile.model import Reconciliation, Row, RowRef

_DOUBT_COLUMNS: Final = ("child", "register", "row", "file", "sheet", "line")


def reconcile_directory(directory: Path, *, as_of: date, out: Path, progress: Progress | None = None) -> Reconciliation:
    """Read the registers in `directory`, reconcile them on a date and write what came of it to `out`.

    `links.csv`, `findings.csv` and `rejects.csv` are a fixed interface. `reasons.csv` explains each link (two rows of one child, the
    rule, its score), `doubts.csv` names pairs of rows that a person has to look at, side by side. Files are UTF-8 with a header line;
    columns beyond the fixed ones come after them. `row` counts the rows of a register, `line` the lines of a sheet as people see
    them. No cell begins like a formula. Raises Refused, naming the file, where a file can't be read at all; then nothing is written.
    """
    with collector_paused():
        reading = read_directory(directory, told=partial(progress, "read") if progress else None)
        result = replace(reconcile_records(reading.records, as_of=as_of, progress=progress), rejects=reading.rejects)
        out.mkdir(parents=True, exist_ok=True)
        _write_all(result, reading.rows, out=out)
    return result


def _write_all(result: Reconciliation, rows: Iterable[Row], *, out: Path) -> None:
    doubtful = {ref for doubt in result.doubtful for ref in (doubt.a, doubt.b)}
    labels = {ref: child.label for child in result.children for ref in child.rows if ref in doubtful}
    places = {row.ref: row for row in rows if row.ref in doubtful}
    _write(
        out / "links.csv",
        ("register", "row", "child"),
        ((ref.register, ref.row, child.label) for child in result.children for ref in child.rows),
    )
    _write(
        out / "findings.csv",
        ("child", "kind", "owner", "reason", "evidence"),
        ((f.label, f.kind, f.owner, f.reason, " ".join(map(str, f.evidence))) for f in result.findings),
    )
    _write(
        out / "rejects.csv",
        ("register", "row", "column", "reason", "file", "sheet", "line"),
        (
            (r.register or "", r.row, neutral(r.column), neutral(r.reason), neutral(r.file), neutral(r.sheet), r.line)
            for r in result.rejects
        ),
    )
    _write(
        out / "reasons.csv",
        ("child", "register", "row", "other_register", "other_row", "rule", "score"),
        ((child.label, *link.a, *link.b, link.rule, link.score) for child in result.children for link in child.links),
    )
    _write(
        out / "doubts.csv",
        (*_DOUBT_COLUMNS, *(f"other_{column}" for column in _DOUBT_COLUMNS), "score", "reason"),
        ((*_place(d.a, labels, places), *_place(d.b, labels, places), d.score, d.reason) for d in result.doubtful),
    )


def _place(ref: RowRef, labels: Mapping[RowRef, str], rows: Mapping[RowRef, Row]) -> tuple[object, ...]:
    """Child, register, row, and where the row stands in its file."""
    row = rows[ref]
    return (labels[ref], *ref, neutral(row.file), neutral(row.sheet), row.line)


def _write(path: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Write lines whose words are the project's own; whoever hands in an office's words makes them `neutral` first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
