"""A case's paper as it is signed and served 文书: Word, from the office's own template or from the one that comes with this.

What a paper says of the child follows the policy like any other look: who may not see a guardian's name in full can't
print an order to it. A template is an office's own file; it can place what is given here and do nothing else.
"""

import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from docxtpl import DocxTemplate
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from gateway.access.policy import Grants, Mode, forbidden
from gateway.schema.map import TABLES, column, identity_join, scope
from gateway.sheets.stamp import Stamp
from gateway.sheets.words import unit, word
from services.chassis.errors import Refused

TEXTS: Final[Mapping[str, Any]] = tomllib.loads(
    files("gateway.sheets").joinpath("papers.toml").read_text(encoding="utf-8")
)
"""Title, addressee and paragraphs of each kind of paper."""

_NEEDED: Final = ("name", "guardianName", "schoolName", "stage")
_UNKNOWN: Final = "　　　　"
"""Where nothing is known there is room to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What stands in the read model of a paper and the child it concerns."""

    kind: str
    number: str
    issuer: str
    issuer_place: str | None
    legal_basis: str
    term_days: int
    issued_on: date | None
    name: str | None
    guardian_name: str | None
    school_name: str | None
    stage: str | None


COLUMNS: Final = (
    "kind",
    "number",
    "issuer",
    "legal_basis",
    "term_days",
    "issued_on",
    "name",
    "guardian_name",
    "school_name",
    "stage",
    "issuer_place",
)
"""What the statement brings after the child's id."""


def choose(grants: Grants) -> bytes:
    """The statement that brings one paper within the caller's reach; raises `Forbidden` where it may not see it in full."""
    for field in _NEEDED:
        grant = grants.of("Child", field)
        if grant is None or grant.mode is not Mode.FULL:
            raise forbidden("Child", field, grants=grants)
    child = ", ".join(column(TABLES["Child"], field, alias="c", grants=grants) for field in _NEEDED)
    document = ", ".join(
        column(TABLES["Document"], field, alias="d", grants=grants)
        for field in ("kind", "number", "issuer", "legalBasis", "termDays", "issuedOn")
    )
    return (
        f"select d.child_id, {document}, {child},"  # noqa: S608  # our own words
        " (select t.name from township t where t.code = split_part(d.issuer, ':', 2)) as issuer_place"
        " from document d join child c on c.child_id = d.child_id"
        f" {identity_join(alias='c', grants=grants)}"
        f" where d.document_id = %(document_id)s and {scope(TABLES['Document'], alias='d', grants=grants)}"
        f" and {scope(TABLES['Child'], alias='c', grants=grants)}"
    ).encode()


def render(paper: Paper, *, stamp: Stamp, templates: Path | None) -> bytes:
    """The paper as a Word file; raises `Refused` for a kind without a text, and for a template that can't be filled."""
    if paper.kind not in TEXTS:
        raise Refused("这种文书没有模板。There is no template for papers of this kind.")
    own = None if templates is None else templates / f"{paper.kind}.docx"
    source = own if own is not None and own.is_file() else None
    facts = _facts(paper, stamp=stamp)
    try:
        if source is None:
            with files("gateway.sheets").joinpath("templates", "paper.docx").open("rb") as shipped:
                template = DocxTemplate(io.BytesIO(shipped.read()))
        else:
            template = DocxTemplate(io.BytesIO(source.read_bytes()))
        template.render(facts, jinja_env=SandboxedEnvironment(), autoescape=True)
    except (TemplateError, KeyError, ValueError, OSError) as error:
        name = "paper.docx" if source is None else source.name
        raise Refused(f"模板 {name} 无法填写。The template {name} can't be filled: {type(error).__name__}.") from error
    written = io.BytesIO()
    template.save(written)
    return written.getvalue()


def called(paper: Paper) -> str:
    """The name of the file: what it is and its number, nobody's name."""
    return f"{TEXTS[paper.kind]['title']} {paper.number}.docx"


def _facts(paper: Paper, *, stamp: Stamp) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "child": paper.name or _UNKNOWN,
        "guardian": paper.guardian_name or _UNKNOWN,
        "school": paper.school_name or "学校",
        "stage": word("stages", paper.stage or ""),
        "legal_basis": paper.legal_basis,
        "term": f"{paper.term_days}日" if paper.term_days else _UNKNOWN,
        "office": f"{paper.issuer_place}人民政府" if paper.issuer_place else unit(paper.issuer),
        "number": paper.number,
        "issued_on": f"{paper.issued_on:%Y年%m月%d日}" if paper.issued_on else _UNKNOWN,
        "stamp": stamp.words,
    }
    text = TEXTS[paper.kind]
    facts["title"] = text["title"]
    facts["addressee"] = text["addressee"].format(**facts)
    facts["paragraphs"] = [paragraph.format(**facts) for paragraph in text["paragraphs"]]
    return facts
