"""`baoxue` as it is typed: what it writes, what it says, and how it refuses."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import docx
import pytest

RUN_S = 120

NOBODY = "3e1f1a9e-8d57-4f0e-9a5b-0c1d2e3f4a5b"


def baoxue(*arguments: str, data: Path | None = None, typed: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200"} | ({} if data is None else {"BAOXUE_DATA": str(data)})
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    made = baoxue("sample", "--children", "200", "--seed", "3", "--as-of", "2026-09-14", "--out", str(folder))
    assert made.returncode == 0, made.stderr
    return folder


def test_a_sample_is_register_files_with_their_truth(county: Path) -> None:
    assert len(list((county / "registers").iterdir())) == 6
    assert {path.name for path in (county / "truth").iterdir()} == {"links.csv", "findings.csv"}


def test_reconcile_writes_links_findings_and_rejects(county: Path, tmp_path: Path) -> None:
    done = baoxue("reconcile", str(county / "registers"), "--as-of", "2026-09-14", "--out", str(tmp_path / "out"))

    assert done.returncode == 0, done.stderr
    links = lines(tmp_path / "out" / "links.csv")
    truth = lines(county / "truth" / "links.csv")
    assert {(line["register"], line["row"]) for line in links} == {(line["register"], line["row"]) for line in truth}
    found = lines(tmp_path / "out" / "findings.csv")
    assert {line["child"] for line in found} <= {line["child"] for line in links}
    assert "kind" in found[0]
    header = (tmp_path / "out" / "rejects.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("register,row,column,reason")


def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "hukou.xlsx").write_bytes(b"PK\x03\x04 not a workbook")

    done = baoxue("reconcile", str(tmp_path), "--as-of", "2026-09-14", "--out", str(tmp_path / "out"))

    assert done.returncode == 2
    assert "hukou.xlsx" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_erasure_asks_first() -> None:
    asked = baoxue("erase", NOBODY, "--reason", "guardian's request", typed="n\n")

    assert asked.returncode == 1
    assert "can't be taken back" in asked.stdout


@pytest.mark.parametrize(
    "act",
    [
        ("erase", NOBODY, "--reason", "guardian's request", "--yes"),
        ("vault", "restrict", NOBODY, "--basis", "档案法", "--until", "2040-08-31", "--to", "holder.pub"),
    ],
    ids=["erase", "restrict"],
)
def test_an_act_about_nobody_is_refused_and_leaves_no_trace(
    act: tuple[str, ...], data_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "holder.pub").write_text(baoxue("vault", "holder", str(tmp_path / "holder.key")).stdout)

    done = baoxue(*act[:-1], act[-1].replace("holder.pub", str(tmp_path / "holder.pub")), data=data_folder)

    assert done.returncode == 2
    assert "There is no child of this id." in done.stderr


def test_a_rebuild_says_what_it_did(data_folder: Path) -> None:
    done = baoxue("rebuild", data=data_folder)

    assert done.returncode == 0, done.stderr
    assert "made anew from 0 events" in done.stdout


def test_a_load_shows_what_would_change_and_does_it_only_where_somebody_agrees(
    county: Path, data_folder: Path, tmp_path: Path
) -> None:
    def load(*more: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        folder = str(county / "registers")
        return baoxue("load", folder, "--as-of", "2026-09-14", "--preview", *more, data=data_folder, typed=typed)

    declined = load(typed="n\n")
    assert declined.returncode == 0, declined.stderr
    assert "children new" in declined.stdout
    assert "Nothing was changed." in declined.stdout

    agreed = load("--yes", "--rejects", str(tmp_path / "rejects.xlsx"))
    assert agreed.returncode == 0, agreed.stderr
    assert "children are in the roster" in agreed.stdout
    assert (tmp_path / "rejects.xlsx").exists() == ("are marked in" in agreed.stdout)


def test_an_office_makes_its_own_template_from_the_shipped_one_and_has_it_checked(tmp_path: Path) -> None:
    made = baoxue("papers", str(tmp_path), "--make", "order_to_correct")
    checked = baoxue("papers", str(tmp_path))

    assert (made.returncode, checked.returncode) == (0, 0), made.stderr + checked.stderr
    assert "order_to_correct.docx fits" in checked.stdout
    again = baoxue("papers", str(tmp_path), "--make", "order_to_correct")
    assert again.returncode == 2
    assert "there already" in again.stdout + again.stderr


def test_a_template_that_does_not_fit_is_refused_by_its_field(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("{{ idNumber }}")
    document.save(str(tmp_path / "order_to_correct.docx"))

    refused = baoxue("papers", str(tmp_path))

    assert refused.returncode == 2
    assert "idNumber" in refused.stdout + refused.stderr


def test_without_a_template_of_its_own_an_office_is_told_what_it_can_place(tmp_path: Path) -> None:
    told = baoxue("papers", str(tmp_path)).stdout

    assert "zero_report.docx" in told
    assert "guardian" in told
