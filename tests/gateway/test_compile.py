"""The compiler against the ordinary resolvers: the same documents, the same answers, the same children on the receipt.

The compiled side reads as a superuser, so only the compiler's conditions hold it back; the resolved side reads through row
security, which alone holds that back. Each of the two fences is so held equal to the other.
"""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_non_null_type, parse
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.access.issuing import DEMO_ACCOUNTS
from gateway.access.policy import Grants, load_policy
from gateway.readmodel.duty_register import STANDINGS
from gateway.readmodel.roster import search_keys
from gateway.schema.limits import refuse_excess
from gateway.schema.map import TABLES
from gateway.schema.paging import BadArgument, cursor_of
from gateway.schema.roots import ROOTS
from gateway.schema.schema import build_schema
from tests.gateway import county, county_oversight

SCHEMA: GraphQLSchema = build_schema()._schema
POLICY = load_policy()
EVERYBODY = [
    *DEMO_ACCOUNTS,
    ("school:3141000300", "assistance"),
    ("township:410326104", "dropout_control"),
    ("procuratorate:410326", "legal_supervision"),
    ("womens_federation:410326", "mentoring"),
    ("supervision:410326", "supervision_order"),
    ("public_security:410326", "emergency"),
    ("finance:410326", "statistics"),
]


def grants_of(by: str | tuple[str, str]) -> Grants:
    unit, purpose = (DEMO_ACCOUNTS[by].unit, DEMO_ACCOUNTS[by].purpose) if isinstance(by, str) else by
    return POLICY.grants_of(kind=unit.partition(":")[0], purpose=purpose)


def may_filter(root: str, argument: str, grants: Grants) -> bool:
    """Whether these callers may narrow a root by this argument."""
    narrowing = ROOTS[root].filters[argument]
    grant = grants.of(ROOTS[root].type, narrowing.field) if narrowing.field else None
    enough = {"full", "mask"} if narrowing.mask_is_enough else {"full"}
    if grant is not None and grant.relation == "consent" and narrowing.personal:
        return False  # of some children it was left out, and a search would tell it
    return narrowing.field is None or (grant is not None and grant.mode in enough)


class Document:
    """Writes a random document of granted fields: aliases, named and inline fragments, literals and variables."""

    def __init__(self, data: st.DataObject, grants: Grants) -> None:
        self._draw = data.draw
        self._grants = grants
        self._fragments: list[str] = []
        self._names = self._aliases = 0
        self.variables: dict[str, Any] = {}
        self._declared: list[str] = []

    def write(self) -> str:
        roots = sorted(name for name in ROOTS if self._grants.of("Query", name))
        chosen = self._draw(st.lists(st.sampled_from(roots), min_size=1, max_size=2))
        fields = "".join(self._root(name) for name in chosen)
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        return f"query Q{declared} {{ {fields} }} {' '.join(self._fragments)}"

    def _root(self, name: str) -> str:
        field = SCHEMA.query_type.fields[name]
        arguments = []
        for argument, definition in field.args.items():
            kind = get_named_type(definition.type).name
            required = is_non_null_type(definition.type) and argument != "first"
            if argument == "first" or required or self._draw(st.booleans()):
                if not required and argument in ROOTS[name].filters and not may_filter(name, argument, self._grants):
                    continue
                arguments.append(f"{argument}: {self._value(name, argument, kind, required=required)}")
        shown = f"({', '.join(arguments)})" if arguments else ""
        self._names += 1
        return f"r{self._names}: {name}{shown} {self._selection(get_named_type(field.type), depth=3)} "

    def _value(self, root: str, argument: str, kind: str, *, required: bool) -> str:
        value = self._draw(_values(root, argument, self._grants))
        if not self._draw(st.booleans()):
            return json.dumps(value)
        self._names += 1
        variable = f"v{self._names}"
        self._declared.append(f"${variable}: {kind}{'!' if required or argument == 'first' else ''}")
        self.variables[variable] = (
            value if required or argument == "first" else self._draw(st.sampled_from([value, None]))
        )
        return f"${variable}"

    def _selection(self, parent: Any, *, depth: int) -> str:
        assert isinstance(parent, GraphQLObjectType)
        shape = parent.name.endswith(("Connection", "Edge")) or parent.name == "PageInfo"
        names = [
            name
            for name, field in parent.fields.items()
            if (shape or self._grants.of(parent.name, name))
            and (depth > 0 or not isinstance(get_named_type(field.type), GraphQLObjectType))
        ]
        chosen = self._draw(st.lists(st.sampled_from([*names, "__typename"]), min_size=1, max_size=5))
        parts = [self._field(parent, name, depth=depth) for name in chosen]
        way = self._draw(st.sampled_from(["plain", "plain", "inline", "named", "twice"]))
        text = " ".join(parts)
        if way == "inline":
            return f"{{ ... on {parent.name} {{ {text} }} }}"
        if way in {"named", "twice"}:
            self._names += 1
            self._fragments.append(f"fragment f{self._names} on {parent.name} {{ {text} }}")
            return f"{{ ...f{self._names} {f'...f{self._names}' if way == 'twice' else ''} }}"
        return f"{{ {text} }}"

    def _field(self, parent: GraphQLObjectType, name: str, *, depth: int) -> str:
        directive = self._draw(st.sampled_from(["", "", "", "", "", "", "@include(if: true)", "@skip(if: true)"]))
        if name == "__typename":
            return f"{self._alias()}__typename {directive}"
        inner = get_named_type(parent.fields[name].type)
        nested = self._selection(inner, depth=depth - 1) if isinstance(inner, GraphQLObjectType) else ""
        return f"{self._alias()}{name} {directive} {nested}"

    def _alias(self) -> str:
        """An alias now and then: a document may hold fifteen."""
        if self._aliases == 6 or not self._draw(st.booleans()):
            return ""
        self._aliases += 1
        return f"a{self._aliases}: "


NAMES = (
    county.SURNAMES[0],
    county.GIVEN[0],
    search_keys(county.SURNAMES[0] + county.GIVEN[0])[0][:3],
    *search_keys(county.SURNAMES[1] + county.GIVEN[1]),
)
"""A name's beginning and what is none, the beginning of a name in pinyin, a whole one, and its initials."""
_NAMED = {"case": "case", "doubt": "doubt", "delivery": "delivery"}
"""What the ids of a root are made of, where it isn't children."""


_OF_IDS = {"fieldCheckId": "fieldCheck", "checkInId": "checkIn", "runId": "letterRun"}


def _values(root: str, argument: str, grants: Grants) -> st.SearchStrategy[Any]:
    numbers = st.integers(0, 47)
    ids = numbers.map(lambda n: str(county.made(_NAMED.get(root, "child"), n)))
    match argument:
        case "first":
            return st.integers(1, 4)
        case "id" | "childId" | "about" | "householdId":
            return ids
        case "township":
            return st.sampled_from([county.XIAODIAN, county.SANTUN, county.ELSEWHERE])
        case "state":
            return st.sampled_from([*county.STATES, *county.CASE_STATES, "opened", "delivered", "open", "previewed"])
        case "kind":
            return st.sampled_from(["not_in_seat", "not_enrolled"])
        case (
            "overdue"
            | "mine"
            | "served"
            | "ranOut"
            | "verified"
            | "conflict"
            | "open"
            | "answered"
            | "ended"
            | "closed"
            | "leftBehind"
            | "migrant"
            | "poor"
            | "disabled"
            | "complete"
            | "settled"
            | "late"
            | "handled"
            | "unreviewed"
            | "done"
        ):
            return st.booleans()
        case "programme" | "category" | "helper" | "schoolYear":
            return st.sampled_from(["living_allowance", "minimum_living", "teacher-2", "2026", "2026-2027"])
        case "department":
            return st.sampled_from([f"school:{county.SCHOOL}", "education_bureau:410326"])
        case "actor":
            return st.sampled_from(["bureau-office", "someone"])
        case "decision":
            return st.sampled_from(["answered", "denied"])
        case "asOf" if root == "duties":
            return st.sampled_from([(county.NOW - timedelta(days=days)).isoformat() for days in (20, 35, 47)])
        case "from" | "until" if root == "duties":
            return st.dates(county.TODAY - timedelta(days=70), county.TODAY + timedelta(days=9)).map(str)
        case "since" | "until":
            return st.sampled_from([str(county.NOW).replace(" ", "T"), "2026-01-01T00:00:00+08:00"])
        case "standing":
            return st.sampled_from(STANDINGS)
        case "caseId":
            return st.sampled_from([str(county.made("case", 0)), str(county.made("case", 4))])
        case "owedBy" if root == "duties":
            return st.sampled_from(["civil_affairs:410326", f"school:{county.SCHOOL}"])
        case "owner":
            return st.sampled_from(["public_security:410326", f"school:{county.SCHOOL}"])
        case "unit":
            return st.sampled_from(["education_bureau:410326", f"school:{county.SCHOOL}"])
        case "register":
            return st.sampled_from(["in_school", "enrolment"])
        case "obligedFrom":
            return st.sampled_from(["2021-09-01", "2026-09-01"])
        case "scoreFrom":
            return st.sampled_from([0.5, 0.75, 0.9])
        case "round" | "term":
            return st.sampled_from([county.ROUND, county.TERM])
        case "found":
            return st.sampled_from(["moved_away", "not_reached"])
        case "fieldCheckId" | "checkInId" | "runId":
            return st.integers(0, 1).map(lambda n: str(county.made(_OF_IDS[argument], n)))
        case "officer" | "visitor":
            return st.sampled_from(["teacher-0", "teacher-1", "cadre-2", "cadre-3"])
        case "toUnit":
            return st.sampled_from(county.DEPARTMENTS)
        case "purpose":
            return st.sampled_from(["find_child", "child_labour"])
        case "month":
            return st.sampled_from([county_oversight.MONTH, "2026-07"])
        case "year":
            return st.sampled_from([county_oversight.YEAR, 2025])
        case "level":
            return st.sampled_from(["county_township", "township_village"])
        case "result":
            return st.sampled_from(["complied", "not_complied"])
        case "channel" | "code":
            return st.sampled_from(["email", "sms", "CODE1"])
        case "shows":
            return st.sampled_from(county_oversight.SHOWN)
        case "matter":
            return st.sampled_from(["rectification", "admonition", "case_step"])
        case "owedBy":
            return st.sampled_from(["school", "township"])
        case "upTo":
            return st.sampled_from(["education_bureau", "county_government"])
        case "role":
            return st.sampled_from(county_oversight.ROLES)
        case "village" | "school":
            return st.sampled_from([getattr(county, argument.upper())])
        case "on":
            return st.dates(county.TODAY - timedelta(days=100), county.TODAY + timedelta(days=9)).map(str)
        case "reached" | "awaiting" | "group":
            return st.sampled_from(
                [
                    "confirmed",
                    "educated",
                    "ordered",
                    "sued",
                    "clearance",
                    "extension",
                    "left_behind",
                    "poverty",
                    "nothing",
                ]
            )
        case "name":
            return st.sampled_from([*NAMES, "", " ", "%", "'", "zzz"])
        case "idLast4":
            return st.sampled_from(["0001", "0014", "", "x", "00"])
        case "asOf":
            return st.dates(county.TODAY.replace(year=2020), county.TODAY).map(str)
        case "period" | "packId" | "entered" | "cell":
            return st.sampled_from(_OF_STATISTICS[argument])
        case "after":
            return st.builds(lambda n: _cursor(root, n, grants), numbers)
        case _:
            raise AssertionError(argument)


def _cursor(root: str, number: int, grants: Grants) -> str:
    keys = ROOTS[root].page_keys(grants=grants)
    values = {
        "text": county.XIAODIAN,
        "timestamptz": county.NOW.isoformat(),
        "date": str(county.TODAY - timedelta(days=number)),
        "uuid": str(county.made("child", number)),
    }
    return cursor_of(*(values[key.cast] for key in keys))


def equal(unfenced: Any, gateway: Any, query: str, variables: dict[str, Any], *, by: str | tuple[str, str]) -> Any:
    """Asks both ways and compares; gives the answer."""
    resolved = gateway.resolve(query, variables, by=by)  # first, because a compiled look adds its own receipt
    compiled = unfenced.ask(query, variables, by=by)
    assert compiled.data == resolved.data
    [receipt] = unfenced.receipts_of()
    assert resolved.touched == set(receipt["child_ids"])
    return compiled.data


def is_allowed(query: str) -> bool:
    try:
        refuse_excess(parse(query))
    except BadArgument:
        return False
    return True


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_compiled_and_resolved_answers_are_the_same(unfenced: Any, gateway: Any, data: st.DataObject) -> None:
    by = data.draw(st.sampled_from(EVERYBODY))
    document = Document(data, grants_of(by))
    query = document.write()
    assume(is_allowed(query))
    equal(unfenced, gateway, query, document.variables, by=by)


@pytest.mark.parametrize("by", EVERYBODY, ids=str)
def test_every_list_is_the_same_whatever_narrows_it(unfenced: Any, gateway: Any, by: str | tuple[str, str]) -> None:
    grants = grants_of(by)
    for name in sorted(name for name, root in ROOTS.items() if root.keys and grants.of("Query", name)):
        plain = [
            field
            for field, definition in SCHEMA.type_map[ROOTS[name].type].fields.items()
            if grants.of(ROOTS[name].type, field) and not isinstance(get_named_type(definition.type), GraphQLObjectType)
        ]
        for narrowing in _narrowings(name, grants):
            query = f"{{ {name}(first: 60{narrowing}) {{ nodes {{ {' '.join(plain)} }} pageInfo {{ hasNextPage }} }} }}"
            equal(unfenced, gateway, query, {}, by=by)


def _leading_on(kind: str, grants: Grants, *, depth: int) -> str:
    """Whatever a type leads to that these callers may follow, and what that leads to; of each no more than its id."""
    parts = ["id" if grants.of(kind, "id") else "__typename"]
    for name, field in SCHEMA.type_map[kind].fields.items():
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLObjectType) and grants.of(kind, name) and depth and inner.name in TABLES:
            parts.append(f"{name} {_leading_on(inner.name, grants, depth=depth - 1)}")
    return f"{{ {' '.join(parts)} }}"


@pytest.mark.parametrize("by", ["bureau-office", "inspector", "school-principal", "civil-affairs-officer"])
def test_a_receipt_names_every_child_shown_below_a_row_of_any_list(unfenced: Any, gateway: Any, by: str) -> None:
    grants, wide = grants_of(by), set()
    for name in sorted(name for name, root in ROOTS.items() if root.keys and grants.of("Query", name)):
        below = _leading_on(ROOTS[name].type, grants, depth=2)
        query = f"{{ {name}(first: 60{_REQUIRED.get(name, '')}) {{ nodes {below} }} }}"
        if is_allowed(query):
            equal(unfenced, gateway, query, {}, by=by)
            wide |= {name for link in TABLES[ROOTS[name].type].links.values() if not link.stays}
    assert wide or by in {"school-principal", "civil-affairs-officer"}


def test_a_household_shown_by_its_plan_is_on_the_receipt_whole_as_far_as_it_is_shown(
    unfenced: Any, gateway: Any
) -> None:
    shown = "{ householdPlans(first: 60) { nodes { children { id name plans { measures { id } } } } } }"
    for by in ("bureau-office", "xiaodian-officer"):
        plans = equal(unfenced, gateway, shown, {}, by=by)["householdPlans"]["nodes"]
        children = {UUID(child["id"]) for plan in plans for child in plan["children"]}
        assert set(unfenced.receipts_of()[0]["child_ids"]) == children
        assert children
    some = "{ householdPlans(first: 1) { edges { node { children { id } } } } }"
    [edge] = equal(unfenced, gateway, some, {}, by="bureau-office")["householdPlans"]["edges"]
    assert len(unfenced.receipts_of()[0]["child_ids"]) == len(edge["node"]["children"]) > 0
    unseen = "{ householdPlans(first: 60) { nodes { id overdue } } }"
    equal(unfenced, gateway, unseen, {}, by="bureau-office")
    assert unfenced.receipts_of()[0]["child_ids"] == []


def test_every_relation_stays_with_its_child_or_its_children_are_named_besides() -> None:
    """What doesn't stay costs a second reading of the same rows, so each is known here by name."""
    wide = {f"{table.type}.{name}" for table in TABLES.values() for name, link in table.links.items() if not link.stays}
    of_no_child = {f"{table.type}.{name}" for table in TABLES.values() for name, link in table.links.items()
                   if not TABLES[link.type].of_child}  # fmt: skip

    assert wide - of_no_child == {"HouseholdPlan.children", "RowPair.right"}


_OF_STATISTICS: dict[str, list[object]] = {
    "packId": [str(county.made("pack", "410326", "2026-08"))],
    "period": ["2026-08", "2026-07"],
    "entered": [2018, 2019],
    "cell": ["in_school/*/*", f"age/{county.XIAODIAN}/*", f"verifying/{county.XIAODIAN}/", f"pupils/*/{county.SCHOOL}"],
}
_REQUIRED = {
    "countedChildren": ', cell: "age/*/*"',
    "partitionChildren": ', state: "in_seat"',
    "receipts": f', childId: "{county.made("child", 0)}"',
    "fieldCheckAnswers": f', fieldCheckId: "{county.made("fieldCheck", 0)}"',
}
"""Arguments a list can't be asked without."""


def _narrowings(root: str, grants: Grants) -> list[str]:
    """Each filter of a list with each value it may have; what a list requires is in all of them."""
    required = _REQUIRED.get(root, "")
    values: dict[str, list[object]] = {
        "township": [county.XIAODIAN, county.SANTUN, county.ELSEWHERE],
        "state": ["suspect", "confirmed", "opened", "delivered", "released", "in_force"],
        "kind": ["not_in_seat", "suit", "consent", "access"],
        "overdue": [True, False],
        "unreviewed": [True, False],
        "officer": ["teacher-1"],
        "childId": [str(county.made("child", 2))],
        "owner": ["public_security:410326"],
        "mine": [True, False],
        "round": [county.ROUND],
        "term": [county.TERM],
        "runId": [str(county.made("letterRun", 0))],
        "code": ["CODE1"],
        "checkInId": [str(county.made("checkIn", 0))],
        "verified": [True, False],
        "leftBehind": [True, False],
        "migrant": [True],
        "poor": [True, False],
        "disabled": [True],
        "reached": ["confirmed", "educated", "ordered", "sued", "nothing"],
        "awaiting": ["clearance", "extension", "nothing"],
        "conflict": [True, False],
        "found": ["moved_away"],
        "name": [*NAMES],
        "idLast4": ["0001"],
        "open": [True, False],
        "toUnit": ["civil_affairs"],
        "purpose": ["find_child"],
        "on": [str(county.TODAY), str(county.TODAY - timedelta(days=40)), str(county.TODAY - timedelta(days=200))],
        "visitor": ["teacher-1"],
        "shows": ["receipt"],
        "served": [True, False],
        "done": [True, False],
        "householdId": [str(county.made("household", 0))],
        "category": ["minimum_living"],
        "helper": ["teacher-1"],
        "schoolYear": ["2026-2027"],
        "ranOut": [True, False],
        "result": ["complied"],
        "ended": [True, False],
        "month": [county_oversight.MONTH],
        "complete": [True, False],
        "year": [county_oversight.YEAR],
        "level": ["county_township"],
        "closed": [True, False],
        "answered": [True, False],
        "settled": [True, False],
        "late": [True, False],
        "handled": [True, False],
        "owedBy": ["school", "county"],
        "matter": ["admonition"],
        "programme": ["boarding"],
        "upTo": ["education_bureau"],
        "village": [county.VILLAGE],
        "group": ["left_behind", "poverty", "nothing"],
        "school": [county.SCHOOL],
        "role": ["village_cadre"],
        "unit": ["education_bureau:410326", f"school:{county.SCHOOL}"],
        "register": ["in_school", "enrolment"],
        "obligedFrom": ["2021-09-01", "2026-09-01"],
        "scoreFrom": [0.5, 0.9],
        "department": ["education_bureau:410326"],
        "actor": ["bureau-office"],
        "about": [str(county.made("report", 0))],
        "id": [str(county.made("paymentList", 0))],
        **_OF_STATISTICS,
        "channel": ["sms", "email"],
        "decision": ["answered", "denied"],
        "since": ["2026-09-14T00:00:00+00:00"],
        "until": ["2026-09-14T00:00:00+00:00"],
    }
    if root == "duties":
        values |= {
            "from": [str(county.TODAY - timedelta(days=45))],
            "until": [str(county.TODAY - timedelta(days=45))],
            "asOf": [(county.NOW - timedelta(days=days)).isoformat() for days in (20, 35, 47)],
            "owedBy": ["civil_affairs:410326", f"school:{county.SCHOOL}"],
            "matter": ["case_step"],
            "standing": list(STANDINGS),
            "caseId": [str(county.made("case", 0))],
        }
    granted = [
        name
        for name in ROOTS[root].filters
        if name not in required and root != "receipts" and may_filter(root, name, grants)
    ]
    return [required, *(f"{required}, {name}: {json.dumps(value)}" for name in granted for value in values[name])]


@pytest.mark.parametrize("by", ["bureau-office", "xiaodian-officer", "school-principal", "civil-affairs-officer"])
def test_pages_follow_each_other_without_a_gap_or_a_repetition(gateway: Any, by: str) -> None:
    root = "children" if by != "civil-affairs-officer" else "referrals"
    whole = gateway.ask(f"{{ {root}(first: 200) {{ nodes {{ id }} }} }}", by=by).data[root]["nodes"]
    query = f"query($after: String) {{ {root}(first: 3, after: $after) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"

    walked, after, more = [], None, True
    while more:
        page = gateway.ask(query, {"after": after}, by=by).data[root]
        walked += page["nodes"]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]

    assert walked == whole
    assert len(whole) > 3


def test_a_cursor_of_another_area_opens_no_other_area(gateway: Any) -> None:
    before_everything = cursor_of("0", str(UUID(int=0)))
    query = "query($after: String) { children(first: 200, after: $after) { nodes { township } } }"

    nodes = gateway.ask(query, {"after": before_everything}, by="xiaodian-officer").data["children"]["nodes"]

    assert {node["township"] for node in nodes} == {county.XIAODIAN}


@pytest.mark.parametrize(
    "cursor", ["", "x", "eHg=", cursor_of("410326103", "no id"), cursor_of("41;--", str(UUID(int=0)))]
)
def test_a_cursor_that_is_none_is_refused_in_words(gateway: Any, cursor: str) -> None:
    query = "query($after: String) { children(after: $after) { nodes { id } } }"

    reply = gateway.ask(query, {"after": cursor}, by="xiaodian-officer")

    assert reply.code == "BAD_REQUEST"
    assert "after is a cursor" in reply.message


@pytest.mark.parametrize("first", [0, -1, 201, 2_000_000_000])
def test_a_page_has_one_to_two_hundred_rows(gateway: Any, first: int) -> None:
    reply = gateway.ask("query($n: Int!) { children(first: $n) { nodes { id } } }", {"n": first}, by="bureau-office")

    assert reply.code == "BAD_REQUEST"


def test_the_partition_adds_up_to_all_children_of_school_age(gateway: Any) -> None:
    rows = gateway.ask("{ partition { state count } }", by="bureau-office").data["partition"]

    with psycopg.connect(gateway.owner_dsn) as connection:
        [(everybody,)] = connection.execute(
            "select count(*) from child left join child_identity using (child_id)"
            " where child.township between '410326' and '410327' and merged_into is null and (birth_date is null"
            " or extract(year from age(%s, birth_date)) between 6 and 16)",
            [county.TODAY],
        ).fetchall()
    assert sum(row["count"] for row in rows) == everybody
    assert everybody > 10


@pytest.mark.parametrize(
    "by", ["bureau-office", "school-principal", "village-cadre", "disability-officer", "inspector"]
)
def test_every_relation_is_the_same_and_in_the_same_order(unfenced: Any, gateway: Any, by: str) -> None:
    grants = grants_of(by)
    for root, type_name in (
        ("children", "Child"),
        ("cases", "Case"),
        ("findings", "Finding"),
        ("doubts", "Doubt"),
        ("visits", "Visit"),
        ("inspections", "Inspection"),
    ):
        for name, link in TABLES[type_name].links.items():
            if not grants.of("Query", root) or not grants.of(type_name, name):
                continue
            inner = [field for field in TABLES[link.type].columns if grants.of(link.type, field)]
            if grants.of(link.type, "measures"):
                inner.append("measures { id measure }")
            equal(
                unfenced,
                gateway,
                f"{{ {root}(first: 25) {{ nodes {{ {name} {{ {' '.join(inner)} }} }} }} }}",
                {},
                by=by,
            )


def test_names_that_stand_under_another_township_are_not_shown(read_model: Any, unfenced: Any, gateway: Any) -> None:
    child = str(county.made("moved"))
    with psycopg.connect(read_model.dsn("gateway_writer"), autocommit=True) as writer:
        writer.execute("insert into child (child_id, township) values (%s, %s)", [child, county.XIAODIAN])
        writer.execute(
            "insert into child_identity (child_id, township, name) values (%s, %s, '甲')", [child, county.SANTUN]
        )
        try:
            data = equal(unfenced, gateway, f'{{ child(id: "{child}") {{ name }} }}', {}, by="xiaodian-officer")
        finally:
            writer.execute("delete from child_identity where child_id = %s", [child])
            writer.execute("delete from child where child_id = %s", [child])
    assert data == {"child": {"name": None}}
