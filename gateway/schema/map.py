"""The read-model map: GraphQL types and fields to tables and columns, the only place where SQL and rights meet.

A type is a table; a field is a column, or a relation to another table. `scope` gives the condition that keeps a table
within the rows its caller reaches; the compiler puts it on every table of a statement, nested ones too, and row security
stands behind it. In SQL texts `{a}` is the table's alias, `{p}` the parent's, `{n}` the root's number. Two rules a change has to keep:

- A relation stays with the child of its parent by a condition of its own (`OF_CHILD`), or says that it leads to nobody else; of any
  other the compiler puts the children on the receipt besides.
- Names in `%(...)s` are parameters: the caller's reach (the claims, see `readmodel/tables.sql`) and `today`.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.access.consents import WITHHELD
from gateway.access.policy import NODE_ID, Grants, Mode, Relation, forbidden
from gateway.access.rules import RULES
from gateway.schema import (
    access_map,
    assistance_map,
    guardian_letters_map,
    notify_map,
    oversight_map,
    payments_map,
    proceedings_map,
    roster_map,
    statistics_map,
    supervision_map,
)
from gateway.schema.count_tables import COUNTS, SUBQUERY_ALIAS
from gateway.schema.node import node_id_sql
from gateway.schema.table import OF_CASE, OF_CHILD, TO_CHILD, Link, Table, columns, moment

IDENTITY = "left join child_identity {a}i on {a}i.child_id = {a}.child_id and {scope}"
"""Names and numbers stand in a table of their own; it is joined only where one of them is asked for."""

AGE_BANDS = ((6, "0-5"), (12, "6-11"), (14, "12-13"), (17, "14-16"))
"""Ages below which a child is in a band 年龄段: primary school, below fourteen (个人信息保护法 第三十一条), compulsory age."""
OLDEST_BAND = "17+"
AGE_BAND = (
    "case when {a}i.birth_date is null then null "
    + " ".join(
        f"when {{a}}i.birth_date > %(today)s::date - interval '{years} years' then '{band}'"
        for years, band in AGE_BANDS
    )
    + f" else '{OLDEST_BAND}' end"
)

LATEST_LOOKS = 20
"""How many looks stand on a child's own page; all of them are in the list `receipts`."""
LATE_SINCE = "coalesce({a}.late_since, case when {a}.owed_due_on < %(today)s then {a}.owed_due_on end)"
"""Since when the step owed is late, at whatever level it is owed now."""

AWAITING = "case {v} when 'clearance' then {a}.clearance_asked <> '' when 'extension' then {a}.extension_asked > 0 else false end"
"""Whether a case waits for a second person's answer to what was asked for."""

_CHILD = Table(
    "Child",
    "child",
    columns(
        "sex township village householdId school schoolName stage grade schoolingStatus poverty disability disabilityGrade"
        " leftBehind migrant accountedState accountedReason accountedOn mergedInto erased restricted obligedFrom obligedUntil",
        id="{a}.child_id",
        townshipName="(select n.name from township n where n.code = {a}.township)",
        name="{a}i.name",
        idNumber="{a}i.id_number",
        birthDate="{a}i.birth_date",
        ageBand=AGE_BAND,
        underFourteen="({a}i.birth_date > %(today)s::date - interval '14 years')",
        inHardship="({a}.poverty <> '')",
        hasDisability="({a}.disability <> '')",
        guardianName="{a}i.guardian_name",
        guardianPhone="{a}i.guardian_phone",
        studentNumber="{a}i.student_number",
    ),
    {
        "findings": Link("Finding", OF_CHILD, "{a}.raised_on, {a}.finding_id"),
        "openCase": Link("Case", "{a}.case_id = {p}.open_case_id and {a}.child_id = {p}.child_id"),
        "cases": Link("Case", OF_CHILD, "{a}.opened_on, {a}.case_id"),
        "responsibilities": Link("Responsibility", OF_CHILD, "{a}.from_on, {a}.assignment_id"),
        "eligibilities": Link("Eligibility", OF_CHILD, "{a}.from_on, {a}.eligibility_id"),
        "awards": Link("Award", OF_CHILD, "{a}.granted_on, {a}.award_id"),
        "plans": Link("StudentPlan", OF_CHILD, "{a}.opened_on, {a}.plan_id"),
        "learningSupports": Link("LearningSupport", OF_CHILD, "{a}.begun_on, {a}.support_id"),
        "homeTeaching": Link("HomeTeaching", OF_CHILD, "{a}.school_year, {a}.teaching_id"),
        "transfers": Link("Transfer", OF_CHILD, "{a}.opened_on, {a}.transfer_id"),
        "placements": Link("Placement", OF_CHILD, "{a}.decided_on, {a}.placement_id"),
        "referrals": Link("Referral", OF_CHILD, "{a}.opened_on, {a}.referral_id"),
        "sources": Link("Source", OF_CHILD, "{a}.fact"),
        "rows": Link("ChildRow", OF_CHILD, "{a}.register, {a}.batch_id, {a}.row"),
        "links": Link("RowLink", OF_CHILD, roster_map.SIDE_BY_SIDE),
        "merges": Link("MergeStep", OF_CHILD, "{a}.at, {a}.step_id"),
        "doubts": Link(
            "ChildDoubt",
            "({a}.child_id = {p}.child_id or {a}.other_id = {p}.child_id)",
            "{a}.raised_on, {a}.doubt_id",
            names_no_other=True,
        ),
        "looks": Link(
            "Receipt", "{a}.child_ids @> array[{p}.child_id]", "{a}.at desc, {a}.receipt_id desc", most=LATEST_LOOKS
        ),
        "deferrals": Link("Deferral", OF_CHILD, "{a}.from_on, {a}.deferral_id"),
        "schoolingElsewhere": Link("SchoolingElsewhere", OF_CHILD, "{a}.term, {a}.proof_id"),
        "absences": Link("Absence", OF_CHILD, "{a}.term, {a}.absence_id"),
        "fieldChecks": Link("FieldCheckAnswer", OF_CHILD, "{a}.round, {a}.answer_id"),
        "visits": Link("Visit", OF_CHILD, "{a}.visited_on, {a}.visit_id"),
        "visitPlans": Link("VisitPlan", OF_CHILD, "{a}.first_on, {a}.plan_id"),
        "attachments": Link("Attachment", OF_CHILD, "{a}.kept_on, {a}.attachment_id"),
        "letters": Link("GuardianLetter", OF_CHILD, "{a}.made_on, {a}.letter_id"),
    },
    placed=True,
)

_CASE = Table(
    "Case",
    "case_file",
    columns(
        "childId state cause causes township village school stage openedOn confirmedOn orderedOn returnedOn closedOn"
        " resolution owedStep owedBy owedDueOn owedRule owedLegalBasis expiredSteps searchedOn seatDays unnamed watchUntil pausedUntil"
        " extensionAsked extensionReason extensionAskedBy clearanceAsked clearanceEvidence clearanceAskedBy clearanceAskedOn"
        " clearanceUntil",
        id="{a}.case_id",
        earlierCaseId="{a}.earlier_case",
        overdue="coalesce({a}.owed_due_on < %(today)s, false)",
        lateSince=LATE_SINCE,
    ),
    {
        "child": TO_CHILD,
        "earlierCase": Link("Case", "{a}.case_id = {p}.earlier_case and {a}.child_id = {p}.child_id"),
        "steps": Link("CaseStep", OF_CASE, "{a}.at, {a}.producer <> 'cases', {a}.producer, {a}.position"),
        "documents": Link("Document", OF_CASE, "{a}.issued_on, {a}.document_id"),
        "referrals": Link("Referral", OF_CASE, "{a}.opened_on, {a}.referral_id"),
        "proceedings": Link("Proceedings", OF_CASE, "{a}.filed_on, {a}.number_in_case"),
        "assistanceLetters": Link("AssistanceLetter", OF_CASE, "{a}.sent_on, {a}.letter_id"),
    },
    placed=True,
)

_NO_NODES: Final = frozenset({"ChildDoubt", "Duty", "LetterRun", "Receipt"})
"""Types whose rows go by another type's id, or are never asked for singly."""


def _as_node(table: Table) -> Table:
    """A table whose rows can be asked for by node id, where they have an id of their own."""
    if "id" not in table.columns or table.type in _NO_NODES:
        return table
    return replace(table, columns={**table.columns, NODE_ID: node_id_sql(table.type, table.columns["id"])})


TABLES: Mapping[str, Table] = {
    table.type: _as_node(table)
    for table in (
        _CHILD,
        _CASE,
        Table(
            "Finding",
            "finding",
            columns(
                "childId kind reason owner township village school stage raisedOn dueOn legalBasis state overdue answerCode"
                " evidence answeredBy answeredOn returnReason resolvedOn resolution approvedBy",
                id="{a}.finding_id",
            ),
            {
                "child": TO_CHILD,
                "grounds": Link(
                    "FindingGround",
                    "{a}.finding_id = {p}.finding_id and {a}.child_id = {p}.child_id",
                    "{a}.register, {a}.batch_id, {a}.row",
                ),
            },
            placed=True,
        ),
        Table(
            "CaseStep",
            "case_step",
            columns(
                "type actor department purpose detail",
                id="{a}.event_id",
                at=moment("{a}.at"),
                note="coalesce((select w.note from step_words w where w.event_id = {a}.event_id), '')",
            ),
        ),
        Table(
            "Document",
            "document",
            columns(
                "caseId township kind number issuer legalBasis termDays issuedOn servedOn method receipt expiresOn result resultOn"
                " resultBy decidedBy decision",
                id="{a}.document_id",
            ),
            {
                "scans": Link(
                    "Attachment",
                    f"{OF_CHILD} and {{a}}.document_id = {{p}}.document_id",
                    "{a}.kept_on, {a}.attachment_id",
                )
            },
        ),
        Table(
            "Referral",
            "referral",
            columns(
                "caseId childId toUnit purpose request askedBy handedOnFrom township state openedOn replyBy outcome"
                " answeredOn decision decisionPaper decidedOn reliefDecision granted grantedFrom amountFen refusedFor papers",
                id="{a}.referral_id",
                overdue="coalesce({a}.reply_by < %(today)s, false) and {a}.state in ('opened', 'accepted')",
            ),
            {"child": TO_CHILD},
        ),
        Table(
            "Responsibility",
            "responsibility",
            columns("childId township role officer fromOn untilOn successor standsInFor", id="{a}.assignment_id"),
            {"child": TO_CHILD},
        ),
        Table(
            "Transfer",
            "transfer",
            columns("fromSchool toPlace toSchool openedOn dueOn completedOn", id="{a}.transfer_id"),
        ),
        Table(
            "Placement",
            "placement",
            columns("form school decidedOn firstVisitBy begunOn endReason endedOn", id="{a}.placement_id"),
        ),
        Table(
            "Deferral",
            "deferral",
            columns("kind proof fromOn untilOn approvedOn endReason endedOn", id="{a}.deferral_id"),
        ),
        Table(
            "SchoolingElsewhere",
            "schooling_elsewhere",
            columns("term place schoolName proof provedOn", id="{a}.proof_id"),
        ),
        Table(
            "Absence",
            "absence",
            columns("checkInId childId township school term missedOn reason late verifiedOn", id="{a}.absence_id"),
            {"child": TO_CHILD},
        ),
        Table(
            "CheckIn",
            "check_in",
            columns("school term expected present absent dueOn closedOn", id="{a}.check_in_id"),
            of_child=False,
            placed=True,
        ),
        Table(
            "Notice",
            "notice",
            columns(
                "about caseId recipient area township reason text replyBy state channel acknowledgedBy escalatedTo",
                id="{a}.notice_id",
                raisedAt=moment("{a}.raised_at"),
                deliveredAt=moment("{a}.delivered_at"),
            ),
            of_child=False,
        ),
        Table(
            "Receipt",
            "receipt",
            columns(
                "actor department purpose operation decision rows fields policyVersion about",
                id="{a}.receipt_id",
                at=moment("{a}.at"),
            ),
            of_child=False,
        ),
        Table("Township", "township", columns("code name"), of_child=False),
        *assistance_map.TABLES,
        *roster_map.TABLES,
        *oversight_map.TABLES,
        *payments_map.TABLES,
        *proceedings_map.TABLES,
        *statistics_map.TABLES,
        *COUNTS,
        *access_map.TABLES,
        *supervision_map.TABLES,
        *notify_map.TABLES,
        *guardian_letters_map.TABLES,
    )
}

# A referral names a kind of department; the county it lies in says which unit of that kind is asked.
_TO_ME = "{r}.to_unit = %(kind)s and {r}.township >= %(area)s and {r}.township < %(area)s || '~'"
_OWED_BY_ME = "{f}.owner = %(unit)s and {f}.resolved_on is null"
_ASKED_OF_ME = (
    f"{{a}}.child_id in (select r.child_id from referral r where {_TO_ME.replace('{r}', 'r')}"
    " and (r.state in ('opened', 'accepted') or r.state = 'answered' and r.answered_on >= %(since)s::date)"
    f" union all select f.child_id from finding f where {_OWED_BY_ME.replace('{f}', 'f')})"
)
_WITHIN = "{a}.township >= %(lo)s and {a}.township < %(hi)s"
_CHECKED = _WITHIN.replace("{a}.township", "coalesce({a}.township, '')")
"""The same, in a form no index answers. Beside a key the planner would else take the index (township, key) and skip through
all townships of the range, ten to twenty searches for a row that the key finds in one."""
_OTHER_WITHIN = _WITHIN.replace("township", "other_township")
_WITHIN_OPEN = "{a}.township >= %(open_lo)s and {a}.township < %(open_hi)s"
_WARRANTED = (
    "{a}.child_id in (select w.child_id from warrant w where w.kind = %(warrant)s and w.unit = %(unit)s"
    " and w.purpose = %(purpose)s and w.actor in ('', %(actor)s) and w.from_at <= %(at)s::timestamptz"
    " and w.until_at > %(at)s::timestamptz"
    " and (w.kind <> 'consent' or exists (select from consent k where k.warrant_id = w.warrant_id))"
    " and not exists (select from warrant_end e where e.warrant_id = w.warrant_id))"
)
_CONSENTED = (
    "exists (select from warrant w join consent k on k.warrant_id = w.warrant_id where w.child_id = {a}.child_id"
    " and w.kind = %(warrant)s and w.unit = %(unit)s and w.purpose = %(purpose)s and w.from_at <= %(at)s::timestamptz"
    " and w.until_at > %(at)s::timestamptz and '{name}' = any(k.fields)"
    " and not exists (select from warrant_end e where e.warrant_id = w.warrant_id))"
)
"""Whether a guardian agreed to this field of the child 同意字段."""
_OF_MY_CHILDREN = (
    "({a}.{relation} = %({relation})s or exists (select from child s where s.{relation} = %({relation})s"
    " and ({a}.village <> '' and s.village = {a}.village or {a}.school <> '' and s.school = {a}.school"
    " or {a}.village = '' and {a}.school = '' and s.township = {a}.township)))"
)
"""Posts in which somebody answers for children of a village or school, whatever place the post is held for."""
OWNER: Mapping[str, str] = {
    **roster_map.OWNER,
    **oversight_map.OWNER,
    **access_map.OWNER,
    **supervision_map.OWNER,
    **notify_map.OWNER,
}
"""The column that names the unit a row is `own` to."""


def scope(table: Table, *, alias: str, grants: Grants, by_key: bool = False) -> str:
    """The condition that keeps a table within what the caller reaches; raises `Forbidden` for a type not granted.

    `by_key` where rows are found by a key and the reach only checks them: see `_CHECKED`.
    """
    relation = grants.relation(table.type)
    match relation:
        case Relation.ANY:
            condition = "true"
        case Relation.OWN:
            condition = f"{{a}}.{OWNER[table.type]} = %(unit)s"
        case Relation.AREA if table.type in {"Notice", "Message", "Warrant", "Consent", "DataRequest"}:
            condition = f"(({_WITHIN}) or {{a}}.{OWNER[table.type]} = %(unit)s)"
        case Relation.AREA if table.type == "Receipt":
            # A receipt concerns several children; it may be seen where one of them may be, and one of nobody's records
            # where the unit that looked is.
            condition = (
                "(exists (select from child s where s.child_id = any({a}.child_ids)"
                " and s.township >= %(lo)s and s.township < %(hi)s)"
                " or {a}.child_ids = '{}' and starts_with(split_part({a}.department, ':', 2), %(lo)s))"
            )
        case Relation.AREA if table.pair or table.type == "ChildDoubt":
            condition = f"(({_WITHIN}) or ({_OTHER_WITHIN}))"
        case Relation.AREA:
            condition = _CHECKED if by_key else _WITHIN
        case Relation.REFERRAL if table.type == "Referral":
            condition = _TO_ME.replace("{r}", "{a}")
        case Relation.REFERRAL if table.type == "Finding":
            condition = _OWED_BY_ME.replace("{f}", "{a}")
        case Relation.REFERRAL:
            condition = _ASKED_OF_ME
        case Relation.CASE if table.type == "Child":
            condition = f"{_WITHIN_OPEN} and {{a}}.open_case_id is not null"
        case Relation.CASE:
            of_case = " and s.open_case_id = {a}.case_id" if table.type == "Case" else ""
            condition = (
                f"exists (select from child s where s.child_id = {{a}}.child_id and s.open_case_id is not null{of_case}"
                f" and {_WITHIN_OPEN.replace('{a}', 's')})"
            )
        case Relation.CONSENT | Relation.ORDER | Relation.EMERGENCY:
            condition = _WARRANTED
        case Relation.VILLAGE | Relation.SCHOOL if table.type == "PostTenure":
            condition = _OF_MY_CHILDREN.replace("{relation}", relation)
        case Relation.VILLAGE | Relation.SCHOOL:
            own = f"%({relation})s"
            condition = (
                f"{{a}}.{relation} = {own}"
                if table.placed
                else f"exists (select from child s where s.child_id = {{a}}.child_id and s.{relation} = {own})"
            )
    if grants.about_one and (about := _about(table)):
        condition = f"({condition}) and {about}"
    return condition.replace("{a}", alias)


def source(table: Table, *, grants: Grants, known: str = "'infinity'") -> str:
    """What a root's rows are read from. A subquery holds its scope within; `known` is SQL of the moment at which that was
    known which is shown of a register that can tell."""
    inner = SUBQUERY_ALIAS.get(table.type)
    if inner is None:
        return table.source
    return table.source.replace("{scope}", scope(table, alias=inner, grants=grants)).replace("{known}", known)


_COUNTS_CHILDREN = frozenset({"FindingCount"})
"""Counts made of rows of children; others were counted before, and tell nothing of one child."""


def _about(table: Table) -> str | None:
    """The condition that keeps a table to the one child a token is about; None for what is of no child."""
    if table.pair:
        return "%(child)s::uuid in ({a}.child_id, {a}.other_id)"
    if table.type == "Receipt":
        return "%(child)s::uuid = any({a}.child_ids)"
    if table.of_child or table.type in _COUNTS_CHILDREN:
        return "{a}.child_id = %(child)s::uuid"
    return "false" if table.type in SUBQUERY_ALIAS else None


def identity_join(*, alias: str, grants: Grants) -> str:
    """Joins names and numbers to a child. For an area they carry its township; for others the child's scope is theirs."""
    return IDENTITY.format(a=alias, scope=identity_scope(alias=f"{alias}i", grants=grants, by_key=True))


def identity_scope(*, alias: str, grants: Grants, by_key: bool = False) -> str:
    """The condition that keeps names and numbers within an area; others reach them by their child alone."""
    within = _CHECKED if by_key else _WITHIN
    return within.replace("{a}", alias) if grants.relation("Child") is Relation.AREA else "true"


def column(table: Table, name: str, *, alias: str, grants: Grants) -> str:
    """The SQL of a field as this caller may see it; raises `Forbidden` where it may not at all."""
    grant = grants.of(table.type, name)
    if grant is None:
        raise forbidden(table.type, name, grants=grants)
    text = table.columns[name].replace("{a}", alias)
    if table.type == "Child" and grant.relation is Relation.CONSENT and name in WITHHELD:
        text = f"case when {_CONSENTED.replace('{a}', alias).replace('{name}', name)} then {text} end"
    match grant.mode:
        case Mode.MASK:
            return _MASKS[name].format(text)
        case Mode.COUNT:
            return f"case when {text} < {RULES.count.withheld_under} then null else {text} end"
        case _:  # classes and answers of yes or no are columns of their own
            return text


def linked(table: Table, name: str, *, grants: Grants) -> Link:
    """A relation, if this caller may follow it; raises `Forbidden` where it may not."""
    if grants.of(table.type, name) is None:
        raise forbidden(table.type, name, grants=grants)
    return table.links[name]


def asks_identity(table: Table, name: str) -> bool:
    """Whether a field stands in the table of names and numbers."""
    return "{a}i." in table.columns[name]


_FIRST_CHARACTER = "case when {0} = '' then '' when length({0}) < 2 then '＊' else left({0}, 1) || '＊' end"
_LAST_FOUR = "case when {0} = '' then '' when length({0}) < 8 then '＊' else '＊' || right({0}, 4) end"
"""A mask of what is hardly longer than what it shows would show it all, so it shows nothing."""
_MASKS: Mapping[str, str] = {
    "name": _FIRST_CHARACTER,
    "guardianName": _FIRST_CHARACTER,
    "idNumber": _LAST_FOUR,
    "guardianPhone": _LAST_FOUR,
    "studentNumber": _LAST_FOUR,
}
