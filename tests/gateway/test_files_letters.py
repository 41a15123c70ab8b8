"""Letters to guardians at the counter: a village's in one file, each with its own code, recorded with whom they name."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import docx
import pytest
from starlette.requests import Request

from gateway.files.desk import Desk
from gateway.sheets import pdf
from gateway.sheets.letters import qr
from services.chassis.errors import Refused
from tests.deploy.containers.reading import do_without
from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.sheets.test_pdf import words_of as pdf_words_of
from tests.gateway.test_files_deliveries import Roster, ask

RUN = county.made("letterRun", 0)


@pytest.fixture(scope="module")
def gateway(read_model: Any) -> Iterator[Asking]:
    with asking_over(read_model, Roster()) as asking:
        yield asking


def letters_of(run: UUID, *, township: str) -> dict[str, dict[str, Any]]:
    """The letters of a run that go to a township, by their code."""
    return {
        str(row["code"]): row
        for table, row in county.county_rows()
        if table == "guardian_letter" and row["run_id"] == run and row["township"] == township
    }


def words_of(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_a_townships_letters_come_village_by_village_each_with_the_code_that_finds_it_again(gateway: Asking) -> None:
    response = ask(gateway, "GET", f"/files/letters/{RUN}?township={county.XIAODIAN}")
    wanted = letters_of(RUN, township=county.XIAODIAN)

    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        told = [words_of(archive.read(name)) for name in archive.namelist()]
        assert archive.namelist() == sorted(archive.namelist())
    found = re.findall(r"CODE\d+", "".join(text.replace("-", "") for text in told))
    assert set(found) == wanted.keys()
    assert not [text for text in told if "{" in text or "None" in text]
    assert "法律责任" in told[0]


def test_the_letters_of_a_village_are_one_file_and_a_receipt_names_their_children(gateway: Asking) -> None:
    response = ask(gateway, "GET", f"/files/letters/{RUN}?village={county.VILLAGE}", by="village-cadre")

    assert response.status_code == 200, response.text
    pictures = [
        part
        for part in docx.Document(io.BytesIO(response.content)).part.package.iter_parts()
        if "/word/media/" in part.partname
    ]
    receipt = gateway.receipts_of()[-1]
    assert (receipt["operation"], receipt["decision"]) == ("print_letters", "answered")
    assert len(pictures) == len(receipt["child_ids"]) > 0


def test_those_that_are_out_can_be_printed_by_themselves(gateway: Asking) -> None:
    run = county.made("letterRun", 1)
    every = letters_of(run, township=county.XIAODIAN)
    out = {code for code, row in every.items() if row["state"] == "out"}
    response = ask(gateway, "GET", f"/files/letters/{run}?township={county.XIAODIAN}&outstanding=yes")

    assert out < every.keys()
    assert len(gateway.receipts_of()[-1]["child_ids"]) == len(out)
    assert response.status_code == 200


def test_the_letters_of_a_township_as_pdf_have_their_codes_and_the_law_and_names_stand_nowhere_outside(
    gateway: Asking,
) -> None:
    if not pdf.is_there():
        do_without("LibreOffice is not there to make PDF (apt-get install libreoffice-writer-nogui fonts-noto-cjk)")
    response = ask(gateway, "GET", f"/files/letters/{RUN}?township={county.XIAODIAN}&as=pdf")
    wanted = letters_of(RUN, township=county.XIAODIAN)

    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        names = archive.namelist()
        told = [pdf_words_of(archive.read(name)) for name in names]
    assert set(re.findall(r"CODE\d+", "".join(text.replace("-", "") for text in told))) == wanted.keys()
    assert all("法律责任" in text and "义务教育法" in text for text in told)
    assert all(re.fullmatch(r"\d{9,12} [^ ]+ \d{4}-\d{4} [^ ]+\.pdf", name) for name in names)


def test_without_the_program_pdf_is_refused_and_word_is_as_ever(
    gateway: Asking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    refused = ask(gateway, "GET", f"/files/letters/{RUN}?village={county.VILLAGE}&as=pdf")

    assert (refused.status_code, refused.json()["code"]) == (422, "REFUSED")
    assert ask(gateway, "GET", f"/files/letters/{RUN}?village={county.VILLAGE}").status_code == 200


def desk(*, console: str, development: bool) -> Desk:
    nobody: Any = None
    return Desk(
        policy=nobody,
        tokens=nobody,
        reader=nobody,
        receipts=nobody,
        clock=nobody,
        freshness=nobody,
        commands=nobody,
        supervision=nobody,
        console=console,
        development=development,
    )


def test_codes_lead_to_where_offices_reach_the_console_whatever_address_the_file_was_asked_by() -> None:
    behind_a_proxy = Request(
        {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "headers": [(b"host", b"10.3.0.7:8760")]}
    )
    is_set = "https://baoxue.county.example"

    assert desk(console=f"{is_set}/", development=False).console_for(behind_a_proxy) == is_set
    assert desk(console=is_set, development=True).console_for(behind_a_proxy) == is_set
    assert desk(console="", development=True).console_for(behind_a_proxy) == "http://10.3.0.7:8760"
    with pytest.raises(Refused, match="BAOXUE_SIGN_IN"):
        desk(console="", development=False).console_for(behind_a_proxy)


@pytest.mark.parametrize(
    ("path", "by", "status"),
    [
        (f"/files/letters/{RUN}?as=odt", "bureau-office", 400),
        (f"/files/letters/{RUN}?township={county.SANTUN}", "xiaodian-officer", 404),
        (f"/files/letters/{RUN}", "inspector", 403),
        (f"/files/letters/{RUN}", "civil-affairs-officer", 403),
        (f"/files/letters/{RUN}?outstanding=no", "bureau-office", 400),
        ("/files/letters/00000000-0000-4000-8000-000000000000", "bureau-office", 404),
    ],
)
def test_what_is_not_yours_is_not_printed(gateway: Asking, path: str, by: str, status: int) -> None:
    assert ask(gateway, "GET", path, by=by).status_code == status


def test_a_qr_code_is_a_picture_of_an_address_and_the_letters_code() -> None:
    assert qr("https://baoxue.example", "ABCDE23456FGHJK").startswith(b"\x89PNG")
    assert qr("https://baoxue.example", "ABCDE23456FGHJK") != qr("https://baoxue.example", "ABCDE23456FGHJM")
