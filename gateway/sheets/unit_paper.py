"""Papers that belong to no step of a case 其他文书: records of visits and of persuasion, letters, calls to order, what units sign, the report to the county.

Each kind is read from one type of the schema, within the caller's reach of that type and of the children it names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from gateway.access.policy import Grants, forbidden
from gateway.schema.map import TABLES, column, identity_join, scope
from gateway.sheets.forms import SIGNATURES
from gateway.sheets.paper import IN_FULL, TEXTS, of_child, require_names, written
from gateway.sheets.stamp import Stamp
from gateway.sheets.template import fill
from gateway.words import day, office, word
from services.chassis.clock import china_date
from services.contracts.divisions import DIVISIONS

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of paper: the type it is read from with its fields, whom it names, and what it says of that."""

    type: str
    key: str
    fields: tuple[str, ...]
    facts: Callable[[Row], dict[str, Any]]
    of_child: bool = False
    cases: tuple[str, ...] = ()
    """The columns that hold the cases a list names."""
    only: str = "true"
    plain: tuple[str, ...] = ()
    """Columns that are no fields of the type, read with it."""


def _visit(row: Row) -> dict[str, Any]:
    return {
        "visited_on": day(row["visitedOn"]),
        "method": word("methods", row["method"]),
        "visitor": row["visitor"],
        "attitude": word("attitudes", row["attitude"]),
        "promise": row["promise"],
        "next_on": day(row["nextOn"]),
        "attachments": len(row["attachments"]),
        "number": "",
        "issued_on": day(row["visitedOn"]),
        "office": "",
    }


def _persuasion(row: Row) -> dict[str, Any]:
    return {
        "said": row["detail"],
        "note": row["note"],
        "number": "",
        "issued_on": day(china_date(row["at"])),
        "office": office(row["department"]),
    }


def _letter(row: Row) -> dict[str, Any]:
    return {
        "office": office("education_bureau:" + row["township"][:6]),
        "number": row["number"],
        "place": row["place"],
        "request": row["request"],
        "reply_by": day(row["replyBy"]),
        "issued_on": day(row["sentOn"]),
    }


def _admonition(row: Row) -> dict[str, Any]:
    return {
        "office": office("education_bureau:" + row["township"][:6]),
        "number": row["number"],
        "unit": office(row["unit"]),
        "ground": row["ground"],
        "reply_by": day(row["replyBy"]),
        "issued_on": day(row["issuedOn"]),
    }


def _zero(row: Row) -> dict[str, Any]:
    year, _, month = row["month"].partition("-")
    return {
        "office": office(row["unit"]),
        "unit": office(row["unit"]),
        "number": "",
        "month": f"{year}年{int(month)}月",
        "issued_on": day(row["signedOn"]),
    }


def _statement(row: Row) -> dict[str, Any]:
    return {
        "office": office(row["superior"]),
        "number": "",
        "party": office(row["party"]),
        "superior": office(row["superior"]),
        "year": row["year"],
        "issued_on": day(row["signedOn"]),
    }


def _list(row: Row) -> dict[str, Any]:
    year, _, month = row["month"].partition("-")
    signed = [f"{who}\n{day(on)}" for who, on in zip(row["signers"], row["signed_days"], strict=True)]
    returned, away = set(row["returned_cases"]), row["not_returned_cases"]
    return {
        "office": office("township:" + row["township"]),
        "number": "",
        "month": f"{year}年{int(month)}月",
        "summary": f"本月辍学{len(returned) + len(away)}人，已劝返{len(returned)}人，未返校{len(away)}人。",
        "signatures": [*signed, *[""] * (len(SIGNATURES) - len(signed))],
        "issued_on": day(row["openedOn"]),
        "back": returned,
    }


def _report(row: Row) -> dict[str, Any]:
    return {
        "office": office(row["unit"]),
        "number": row["number"],
        "confirmed": row["confirmed"],
        "unreachable": row["unreachable"],
        "month": f"{row['madeOn'].year}年{row['madeOn'].month}月",
        "issued_on": day(row["madeOn"]),
    }


KINDS: Final[Mapping[str, Kind]] = {
    "visit_record": Kind(
        "Visit",
        "visit_id",
        ("visitedOn", "method", "visitor", "attitude", "promise", "nextOn"),
        _visit,
        of_child=True,
        plain=("attachments",),
    ),
    "persuasion_record": Kind(
        "CaseStep",
        "event_id",
        ("detail", "note", "department"),
        _persuasion,
        of_child=True,
        only="t.type = 'cases.persuasion-recorded.v1'",
        plain=("at",),
    ),
    "assistance_letter": Kind(
        "AssistanceLetter",
        "letter_id",
        ("township", "number", "place", "request", "replyBy", "sentOn"),
        _letter,
        of_child=True,
    ),
    "interview_notice": Kind(
        "Admonition",
        "admonition_id",
        ("township", "number", "unit", "ground", "replyBy", "issuedOn"),
        _admonition,
        only="t.kind = 'interview'",
    ),
    "circular_notice": Kind(
        "Admonition",
        "admonition_id",
        ("township", "number", "unit", "ground", "replyBy", "issuedOn"),
        _admonition,
        only="t.kind = 'circular'",
    ),
    "zero_report": Kind("ZeroReport", "report_id", ("unit", "month", "signedOn"), _zero),
    "responsibility_statement": Kind(
        "Statement", "statement_id", ("superior", "party", "year", "signedOn"), _statement
    ),
    "persuasion_list": Kind(
        "PersuasionList",
        "list_id",
        ("township", "month", "openedOn"),
        _list,
        cases=("returned_cases", "not_returned_cases"),
        plain=("signers", "signed_days", "returned_cases", "not_returned_cases"),
    ),
    "county_report": Kind(
        "CountyReport",
        "report_id",
        ("unit", "number", "confirmed", "unreachable", "madeOn"),
        _report,
        cases=("confirmed", "unreachable"),
    ),
}
_OF_CASE: Final = ("village", "township", "state", "causes", "confirmedOn", "owedStep", "owedBy", "owedDueOn")


def choose(kind: str, grants: Grants) -> tuple[bytes, tuple[str, ...]]:
    """The statement that brings one paper within the caller's reach, and the names of its columns after the child's id."""
    form = KINDS[kind]
    table = TABLES[form.type]
    if grants.of(form.type, "id") is None:
        raise forbidden(form.type, None, grants=grants)
    told = [column(table, field, alias="t", grants=grants) for field in form.fields] + [
        f"t.{name}" for name in form.plain
    ]
    names, joined = [*form.fields, *form.plain], ""
    child = "null::uuid"
    if form.of_child:
        require_names(grants)
        child = "t.child_id"
        joined = f" join child c on c.child_id = t.child_id {identity_join(alias='c', grants=grants)}"
        told += [column(TABLES["Child"], field, alias="c", grants=grants) for field in IN_FULL]
        names += IN_FULL
        joined += f" and {scope(TABLES['Child'], alias='c', grants=grants)}"
    statement = (
        f"select {child}, {', '.join(told)} from {table.source} t{joined}"  # noqa: S608  # our own words
        f" where t.{form.key} = %(paper_id)s and {form.only} and {scope(table, alias='t', grants=grants)}"
    )
    return statement.encode(), tuple(names)


def shown(kind: str) -> tuple[str, ...]:
    """What a paper of this kind shows of the type it is read from, as `Type.field`."""
    form = KINDS[kind]
    return tuple(f"{form.type}.{field}" for field in form.fields)


def choose_children(kind: str, grants: Grants) -> tuple[bytes, tuple[str, ...]] | None:
    """The statement that brings the children a list names, as far as the caller reaches them; None for a paper without a list."""
    form = KINDS[kind]
    if not form.cases:
        return None
    require_names(grants)
    table = TABLES[form.type]
    named = " || ".join(f"t.{name}" for name in form.cases)
    told = [column(TABLES["Case"], field, alias="k", grants=grants) for field in _OF_CASE]
    told += [column(TABLES["Child"], field, alias="c", grants=grants) for field in ("name", "schoolName", "stage")]
    statement = (
        f"select c.child_id, k.case_id, {', '.join(told)} from {table.source} t"  # noqa: S608  # our own words
        f" join case_file k on k.case_id = any({named}) join child c on c.child_id = k.child_id"
        f" {identity_join(alias='c', grants=grants)}"
        f" where t.{form.key} = %(paper_id)s and {scope(table, alias='t', grants=grants)}"
        f" and {scope(TABLES['Case'], alias='k', grants=grants)} and {scope(TABLES['Child'], alias='c', grants=grants)}"
        " order by k.township, k.village, k.case_id"
    )
    return statement.encode(), ("case_id", *_OF_CASE, "name", "schoolName", "stage")


def render(kind: str, row: Row, children: Sequence[Row], *, stamp: Stamp, templates: Path | None) -> bytes:
    """The paper as a Word file; raises `Refused` for a template that can't be filled."""
    form = KINDS[kind]
    facts = {**form.facts(row), "stamp": stamp.words, "legal_basis": TEXTS[kind].get("legal_basis", "")}
    if form.of_child:
        facts |= of_child(
            name=row["name"],
            guardian_name=row["guardianName"],
            school_name=row["schoolName"],
            stage=row["stage"],
        )
    if form.cases:
        back = facts.pop("back", set())
        facts["rows"] = [_line(number, child, back=back) for number, child in enumerate(children, start=1)]
    facts["title"] = TEXTS[kind]["title"].format(**facts)
    return fill(kind, written(kind, facts), folder=templates)


def called(kind: str, row: Row) -> str:
    """The name of the file: what it is and its number or month, nobody's name."""
    title = TEXTS[kind]["title"].partition("}")[2] or TEXTS[kind]["title"]
    return f"{title} {row.get('number') or row.get('month') or ''}".strip() + ".docx"


def _line(number: int, child: Row, *, back: set[Any]) -> dict[str, Any]:
    return {
        "number": number,
        "township": DIVISIONS.name_of(child["township"]) or child["township"],
        "village": DIVISIONS.name_of(child["village"]) or child["village"],
        "child": child["name"] or "",
        "school": child["schoolName"] or "",
        "stage": word("stages", child["stage"] or ""),
        "causes": "、".join(word("causes", cause) for cause in child["causes"]),
        "state": word("cases", child["state"]),
        "confirmed_on": _short(child["confirmedOn"]),
        "owed": f"{word('units', child['owedBy'])}{word('steps', child['owedStep'])} {_short(child['owedDueOn'])}".strip(),
        "back": "是" if child["case_id"] in back else "否",
    }


def _short(on: date | None) -> str:
    return "" if on is None else on.isoformat()
