"""Papers as Word files: filled from what is known, from the office's own template where there is one, and nothing else."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import docx
import pytest

from gateway.access.policy import load_policy
from gateway.sheets.paper import TEXTS, Paper, called, choose, render
from gateway.sheets.stamp import Stamp
from services.cases.domain.catalogue import PAPERS
from services.chassis.errors import Forbidden, Refused

STAMP = Stamp(
    receipt_id=UUID("0d1e2f3a-4b5c-4d6e-8f70-8192a3b4c5d6"),
    actor="officer-1",
    unit="township:410326103",
    purpose="dropout_control",
    at=datetime(2026, 9, 14, 4, tzinfo=UTC),
)


def a_paper(**otherwise: Any) -> Paper:
    """An order of a township."""
    facts: dict[str, Any] = {
        "kind": "order_to_correct",
        "number": "〔2026〕12号",
        "issuer": "township:410326103",
        "legal_basis": "义务教育法第五十八条",
        "term_days": 10,
        "issued_on": date(2026, 9, 14),
        "name": "燕归来",
        "guardian_name": "燕大山",
        "school_name": "小店镇中心小学",
        "stage": "primary",
    }
    return Paper(**facts | otherwise)


def text_of(content: bytes) -> str:
    """Everything a reader sees in a Word file."""
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    footers = [paragraph.text for section in document.sections for paragraph in section.footer.paragraphs]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells, *footers])


def test_an_order_says_who_must_do_what_by_when_and_on_what_ground() -> None:
    told = text_of(render(a_paper(), stamp=STAMP, templates=None))

    for said in (
        "小店镇人民政府",
        "责令限期改正通知书",
        "〔2026〕12号",
        "燕大山",
        "10日",
        "义务教育法第五十八条",
        "送　达　回　证",
    ):
        assert said in told
    assert STAMP.number in told
    assert "{" not in told


def test_every_paper_of_the_catalogue_has_its_text() -> None:
    assert set(PAPERS) <= set(TEXTS)
    for kind in PAPERS:
        assert "燕归来" in text_of(render(a_paper(kind=kind), stamp=STAMP, templates=None))


def test_what_is_not_known_leaves_room_to_write() -> None:
    told = text_of(render(a_paper(guardian_name=None, term_days=0), stamp=STAMP, templates=None))

    assert "None" not in told
    assert "　　　　：" in told


def office_template(folder: Path, text: str) -> Path:
    """A template of the office's own."""
    document = docx.Document()
    document.add_paragraph(text)
    document.save(str(folder / "order_to_correct.docx"))
    return folder


def test_an_office_s_own_template_goes_first(tmp_path: Path) -> None:
    templates = office_template(tmp_path, "本镇专用：{{ child }}，{{ number }}")

    assert text_of(render(a_paper(), stamp=STAMP, templates=templates)).startswith("本镇专用：燕归来，〔2026〕12号")


@pytest.mark.parametrize("text", ["{{ child.__class__.__mro__ }}", "{% for %}", "{{ open('/etc/hostname').read() }}"])
def test_a_template_that_reaches_beyond_what_it_is_given_or_is_broken_is_refused(tmp_path: Path, text: str) -> None:
    templates = office_template(tmp_path, text)

    with pytest.raises(Refused, match=r"order_to_correct\.docx can't be filled"):
        render(a_paper(), stamp=STAMP, templates=templates)


def test_a_name_with_signs_of_markup_stays_a_name() -> None:
    assert "<w:p>燕&" in text_of(render(a_paper(name="<w:p>燕&"), stamp=STAMP, templates=None))


def test_a_file_s_name_is_nobody_s() -> None:
    assert called(a_paper()) == "责令限期改正通知书 〔2026〕12号.docx"


def test_who_may_not_see_names_in_full_prints_no_paper() -> None:
    grants = load_policy().grants_of(kind="supervision", purpose="supervision")

    with pytest.raises(Forbidden):
        choose(grants)
