"""Word files as PDF by a program of its own: what it is given, that it ends, and that nothing of it is left."""

import io
import os
import subprocess
from pathlib import Path

import docx
import pytest

from gateway.sheets import pdf
from services.chassis.errors import Refused
from tests.deploy.containers.reading import do_without

NAME = "欧阳金丝雀"


def word_file(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def words_of(content: bytes) -> str:
    """The text of a PDF, as another program reads it."""
    read = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, timeout=60, check=True)
    return read.stdout.decode()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where another program stands in for the one that makes PDF; it says what it was given in a file beside it."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    program = tmp_path / pdf.PROGRAM
    program.touch(mode=0o755)
    return program


def write(program: Path, script: str) -> None:
    program.write_text(f'#!/bin/sh\necho "$@" > {program.parent}/given\npwd > {program.parent}/folder\n{script}\n')


def test_many_files_are_made_into_pdf_in_one_run_in_their_order() -> None:
    if not pdf.is_there():
        do_without("LibreOffice is not there to make PDF (apt-get install libreoffice-writer-nogui fonts-noto-cjk)")

    made = pdf.converted([word_file(f"{NAME}第{number}份") for number in range(3)])

    assert ["".join(words_of(content).split()) for content in made] == [f"{NAME}第{number}份" for number in range(3)]


def test_where_the_program_is_not_installed_word_is_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not pdf.is_there()
    with pytest.raises(Refused, match="take the Word file"):
        pdf.converted([word_file(NAME)])


def test_its_files_are_numbered_in_a_folder_for_this_account_alone_that_is_gone_afterwards(program: Path) -> None:
    write(program, f"stat -c %a . > {program.parent}/mode; mkdir made; cp 0.docx made/0.pdf; cp 1.docx made/1.pdf")

    files = [word_file(NAME), word_file("2")]
    made = pdf.converted(files)

    given, folder = (program.parent.joinpath(name).read_text().strip() for name in ("given", "folder"))
    assert made == files
    assert program.parent.joinpath("mode").read_text().strip() == "700"
    assert given.endswith(f"--outdir {folder}/made {folder}/0.docx {folder}/1.docx")
    assert NAME not in given
    assert not Path(folder).exists()


def test_one_that_does_not_end_is_ended_with_all_that_it_started(program: Path) -> None:
    write(program, f"sleep 300 & echo $! > {program.parent}/child; wait")

    with pytest.raises(Refused, match="takes too long"):
        pdf.converted([word_file(NAME)], within_s=1.0)

    child = int(program.parent.joinpath("child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    assert not Path(program.parent.joinpath("folder").read_text().strip()).exists()


def test_a_file_that_can_not_be_made_is_refused_in_words(program: Path) -> None:
    write(program, "exit 77")

    with pytest.raises(Refused, match="can't be made into PDF"):
        pdf.converted([word_file(NAME)])
