"""Invented counties of any size, with the truth: for demonstration, tests and benchmarks.

`generate` goes in three steps that know nothing of the later ones: who the children are (`people`, `places`), what is true of
each (`lives`), how offices write it down (`registers`, `clerk`, `errors`). Each step draws from a random stream of its own, so
one seed gives the same children under every `Errors`. The same arguments give the same bytes (spreadsheets: with the same versions
of zlib and openpyxl), whatever the clock, the time zone and the hash seed.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from deploy.sample.clerk import Cell
from deploy.sample.errors import TYPICAL, Errors
from deploy.sample.further import FURTHER_FORMS, further_registers
from deploy.sample.kin import draw_alike
from deploy.sample.lives import Life, bury, live
from deploy.sample.mishaps import befall
from deploy.sample.people import Progress, populate
from deploy.sample.places import Village, lay_out_county
from deploy.sample.registers import FORMS, Form, Row, write_registers
from deploy.sample.truth import find_truth
from deploy.sample.workbook import write_workbook

MOST_CHILDREN = 1_000_000
"""More would run out of citizen numbers: there are 500 a day and sex."""


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class County:
    """A generated county: the children, their registers and the truth.

    `links` are (register, row, person), rows counted from 1 at the first data row; `findings` are (person, kind).
    """

    as_of: date
    lives: list[Life]
    registers: dict[str, list[Row]]
    findings: list[tuple[str, str]]
    extra_lines: frozenset[str]
    villages: tuple[Village, ...]

    @property
    def links(self) -> Iterator[tuple[str, int, str]]:
        """Whose every row is."""
        for register, rows in self.registers.items():
            for number, row in enumerate(rows, start=1):
                yield register, number, row.child_id

    def write(self, directory: Path, *, progress: Progress = _silent) -> None:
        """Write `registers/` (six files, or eight) and `truth/` (links.csv, findings.csv), replacing files of these names.

        Where rows were struck by mishaps, `truth/mishaps.csv` says which by which class. With the further registers comes
        `villages.csv`, the county's list of villages as `services/contracts/divisions` keeps one.
        """
        registers, truth = directory / "registers", directory / "truth"
        for folder in (registers, truth):
            folder.mkdir(parents=True, exist_ok=True)
        forms = [form for form in (*FORMS, *FURTHER_FORMS) if form.register in self.registers]
        for done, form in enumerate(forms):
            progress(f"write {form.file}", done, len(forms))
            _write_form(registers / form.file, form, self.registers[form.register], form.register in self.extra_lines)
        _write_csv(truth / "links.csv", ("register", "row", "person"), self.links)
        _write_csv(truth / "findings.csv", ("person", "kind"), iter(self.findings))
        if struck := [
            (register, number, mishap)
            for register, rows in self.registers.items()
            for number, row in enumerate(rows, start=1)
            for mishap in row.mishaps
        ]:
            _write_csv(truth / "mishaps.csv", ("register", "row", "mishap"), iter(struck))
        if len(forms) > len(FORMS):
            _write_villages(directory / "villages.csv", self.villages)
        progress("write truth", len(forms), len(forms))


def generate(
    *,
    children: int,
    seed: int,
    as_of: date,
    errors: Errors = TYPICAL,
    further: bool = False,
    progress: Progress = _silent,
) -> County:
    """A county of exactly `children` children, about 85 % of them aged 6 to 16 on `as_of`.

    With `further`, the lists of `further` come beside the six registers, which stay what they are without.
    A child on no list (no household register, never enrolled, not poor) is in `lives` but in no row and no finding.
    Raises ValueError where `children` is not between 1 and a million.
    """
    if not 1 <= children <= MOST_CHILDREN:
        raise ValueError(f"children is {children}; a sample county has between 1 and {MOST_CHILDREN}")

    def stream(step: str) -> Random:
        return Random(f"{seed}:{step}")  # noqa: S311 - repeatable, and nothing here is secret

    county = lay_out_county(children=children, rng=stream("places"))
    people = populate(children=children, as_of=as_of, county=county, rng=stream("people"), progress=progress)
    people = draw_alike(people, rates=errors.mishaps, rng=stream("alike"))
    lives = live(people, as_of=as_of, county=county, rng=stream("lives"))
    lives = bury(lives, share=errors.ghost_enrolment, rng=stream("ghosts"))
    registers = write_registers(
        lives, county=county, as_of=as_of, errors=errors, rng=stream("registers"), progress=progress
    )
    registers = befall(
        registers,
        lives=lives,
        rates=errors.mishaps,
        columns={form.register: form.columns for form in FORMS},
        seed=f"{seed}:mishaps",
    )
    lines = stream("lines")
    extra_lines = frozenset(form.register for form in FORMS if lines.random() < errors.extra_lines)
    if further:
        registers |= further_registers(
            lives, enrolment=registers["enrolment"], as_of=as_of, errors=errors, rng=stream("further")
        )
    return County(
        as_of=as_of,
        lives=lives,
        registers=registers,
        findings=list(find_truth(lives, registers)),
        extra_lines=extra_lines,
        villages=tuple(village for listed in county.villages.values() for village in listed),
    )


def _write_form(path: Path, form: Form, rows: list[Row], extra_lines: bool) -> None:
    """A register's file. `extra_lines` adds a note, a blank line and a total, which are no rows."""
    width = len(form.columns)
    numbered = form.columns[0] == "序号"

    def lines() -> Iterator[tuple[Cell, ...]]:
        if form.encoding is None:
            yield (form.title,)
            if extra_lines:
                yield ("填报单位：汝阳县（公章）",)
        yield form.columns
        for number, row in enumerate(rows, start=1):
            yield (number, *row.cells[1:]) if numbered else row.cells
            if extra_lines and number == len(rows) // 2:
                yield (None,) * width
        if extra_lines:
            yield (f"合计：{len(rows)}人", *(None,) * (width - 1))

    if form.encoding is None:
        write_workbook(path, title=form.title, rows=lines())
        return
    with path.open("w", encoding=form.encoding, newline="") as file:
        csv.writer(file).writerows(lines())


def _write_villages(path: Path, villages: tuple[Village, ...]) -> None:
    header = ("code", "name", "kind", "parent", "valid_from", "valid_to", "successors", "source")
    rows = ((v.code, v.name, "village", v.township.code, "", "", "", "invented: deploy.sample") for v in villages)
    _write_csv(path, header, rows)


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str | int, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
