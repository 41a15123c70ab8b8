"""Word templates of papers 文书模板: which form a kind of paper has, what may be placed in it, and whether a template fits.

An office replaces the form of a kind by putting `<kind>.docx` into the folder of `BAOXUE_PAPERS`. A template is filled in a
sandbox: it can place the fields given here and do nothing else. One that names an unknown field, or is broken, is refused in
words when the gateway starts, and by `baoxue papers`.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length
from docxtpl import DocxTemplate, InlineImage
from jinja2 import TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from services.chassis.errors import Refused

_HEAD: Final = {
    "title": "名称",
    "office": "发文机关",
    "number": "文号",
    "issued_on": "成文日期",
    "stamp": "编号、经办、用途、时间",
}
_TEXT: Final = {**_HEAD, "addressee": "主送", "paragraphs": "正文各段", "legal_basis": "法律依据"}
_CHILD: Final = {"child": "学生姓名", "guardian": "监护人", "school": "学校", "stage": "学段"}
_SERVED: Final = {**_TEXT, **_CHILD, "term": "期限", "ways_of_service": "送达方式", "served": "送达情况"}
_VISIT: Final = {
    "visited_on": "家访日期",
    "method": "方式",
    "visitor": "家访人",
    "attitude": "监护人态度",
    "promise": "承诺",
    "next_on": "下次家访",
    "attachments": "影像件数",
}
_COMMON: Final = ("title", "office", "stamp", "legal_basis", "school_year", "begins")
"""What stands in head and foot of letters to guardians: the same on all letters of a file."""
_TO_GUARDIAN: Final = {
    **_TEXT,
    **_CHILD,
    "number": "送达码",
    "school_year": "学年",
    "begins": "入学日期",
    "serve_by": "送达期限",
    "village": "村",
    "ways_of_service": "送达方式",
    "qr": "送达二维码",
}
_LIST: Final = {
    "rows": "名单各行: number village child school stage causes back",
    "summary": "人数",
    "signatures": "六人签字",
    "month": "月份",
}


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a kind of paper: the template that comes with this system, and the fields that may be placed."""

    shipped: str
    fields: Mapping[str, str]


FORMS: Final[Mapping[str, Form]] = {
    **{
        kind: Form("paper", _SERVED)
        for kind in (
            "criticism",
            "order_to_correct",
            "penalty_decision",
            "performance_notice",
            "judicial_document",
            "return_reminder",
        )
    },
    "enrolment_letter": Form("guardian_letter", _TO_GUARDIAN),
    "guardians_letter": Form("guardian_letter", _TO_GUARDIAN),
    "written_report": Form("letter", _SERVED),
    "referral_letter": Form("letter", _SERVED),
    "visit_record": Form("record", {**_HEAD, **_CHILD, **_VISIT}),
    "persuasion_record": Form("persuasion", {**_HEAD, **_CHILD, "said": "劝返情况", "note": "谈话内容"}),
    "assistance_letter": Form("letter", {**_TEXT, **_CHILD, "place": "受函地", "request": "请求", "reply_by": "期限"}),
    "interview_notice": Form("letter", {**_TEXT, "unit": "单位", "ground": "事由", "reply_by": "期限"}),
    "circular_notice": Form("letter", {**_TEXT, "unit": "单位", "ground": "事由", "reply_by": "期限"}),
    "zero_report": Form("letter", {**_TEXT, "unit": "单位", "month": "月份"}),
    "responsibility_statement": Form("letter", {**_TEXT, "party": "责任方", "superior": "上级", "year": "年度"}),
    "persuasion_list": Form("list", {**_HEAD, **_LIST}),
    "county_report": Form(
        "report",
        {
            **_TEXT,
            "rows": "名单各行: number township child stage state confirmed_on owed",
            "confirmed": "确认辍学人数",
            "unreachable": "失联人数",
            "month": "月份",
        },
    ),
}
"""By kind of paper. An office's own template of a kind is `<kind>.docx`."""


def fill(kind: str, facts: Mapping[str, Any], *, folder: Path | None) -> bytes:
    """The paper as a Word file; raises `Refused` where its template can't be filled."""
    name, template = _open(kind, folder=folder)
    try:
        template.render(dict(facts), jinja_env=SandboxedEnvironment(), autoescape=True)
    except (TemplateError, KeyError, ValueError, TypeError) as error:
        raise _unfit(name, f"{type(error).__name__}") from error
    written = io.BytesIO()
    template.save(written)
    return written.getvalue()


def fill_each(kind: str, letters: Iterable[Mapping[str, Any]], *, folder: Path | None, side: Length) -> bytes:
    """One Word file in which the body of the template stands once for each letter, on a page of its own.

    What `qr` holds is a picture, placed `side` wide. Raises `Refused` where the template can't be filled.
    """
    name, template = _open(kind, folder=folder)
    fields = sorted(FORMS[kind].fields)
    try:
        template.init_docx()
        _repeat(template.docx.element.body, f"{{%p for {', '.join(fields)} in letters %}}")
        told = [{**letter, "qr": InlineImage(template, io.BytesIO(letter["qr"]), width=side)} for letter in letters]
        common = {field: told[0][field] for field in _COMMON}
        rows = [tuple(letter[field] for field in fields) for letter in told]
        template.render({**common, "letters": rows}, jinja_env=SandboxedEnvironment(), autoescape=True)
    except (TemplateError, KeyError, ValueError, TypeError) as error:
        raise _unfit(name, f"{type(error).__name__}") from error
    written = io.BytesIO()
    template.save(written)
    return written.getvalue()


def _repeat(body: Any, loop: str) -> None:
    """Puts all of a body but the section it ends with into a loop, each round beginning a page."""
    [*content, _section] = list(body)
    first = content[0]
    if first.tag != qn("w:p"):
        first = _paragraph("")
        content[0].addprevious(first)
    first.get_or_add_pPr().get_or_add_pageBreakBefore()
    first.addprevious(_paragraph(loop))
    content[-1].addnext(_paragraph("{%p endfor %}"))


def _paragraph(text: str) -> Any:
    paragraph = OxmlElement("w:p")
    paragraph.add_r().text = text
    return paragraph


def check(kind: str, *, folder: Path | None) -> None:
    """Raises `Refused`, naming template and field, for a template that is broken or names a field its kind does not have."""
    name, template = _open(kind, folder=folder)
    try:
        named = template.get_undeclared_template_variables(jinja_env=SandboxedEnvironment())
        around = _named_around(template)
    except (TemplateError, ValueError, TypeError) as error:
        raise _unfit(name, f"{type(error).__name__}") from error
    if unknown := sorted(named - FORMS[kind].fields.keys()):
        known = "、".join(f"{field}（{meaning}）" for field, meaning in FORMS[kind].fields.items())
        raise _unfit(name, f"没有字段 {', '.join(unknown)}；可用字段 fields that can be placed: {known}")
    if FORMS[kind].fields is _TO_GUARDIAN and (own := sorted(around - {*_COMMON})):
        raise _unfit(
            name,
            f"页眉页脚不能有 {', '.join(own)}：各份相同的才可放 head and foot are the same on all letters: "
            f"only {', '.join(_COMMON)} can be placed there",
        )


def _named_around(template: DocxTemplate) -> set[str]:
    """The fields that stand in head and foot."""
    template.init_docx()
    parts = [
        part for uri in (template.HEADER_URI, template.FOOTER_URI) for _, part in template.get_headers_footers(uri)
    ]
    text = "".join(template.patch_xml(part.blob.decode()) for part in parts)
    return set(find_undeclared_variables(SandboxedEnvironment().parse(text)))


def check_folder(folder: Path) -> tuple[str, ...]:
    """The kinds for which the office has a template of its own; raises `Refused` for the first that does not fit."""
    own = sorted(path.stem for path in folder.glob("*.docx") if not path.name.startswith("~"))
    for kind in own:
        if kind not in FORMS:
            raise Refused(f"没有这种文书 {kind}.docx。No paper is of this kind; known are {', '.join(sorted(FORMS))}.")
        check(kind, folder=folder)
    return tuple(own)


def shipped(name: str) -> bytes:
    """A template that comes with this system."""
    return files("gateway.sheets").joinpath("templates", f"{name}.docx").read_bytes()


def put(kind: str, folder: Path) -> Path:
    """Puts the shipped template of a kind into a folder, to be edited; raises `Refused` where the office has one already."""
    if kind not in FORMS:
        raise Refused(f"没有这种文书。No paper is of this kind; known are {', '.join(sorted(FORMS))}.")
    own = folder / f"{kind}.docx"
    if own.exists():
        raise Refused(f"{own.name} 已在。It is there already; move it away first.")
    own.write_bytes(shipped(FORMS[kind].shipped))
    return own


def _open(kind: str, *, folder: Path | None) -> tuple[str, DocxTemplate]:
    if kind not in FORMS:
        raise Refused("这种文书没有模板。There is no template for papers of this kind.")
    own = None if folder is None else folder / f"{kind}.docx"
    if own is None or not own.is_file():
        name = FORMS[kind].shipped
        return f"{name}.docx", DocxTemplate(io.BytesIO(shipped(name)))
    try:
        template = DocxTemplate(io.BytesIO(own.read_bytes()))
        template.init_docx()
    except (BadZipFile, PackageNotFoundError, KeyError, ValueError, OSError) as error:
        raise _unfit(own.name, "不是 Word 文件 not a Word file") from error
    return own.name, template


def _unfit(name: str, why: str) -> Refused:
    return Refused(f"模板 {name} 无法使用。The template {name} can't be filled: {why}.")
