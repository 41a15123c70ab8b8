"""The read-model map: GraphQL types and fields to tables and columns, the only place where SQL and rights meet.

A type is a table; a field is a column, or a relation to another table. `scope` gives the condition that keeps a table
within the rows its caller reaches; the compiler puts it on every table of a statement, nested ones too, and row security
stands behind it. In SQL texts `{a}` is the table's alias, `{p}` the parent's, `{n}` the root's number. Two rules a change has to keep:

- A relation stays with the child of its parent, so the children of the roots' rows are all the children in an answer.
- Names in `%(...)s` are parameters: the caller's reach (lo, hi, village, school, unit, kind, area) and `today`.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.access.policy import Grants, Mode, Relation, forbidden
from gateway.readmodel.partition import OPEN_CASE, UNACCOUNTED


@dataclass(frozen=True, slots=True)
class Link:
    """A relation: rows of `type` for which `on` holds; in `order` where there may be many."""

    type: str
    on: str
    order: str = ""

    @property
    def many(self) -> bool:
        """Whether the field is a list."""
        return self.order != ""


@dataclass(frozen=True, slots=True)
class Table:
    """What a GraphQL type is read from. `source` may be a subquery, in which case it holds its own `{scope}`."""

    type: str
    source: str
    columns: Mapping[str, str]
    links: Mapping[str, Link] = field(default_factory=dict)
    of_child: bool = True
    placed: bool = False
    """Whether it has columns village and school of its own; where it has none, its child's are asked."""


def _columns(names: str, **special: str) -> dict[str, str]:
    plain = {name: "{a}." + re.sub(r"([A-Z])", r"_\1", name).lower() for name in names.split()}
    return {**special, **plain}


def _moment(column: str) -> str:
    return f"""to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""


_OF_CHILD = "{a}.child_id = {p}.child_id"
_OF_CASE = "{a}.case_id = {p}.case_id and {a}.child_id = {p}.child_id"
_TO_CHILD = Link("Child", _OF_CHILD)

IDENTITY = "left join child_identity {a}i on {a}i.child_id = {a}.child_id and {scope}"
"""Names and numbers stand in a table of their own; it is joined only where one of them is asked for."""

_CHILD = Table(
    "Child",
    "child",
    _columns(
        "sex township village householdId school schoolName stage grade schoolingStatus poverty disability disabilityGrade"
        " leftBehind migrant accountedState accountedReason accountedOn mergedInto erased",
        id="{a}.child_id",
        townshipName="(select n.name from township n where n.code = {a}.township)",
        name="{a}i.name",
        idNumber="{a}i.id_number",
        birthDate="{a}i.birth_date",
        guardianName="{a}i.guardian_name",
        guardianPhone="{a}i.guardian_phone",
    ),
    {
        "findings": Link("Finding", _OF_CHILD, "{a}.raised_on, {a}.finding_id"),
        "openCase": Link("Case", "{a}.case_id = {p}.open_case_id and {a}.child_id = {p}.child_id"),
        "cases": Link("Case", _OF_CHILD, "{a}.opened_on, {a}.case_id"),
        "responsibilities": Link("Responsibility", _OF_CHILD, "{a}.from_on, {a}.assignment_id"),
        "eligibilities": Link("Eligibility", _OF_CHILD, "{a}.from_on, {a}.eligibility_id"),
        "awards": Link("Award", _OF_CHILD, "{a}.granted_on, {a}.award_id"),
        "plans": Link("StudentPlan", _OF_CHILD, "{a}.opened_on, {a}.plan_id"),
        "learningSupports": Link("LearningSupport", _OF_CHILD, "{a}.begun_on, {a}.support_id"),
        "homeTeaching": Link("HomeTeaching", _OF_CHILD, "{a}.school_year, {a}.teaching_id"),
        "transfers": Link("Transfer", _OF_CHILD, "{a}.opened_on, {a}.transfer_id"),
        "placements": Link("Placement", _OF_CHILD, "{a}.decided_on, {a}.placement_id"),
        "referrals": Link("Referral", _OF_CHILD, "{a}.opened_on, {a}.referral_id"),
    },
    placed=True,
)

_CASE = Table(
    "Case",
    "case_file",
    _columns(
        "childId state cause causes township village school stage openedOn confirmedOn orderedOn returnedOn closedOn"
        " resolution owedStep owedBy owedDueOn owedRule owedLegalBasis expiredSteps",
        id="{a}.case_id",
        earlierCaseId="{a}.earlier_case",
        overdue="coalesce({a}.owed_due_on < %(today)s, false)",
    ),
    {
        "child": _TO_CHILD,
        "earlierCase": Link("Case", "{a}.case_id = {p}.earlier_case and {a}.child_id = {p}.child_id"),
        "steps": Link("CaseStep", _OF_CASE, "{a}.at, {a}.producer <> 'cases', {a}.producer, {a}.position"),
        "documents": Link("Document", _OF_CASE, "{a}.issued_on, {a}.document_id"),
        "referrals": Link("Referral", _OF_CASE, "{a}.opened_on, {a}.referral_id"),
    },
    placed=True,
)

TABLES: Mapping[str, Table] = {
    table.type: table
    for table in (
        _CHILD,
        _CASE,
        Table(
            "Finding",
            "finding",
            _columns(
                "childId kind reason owner township village school stage raisedOn resolvedOn resolution",
                id="{a}.finding_id",
            ),
            {"child": _TO_CHILD},
            placed=True,
        ),
        Table(
            "CaseStep",
            "case_step",
            _columns("type actor department purpose detail", id="{a}.event_id", at=_moment("{a}.at")),
        ),
        Table(
            "Document",
            "document",
            _columns(
                "kind number issuer legalBasis termDays issuedOn servedOn method receipt expiresOn",
                id="{a}.document_id",
            ),
        ),
        Table(
            "Referral",
            "referral",
            _columns(
                "caseId childId toUnit purpose request township state openedOn replyBy outcome answeredOn",
                id="{a}.referral_id",
            ),
            {"child": _TO_CHILD},
        ),
        Table(
            "Responsibility",
            "responsibility",
            _columns("childId township role officer fromOn untilOn successor", id="{a}.assignment_id"),
            {"child": _TO_CHILD},
        ),
        Table("Eligibility", "eligibility", _columns("category ground fromOn untilOn", id="{a}.eligibility_id")),
        Table(
            "Award",
            "award",
            _columns("programme term amountFen category legalBasis grantedOn paidFen state", id="{a}.award_id"),
        ),
        Table(
            "StudentPlan",
            "student_plan",
            _columns("caseId openedOn reviewOn", id="{a}.plan_id"),
            {
                "measures": Link(
                    "Measure",
                    "{a}.plan_id = {p}.plan_id and {a}.child_id = {p}.child_id",
                    "{a}.due_on, {a}.measure_id",
                )
            },
        ),
        Table("Measure", "measure", _columns("measure owner dueOn evidence doneOn", id="{a}.measure_id")),
        Table(
            "LearningSupport",
            "learning_support",
            _columns("needs helper begunOn reviewOn outcome", id="{a}.support_id"),
        ),
        Table("HomeTeaching", "home_teaching", _columns("schoolYear hoursSoFar lastGivenOn", id="{a}.teaching_id")),
        Table(
            "Transfer",
            "transfer",
            _columns("fromSchool toPlace toSchool openedOn dueOn completedOn", id="{a}.transfer_id"),
        ),
        Table("Placement", "placement", _columns("form school decidedOn", id="{a}.placement_id")),
        Table(
            "Notice",
            "notice",
            _columns(
                "about caseId recipient area township reason text replyBy state channel acknowledgedBy escalatedTo",
                id="{a}.notice_id",
                raisedAt=_moment("{a}.raised_at"),
                deliveredAt=_moment("{a}.delivered_at"),
            ),
            of_child=False,
        ),
        Table(
            "Receipt",
            "receipt",
            _columns(
                "actor department purpose operation decision rows fields policyVersion",
                id="{a}.receipt_id",
                at=_moment("{a}.at"),
            ),
            of_child=False,
        ),
        Table("Township", "township", _columns("code name"), of_child=False),
        Table(
            "FindingCount",
            "(select f.kind, f.township, count(*)::integer as count from finding f"
            " where f.resolved_on is null and {scope} group by f.kind, f.township)",
            _columns("kind township count"),
            of_child=False,
        ),
        Table(
            "PartitionRow",
            "(select c.township, coalesce((select n.name from township n where n.code = c.township), '') as township_name,"
            f" case when c.open_case_id is not null then '{OPEN_CASE}' when c.accounted_state = '' then '{UNACCOUNTED}'"
            " else c.accounted_state end as state, i.birth_date is not null as dated, count(*)::integer as count"
            " from child c left join child_identity i on i.child_id = c.child_id"
            " where c.merged_into is null and {scope} and (i.birth_date is null"
            " or (i.birth_date > %(born_after{n})s and i.birth_date <= %(born_until{n})s)) group by 1, 2, 3, 4)",
            _columns("township townshipName state dated count"),
            of_child=False,
        ),
    )
}

SUBQUERY_ALIAS: Mapping[str, str] = {"FindingCount": "f", "PartitionRow": "c"}
"""The alias a subquery's scope is on."""

# A referral names a kind of department; the county it lies in says which unit of that kind is asked.
_TO_ME = "{r}.to_unit = %(kind)s and starts_with({r}.township, %(area)s)"
_WITHIN = "{a}.township >= %(lo)s and {a}.township < %(hi)s"


def scope(table: Table, *, alias: str, grants: Grants) -> str:
    """The condition that keeps a table within what the caller reaches; raises `Forbidden` for a type not granted."""
    relation = grants.relation(table.type)
    match relation:
        case Relation.ANY:
            condition = "true"
        case Relation.OWN:
            condition = "{a}.recipient = %(unit)s"
        case Relation.AREA if table.type == "Notice":
            condition = f"(({_WITHIN}) or {{a}}.recipient = %(unit)s)"
        case Relation.AREA if table.type == "Receipt":
            # A receipt concerns several children; it may be seen where one of them may be.
            condition = (
                "exists (select from child s where s.child_id = any({a}.child_ids)"
                " and s.township >= %(lo)s and s.township < %(hi)s)"
            )
        case Relation.AREA:
            condition = _WITHIN
        case Relation.REFERRAL if table.type == "Referral":
            condition = _TO_ME.replace("{r}", "{a}")
        case Relation.REFERRAL:
            condition = (
                f"exists (select from referral r where r.child_id = {{a}}.child_id and {_TO_ME.replace('{r}', 'r')}"
                " and r.state in ('opened', 'accepted'))"
            )
        case Relation.VILLAGE | Relation.SCHOOL:
            own = f"%({relation})s"
            condition = (
                f"{{a}}.{relation} = {own}"
                if table.placed
                else f"exists (select from child s where s.child_id = {{a}}.child_id and s.{relation} = {own})"
            )
    return condition.replace("{a}", alias)


def identity_join(*, alias: str, grants: Grants) -> str:
    """Joins names and numbers to a child. For an area they carry its township; for others the child's scope is theirs."""
    of_area = grants.relation("Child") is Relation.AREA
    within = _WITHIN.replace("{a}", f"{alias}i") if of_area else "true"
    return IDENTITY.format(a=alias, scope=within)


def column(table: Table, name: str, *, alias: str, grants: Grants) -> str:
    """The SQL of a field as this caller may see it; raises `Forbidden` where it may not at all."""
    grant = grants.of(table.type, name)
    if grant is None:
        raise forbidden(table.type, name, grants=grants)
    text = table.columns[name].replace("{a}", alias)
    return text if grant.mode is Mode.FULL else _MASKS[name].format(text)


def linked(table: Table, name: str, *, grants: Grants) -> Link:
    """A relation, if this caller may follow it; raises `Forbidden` where it may not."""
    if grants.of(table.type, name) is None:
        raise forbidden(table.type, name, grants=grants)
    return table.links[name]


def asks_identity(table: Table, name: str) -> bool:
    """Whether a field stands in the table of names and numbers."""
    return "{a}i." in table.columns[name]


_FIRST_CHARACTER = "case when {0} = '' then '' else left({0}, 1) || '＊' end"
_LAST_FOUR = "case when {0} = '' then '' else '＊' || right({0}, 4) end"
_MASKS: Mapping[str, str] = {
    "name": _FIRST_CHARACTER,
    "guardianName": _FIRST_CHARACTER,
    "idNumber": _LAST_FOUR,
    "guardianPhone": _LAST_FOUR,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """An argument that narrows a root. `field` must be granted in full: a filter on a hidden field would tell it."""

    condition: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """One part of a page's order: its SQL, how it is written into a cursor, and the type it is read back as."""

    sql: str
    text: str
    cast: str


@dataclass(frozen=True, slots=True)
class Root:
    """A field of Query that the compiler serves: one row, a list, or (with `keys`) pages of rows."""

    type: str
    many: bool = False
    where: str = "true"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    descending: bool = False
    order: str = ""

    def page_keys(self, *, grants: Grants) -> tuple[Key, ...]:
        """The order of pages. The township leads only where the caller reaches an area: there it has an index, and no
        cursor tells a township to somebody who may not see it."""
        by_area = grants.relation(self.type) is Relation.AREA
        return tuple(key for key in self.keys if by_area or key is not _TOWNSHIP)


_TOWNSHIP = Key("{a}.township", "{a}.township", "text")


def _id(name: str) -> Key:
    return Key(f"{{a}}.{name}", f"{{a}}.{name}::text", "uuid")


def _at(name: str) -> Key:
    sql = f"coalesce({{a}}.{name}, 'epoch'::timestamptz)"
    return Key(sql, _moment(sql), "timestamptz")


_IN_TOWNSHIP = Filter("{a}.township = {v}", "township")

ROOTS: Mapping[str, Root] = {
    "child": Root("Child", filters={"id": Filter("{a}.child_id = {v}")}),
    "children": Root(
        "Child",
        many=True,
        where="{a}.merged_into is null",
        filters={"township": _IN_TOWNSHIP, "state": Filter("{a}.accounted_state = {v}", "accountedState")},
        keys=(_TOWNSHIP, _id("child_id")),
    ),
    "case": Root("Case", filters={"id": Filter("{a}.case_id = {v}")}),
    "cases": Root(
        "Case",
        many=True,
        filters={
            "state": Filter("{a}.state = {v}", "state"),
            "township": _IN_TOWNSHIP,
            "overdue": Filter("coalesce({a}.owed_due_on < %(today)s, false) = {v}", "overdue"),
        },
        keys=(_TOWNSHIP, _id("case_id")),
    ),
    "findings": Root(
        "Finding",
        many=True,
        where="{a}.resolved_on is null",
        filters={"kind": Filter("{a}.kind = {v}", "kind"), "township": _IN_TOWNSHIP},
        keys=(_TOWNSHIP, _id("finding_id")),
    ),
    "findingCounts": Root("FindingCount", many=True, order="{a}.township, {a}.kind"),
    "partition": Root("PartitionRow", many=True, order="{a}.township, {a}.dated desc, {a}.state"),
    "notices": Root(
        "Notice",
        many=True,
        filters={"state": Filter("{a}.state = {v}", "state")},
        keys=(_at("raised_at"), _id("notice_id")),
        descending=True,
    ),
    "referrals": Root(
        "Referral",
        many=True,
        filters={"state": Filter("{a}.state = {v}", "state")},
        keys=(_TOWNSHIP, _id("referral_id")),
    ),
    "responsibilities": Root(
        "Responsibility",
        many=True,
        filters={
            "officer": Filter("{a}.officer = {v}", "officer"),
            "childId": Filter("{a}.child_id = {v}", "childId"),
        },
        keys=(_TOWNSHIP, _id("assignment_id")),
    ),
    "receipts": Root(
        "Receipt",
        many=True,
        filters={
            "childId": Filter(
                "{a}.child_ids @> array[{v}::uuid] and exists (select from child s where s.child_id = {v}"
                " and s.township >= %(lo)s and s.township < %(hi)s)"
            )
        },
        keys=(_at("at"), _id("receipt_id")),
        descending=True,
    ),
    "townships": Root("Township", many=True, order="{a}.code"),
}
