"""Templates an office may replace: what fits, and what is refused in words before anybody prints with it."""

import io
from pathlib import Path

import docx
import pytest

from gateway.app import build_gateway
from gateway.sheets import forms
from gateway.sheets.paper import TEXTS
from gateway.sheets.template import FORMS, check, check_folder, shipped
from gateway.sheets.unit_paper import KINDS
from gateway.words import WORDS
from services.cases.domain.catalogue import PAPERS, SIGNATURES
from services.chassis.errors import Refused


def own(folder: Path, kind: str, *paragraphs: str) -> Path:
    """A template of the office's own."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(folder / f"{kind}.docx"))
    return folder


def test_every_paper_has_a_text_and_a_form_that_fits() -> None:
    assert set(FORMS) == set(TEXTS) == set(PAPERS) | set(KINDS) | {f"{kind}_letter" for kind in WORDS["letters"]}
    for kind in FORMS:
        check(kind, folder=None)


@pytest.mark.parametrize("name", forms.FORMS)
def test_the_shipped_templates_are_those_that_are_made(name: str) -> None:
    """After a change that is meant: `python -m gateway.sheets.forms`."""
    made = forms.FORMS[name]().element.body.xml

    assert docx.Document(io.BytesIO(shipped(name))).element.body.xml == made


def test_those_who_sign_a_list_stand_on_it_in_their_order() -> None:
    assert tuple(signature.name for signature in SIGNATURES.values()) == forms.SIGNATURES


def test_what_differs_from_letter_to_letter_is_refused_in_the_head_of_their_template(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("{{ child }}")
    document.sections[0].header.paragraphs[0].text = "{{ office }} {{ guardian }}"
    document.save(str(tmp_path / "enrolment_letter.docx"))

    with pytest.raises(Refused, match=r"页眉页脚不能有 guardian"):
        check_folder(tmp_path)


def test_a_template_that_fits_is_taken(tmp_path: Path) -> None:
    own(
        tmp_path,
        "order_to_correct",
        "{{ office }}",
        "{%p for paragraph in paragraphs %}",
        "{{ paragraph }}",
        "{%p endfor %}",
    )
    (tmp_path / "~$order_to_correct.docx").write_bytes(b"Word has it open")

    assert check_folder(tmp_path) == ("order_to_correct",)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("order_to_correct", "{{ idNumber }}", "没有字段 idNumber"),
        ("zero_report", "{{ child }}", "没有字段 child"),
        ("order_to_correct", "{% for %}", "TemplateSyntaxError"),
        ("weather", "{{ child }}", "No paper is of this kind"),
    ],
)
def test_a_template_that_does_not_fit_is_refused_in_words(tmp_path: Path, kind: str, text: str, why: str) -> None:
    own(tmp_path, kind, text)

    with pytest.raises(Refused, match=why) as refused:
        check_folder(tmp_path)
    assert f"{kind}.docx" in str(refused.value)


def test_what_is_no_word_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "order_to_correct.docx").write_bytes(b"PK.. not at all")

    with pytest.raises(Refused, match=r"order_to_correct\.docx .*not a Word file"):
        check_folder(tmp_path)


def test_a_gateway_does_not_start_with_a_template_that_does_not_fit(tmp_path: Path) -> None:
    own(tmp_path, "order_to_correct", "{{ idNumber }}")

    with pytest.raises(Refused, match="idNumber"):
        build_gateway(policy=None, tokens=None, reader=None, receipts=None, clock=None, papers=tmp_path)  # type: ignore[arg-type]
