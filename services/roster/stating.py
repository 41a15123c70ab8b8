"""From a linked child to what is stated of it 比对结论, and when that is something new: pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from services.contracts.divisions import COUNTY, township_code, village_code
from services.roster.batches import Batches
from services.roster.domain.facts import (
    Ground,
    Groups,
    Identity,
    Residence,
    RowLink,
    RowPlace,
    Schooling,
    Source,
    told_by_rows,
)
from services.roster.domain.statements import FoundOf, Statement
from services.roster.reconcile.model import Department, Facts, Finding, LinkedChild, RowRef

PRIMARY_GRADES: Final = "一二三四五六"

SOURCE_NAMES: Final = {"poverty_kind": "poverty", "relief_kind": "relief"}
"""Facts that the engine calls by their column, and the roster by what they tell."""


def statement_of(
    child: LinkedChild,
    findings: Sequence[Finding],
    *,
    child_id: UUID,
    new: bool,
    batches: Batches,
    as_of: date,
    key: Callable[[str], bytes],
) -> Statement:
    """What a comparison says of a linked child as of a day; `key` hashes a text, so that a household is found again."""
    facts = child.facts
    township = township_code(facts.township)
    rules = {ref: link.rule for link in child.links for ref in (link.a, link.b)}
    household = key(f"household/{facts.household_number}")[:16] if facts.household_number else None
    return Statement(
        child_id=child_id,
        new=new,
        identity=Identity(
            name=facts.name,
            id_number=facts.id_number,
            birth_date=facts.birth_date.isoformat() if facts.birth_date else "",
            sex=facts.sex or "",
            guardian_name=facts.guardian_name,
            guardian_phone=facts.guardian_phone,
        ),
        residence=Residence(
            household_id=UUID(bytes=household) if household else None,
            township=township,
            village=village_code(township=township, name=facts.village),
        ),
        schooling=Schooling(
            school=facts.school_code,
            school_name=facts.school_name,
            stage=stage_of(facts.grade),
            grade=facts.grade,
            status=child.state,
            boarding=facts.boarding,
        ),
        groups=_groups_of(facts),
        state=child.state,
        state_reason=child.state_reason,
        findings=tuple(
            FoundOf(
                finding.kind,
                finding.reason,
                owner_unit(finding.owner, child),
                tuple(_ground(ref, batches, rules) for ref in finding.evidence),
            )
            for finding in findings
        ),
        grounds=tuple(_ground(ref, batches, rules) for ref in child.rows),
        valid_on=as_of,
        student_number=facts.student_number,
        sources=tuple(
            Source(SOURCE_NAMES.get(fact, fact), ref.register, *batches.place(ref))
            for fact, ref in sorted(facts.sources.items())
        ),
        links=tuple(
            RowLink(place_of(link.a, batches), place_of(link.b, batches), link.rule, link.score) for link in child.links
        ),
    )


def _groups_of(facts: Facts) -> Groups:
    return Groups(
        poverty=facts.poverty_kind,
        disability=facts.disability_kind,
        disability_grade=facts.disability_grade,
        left_behind=facts.left_behind,
        migrant=facts.migrant,
        relief=facts.relief_kind,
        risk=facts.risk or "",
        monitored_on=facts.monitored_on,
        risk_removed_on=facts.risk_removed_on,
    )


def content_of(statement: Statement) -> str:
    """What a statement says, without where it says it from: the same content in a new batch is nothing new.

    The rows of a finding belong to it, though: one that was answered is raised again on other rows.
    """
    content = replace(statement, new=False, grounds=(), links=(), sources=(), valid_on=date.min)
    return msgspec.json.encode((content, told_by_rows(statement.grounds, statement.links))).decode()


def place_of(ref: RowRef, batches: Batches) -> RowPlace:
    """Where a row of the one numbering is kept."""
    return RowPlace(ref.register, *batches.place(ref))


def stage_of(grade: str) -> str:
    """The stage of a grade 学段: `primary` 小学 or `junior` 初中, empty where the grade is not known."""
    if not grade:
        return ""
    return "primary" if grade[0] in PRIMARY_GRADES else "junior"


def owner_unit(owner: Department, child: LinkedChild) -> str:
    """The unit that must answer a finding of this child 责任单位."""
    match owner:
        case Department.SCHOOL if child.facts.school_code:
            return f"school:{child.facts.school_code}"
        case Department.POLICE:
            return f"public_security:{COUNTY}"
        case Department.DISABLED_FEDERATION:
            return f"disabled_federation:{COUNTY}"
        case Department.CIVIL_AFFAIRS:
            return f"civil_affairs:{COUNTY}"
        case Department.TOWNSHIP:
            return f"township:{township_code(child.facts.township)}"
        case _:
            return f"education_bureau:{COUNTY}"


def _ground(ref: RowRef, batches: Batches, rules: dict[RowRef, str]) -> Ground:
    batch_id, row = batches.place(ref)
    return Ground(ref.register, batch_id, row, rules.get(ref, "single_row"))
