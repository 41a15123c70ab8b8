"""The peer: plain Splink on DuckDB, linking the same files, in a process and an environment of its own.

    python peer.py REGISTERS OUT

It is what a careful analyst would write in an afternoon by Splink's own tutorial: cells trimmed, numbers and dates brought to
one form, blocking on what identifies, levels of agreement for each field, the model trained on the data, clusters at the
threshold that did best on counties it was tried on. It imports nothing of this project, knows the columns of these files by
name, and makes links only: no findings, no explanations.
"""

import csv
import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import splink.comparison_library as cl
from python_calamine import CalamineWorkbook
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

ENCODINGS = {"hukou": "gb18030", "in_school": "utf-8-sig", "disability": "utf-8-sig"}
FIRST_COLUMNS = {"户号", "学籍号", "学校标识码", "户编号", "残疾人证号", "序号"}
NUMBER_COLUMNS = ("公民身份号码", "身份证件号", "证件号码", "残疾人证号")
THRESHOLD = 0.9
SEED = 1

Cells = dict[str, str]


def lines_of(path: Path) -> Iterator[list[str]]:
    """The lines of a file as text."""
    if path.suffix == ".xlsx":
        for line in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python():
            yield [str(int(v)) if isinstance(v, float) else str(v) for v in line]
    else:
        with path.open(encoding=ENCODINGS[path.stem], newline="") as file:
            yield from csv.reader(file)


def rows_of(path: Path) -> Iterator[Cells]:
    """The data rows under the header; blank lines and totals are none."""
    header: list[str] = []
    for line in lines_of(path):
        if not header:
            header = line if line and line[0] in FIRST_COLUMNS else []
        elif any(line) and not line[0].startswith("合计"):
            yield dict(zip(header, line, strict=False))


def bare(text: str) -> str:
    """Half-width, without spaces and dots, upper case."""
    return re.sub(r"[\s·•・.．]", "", unicodedata.normalize("NFKC", text)).upper()


def birth(text: str) -> str | None:
    """A date as year-month-day, or nothing."""
    found = re.findall(r"\d+", text)
    if len(found) == 1 and len(found[0]) == 8:
        found = [found[0][:4], found[0][4:6], found[0][6:]]
    return f"{int(found[0]):04d}-{int(found[1]):02d}-{int(found[2]):02d}" if len(found) >= 3 else None


def record(register: str, row: int, cells: Cells) -> dict[str, str | None]:
    """What is compared of a row."""
    number = next((bare(cells[c])[:18] for c in NUMBER_COLUMNS if cells.get(c)), "")
    school = cells.get("学籍号", "")
    if not number and school.startswith("G"):
        number = school[1:]
    home = cells.get("乡镇") or cells.get("现住址") or cells.get("户籍所在地") or ""
    whole = re.fullmatch(r"\d{17}[\dX]", number) is not None
    born = birth(cells.get("出生日期", "")) or (f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if whole else None)
    found = {
        "unique_id": f"{register}:{row}",
        "register": register,
        "name": bare(cells.get("姓名", "")),
        "sex": cells.get("性别", "").strip(),
        "number": number if whole else None,
        "birth": born,
        "guardian": bare(cells.get("监护人姓名") or cells.get("户主姓名") or ""),
        "phone": cells.get("联系电话") or cells.get("监护人电话"),
        "township": home.replace("汝阳县", "")[:2],
        "school": cells.get("学校标识码"),
        "seat": "".join(cells.get(c, "") for c in ("学校标识码", "年级", "班级")) or None,
        "student": school or None,
    }
    return {key: value or None for key, value in found.items()}


def link(records: list[dict[str, str | None]]) -> Iterator[tuple[str, str]]:
    """(row, cluster) by Splink."""
    api = DuckDBAPI()
    table = api.register(pa.Table.from_pylist(records), table_name="rows")
    blocks = (
        ("number",),
        ("student",),
        ("name", "birth"),
        ("name", "seat"),
        ("birth", "guardian"),
        ("name", "township"),
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.85]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("birth", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("number", [1, 2]),
            cl.ExactMatch("student"),
            cl.ExactMatch("sex"),
            cl.ExactMatch("guardian").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("phone", [1]),
            cl.ExactMatch("township"),
            cl.ExactMatch("seat"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*fields) for fields in blocks],
        retain_matching_columns=False,
    )
    linker = Linker(table, settings, log_level=None)
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("number"), block_on("name", "birth")], recall=0.8)
    training.estimate_u_using_random_sampling(max_pairs=2e6, seed=SEED)
    for fields in (("name", "birth"), ("number",), ("guardian", "birth")):
        training.estimate_parameters_using_expectation_maximisation(block_on(*fields), record_sample_proportion=1.0)
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
    for found in clusters.as_record_list():
        yield found["unique_id"], found["cluster_id"]


def main() -> None:
    """Links a folder, writes links.csv and prints the seconds of each step as JSON."""
    registers, out = map(Path, sys.argv[1:])
    begun = time.perf_counter()
    records = [
        record(path.stem, number, cells)
        for path in sorted(registers.iterdir())
        for number, cells in enumerate(rows_of(path), start=1)
    ]
    read = time.perf_counter()
    found = list(link(records))
    linked = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    with (out / "links.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("register", "row", "child"))
        writer.writerows((*row.split(":"), cluster) for row, cluster in found)
    sys.stdout.write(json.dumps({"read": read - begun, "link": linked - read}) + "\n")


if __name__ == "__main__":
    main()
