"""A case's paper as it is signed and served 文书: Word, from the office's own template or from the one that comes with this.

What a paper says of the child follows the policy like any other look: who may not see a guardian's name in full can't
print an order to it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from gateway.access.policy import Grants, Mode, forbidden
from gateway.schema.map import TABLES, column, identity_join, scope
from gateway.sheets.stamp import Stamp
from gateway.sheets.template import fill
from gateway.words import WORDS, day, office, word
from services.chassis.errors import Refused

TEXTS: Final[Mapping[str, Any]] = tomllib.loads(
    files("gateway.sheets").joinpath("papers.toml").read_text(encoding="utf-8")
)
"""Title, addressee and paragraphs of each kind of paper."""

IN_FULL: Final = ("name", "guardianName", "schoolName", "stage")
"""What of a child stands on papers about it."""
_OF_PAPER: Final = ("kind", "number", "issuer", "legalBasis", "termDays", "issuedOn", "servedOn", "method", "receipt")
UNKNOWN: Final = "　　　　"
"""Where nothing is known there is room to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What stands in the read model of a paper and the child it concerns."""

    kind: str
    number: str
    issuer: str
    legal_basis: str
    term_days: int
    issued_on: date | None
    served_on: date | None = None
    method: str = ""
    receipt: str = ""
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
    "served_on",
    "method",
    "receipt",
    "name",
    "guardian_name",
    "school_name",
    "stage",
)
"""What the statement brings after the child's id."""


def require_names(grants: Grants) -> None:
    """Raises `Forbidden` for who may not see in full whom a paper is about: a masked name can't be printed on one."""
    for field in IN_FULL:
        grant = grants.of("Child", field)
        if grant is None or grant.mode is not Mode.FULL:
            raise forbidden("Child", field, grants=grants)


def choose(grants: Grants) -> bytes:
    """The statement that brings one paper within the caller's reach; raises `Forbidden` where it may not see it in full."""
    require_names(grants)
    child = ", ".join(column(TABLES["Child"], field, alias="c", grants=grants) for field in IN_FULL)
    document = ", ".join(column(TABLES["Document"], field, alias="d", grants=grants) for field in _OF_PAPER)
    return (
        f"select d.child_id, {document}, {child}"  # noqa: S608  # our own words
        " from document d join child c on c.child_id = d.child_id"
        f" {identity_join(alias='c', grants=grants)}"
        f" where d.document_id = %(document_id)s and {scope(TABLES['Document'], alias='d', grants=grants)}"
        f" and {scope(TABLES['Child'], alias='c', grants=grants)}"
    ).encode()


def render(paper: Paper, *, stamp: Stamp, templates: Path | None) -> bytes:
    """The paper as a Word file; raises `Refused` for a kind without a text, and for a template that can't be filled."""
    if paper.kind not in TEXTS:
        raise Refused("这种文书没有模板。There is no template for papers of this kind.")
    return fill(paper.kind, written(paper.kind, _facts(paper, stamp=stamp)), folder=templates)


def called(paper: Paper) -> str:
    """The name of the file: what it is and its number, nobody's name."""
    return f"{TEXTS[paper.kind]['title']} {paper.number}.docx"


def written(kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with what the text of this kind makes of them: title, addressee, paragraphs."""
    text = TEXTS[kind]
    told = {"title": text["title"], **facts}
    told["addressee"] = text.get("addressee", "").format(**told)
    told["paragraphs"] = [paragraph.format(**told) for paragraph in text.get("paragraphs", ())]
    return told


def of_child(
    *, name: str | None, guardian_name: str | None, school_name: str | None, stage: str | None
) -> dict[str, str]:
    """What papers say of a child; room to write where it is not known."""
    return {
        "child": name or UNKNOWN,
        "guardian": guardian_name or UNKNOWN,
        "school": school_name or "学校",
        "stage": word("stages", stage or ""),
    }


def _facts(paper: Paper, *, stamp: Stamp) -> dict[str, Any]:
    by_school = paper.issuer.startswith("school:") and paper.school_name
    return {
        **of_child(
            name=paper.name, guardian_name=paper.guardian_name, school_name=paper.school_name, stage=paper.stage
        ),
        "legal_basis": paper.legal_basis.replace(";", "、"),
        "term": f"{paper.term_days}日" if paper.term_days else UNKNOWN,
        "office": paper.school_name if by_school else office(paper.issuer),
        "number": paper.number,
        "issued_on": day(paper.issued_on),
        "ways_of_service": "　".join(
            f"{'☑' if code == paper.method else '□'}{name}" for code, name in WORDS["services"].items()
        ),
        "served": "" if paper.served_on is None else f"已于{day(paper.served_on)}送达，送达回证：{paper.receipt}。",
        "stamp": stamp.words,
    }
