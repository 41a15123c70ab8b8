"""A small invented county for the gateway's tests, written straight into the read model by its writer."""

# ruff: noqa: S608, S311  # made-up rows by made-up chance

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID

import msgspec
import psycopg

from gateway.readmodel.partition import recount
from gateway.readmodel.roster import search_keys
from tests.gateway.county_oversight import oversight_of, oversight_of_units
from tests.gateway.places import (
    ELSEWHERE,
    NOW,
    OTHER_SCHOOL,
    OTHER_VILLAGE,
    SANTUN,
    SCHOOL,
    TODAY,
    VILLAGE,
    XIAODIAN,
    made,
)

STATES = ("in_seat", "suspect", "placed", "")
CASE_STATES = ("suspected", "confirmed", "ordered", "closed")
DEPARTMENTS = ("public_security", "civil_affairs", "disabled_federation", "justice", "human_resources")
REFERRAL_STATES = ("opened", "accepted", "answered", "revoked")
OWNERS = ("public_security", "disabled_federation", "civil_affairs", "school", "township", "education_bureau")
TERM, ROUND = "2026-2027-1", "2026-autumn"
SURNAMES, GIVEN = "赵钱孙李周吴", ("一", "小二", "三三", "安")


def fill(connection: psycopg.Connection, *, children: int = 48) -> None:
    """Writes the county: about half its children with a case, some merged, some erased, and one county beside it."""
    insert(connection, county_rows(children=children))


def insert(connection: psycopg.Connection, rows: list[tuple[str, dict[str, object]]], *, counted: bool = True) -> None:
    """Writes rows of any tables; a column that a row does not name is null, or has its default where none of them does.

    Then all children are counted anew; whoever writes often does that once, at the end.
    """
    rows = [(table, _with_stretch(row) if table == "eligibility" else row) for table, row in rows]
    for table in dict.fromkeys(name for name, _ in rows):
        texts = msgspec.json.encode([row for name, row in rows if name == table]).decode()
        columns = ", ".join(dict.fromkeys(key for name, row in rows if name == table for key in row))
        connection.execute(
            f"insert into {table} ({columns}) select {columns} from jsonb_populate_recordset(null::{table}, %s::jsonb)".encode(),
            [texts],
        )
    if counted:
        recount(connection)


CLERKS = {
    "township": "xiaodian-officer",
    "school": "school-principal",
    "civil_affairs": "civil-affairs-officer",
    "education_bureau": "bureau-office",
}
"""Who has set an address of its own, by the kind of its unit."""


def _with_stretch(row: dict[str, object]) -> dict[str, object]:
    """An eligibility with its one stretch, as the fold keeps it, where none are given."""
    stretch = {name: row.get(name) for name in ("ground", "from_on", "until_on")}
    return {"spans": [stretch], **row}


def county_rows(*, children: int = 48) -> list[tuple[str, dict[str, object]]]:
    """All rows as (table, row), the same every time."""
    return list(_county(random.Random(20260914), children=children))


def _county(chance: random.Random, *, children: int) -> Iterator[tuple[str, dict[str, object]]]:
    yield "tracking", {"name": "roster/0", "position": 41}
    yield "tracking", {"name": "cases/0", "position": 17}
    townships: list[object] = []
    for number in range(children):
        for table, row in _child(chance, number):
            if table == "child":
                townships.append(row["township"])
            yield table, row
    for number in range(0, children - 5, 4):
        yield from _doubt(number, number + 5, townships=townships)
    yield from _household_plans(townships)
    yield from _taken_in()
    yield from _warrants(townships)
    yield from oversight_of_units()
    for number in range(12):
        unit = chance.choice(
            (f"township:{XIAODIAN}", f"school:{SCHOOL}", "civil_affairs:410326", "education_bureau:410326")
        )
        yield (
            "notice",
            {
                "notice_id": made("notice", number),
                "about": made("case", number),
                "case_id": made("case", number),
                "recipient": unit,
                "area": "410326",
                "township": chance.choice((XIAODIAN, SANTUN)),
                "reason": "step_owed",
                "text": "有一项应办事项即将到期",
                "reply_by": TODAY + timedelta(days=3),
                "state": chance.choice(("raised", "delivered", "acknowledged")),
                "channel": "inbox",
                "raised_at": NOW - timedelta(hours=number // 2),
                "acknowledged_by": "",
                "escalated_to": "",
            },
        )
        state = chance.choice(("accepted", "delivered", "failed", "open"))
        yield (
            "message",
            {
                "message_id": made("message", number),
                "unit": unit,
                "township": chance.choice((XIAODIAN, SANTUN)),
                "channel": ("email", "sms", "webhook")[number % 3],
                "hint": "…0001",
                "notice_ids": [made("notice", number)],
                "state": state,
                "failure": "refused" if state == "failed" else "",
                "reference": "A7",
                "tries": 1 + number % 3,
                "begun_at": NOW - timedelta(hours=number // 2),
                "settled_at": NOW - timedelta(hours=number // 3),
                "again_at": NOW + timedelta(hours=1) if state == "open" else None,
            },
        )
        yield (
            "contact_address",
            {
                "entry_id": made("address", number),
                "unit": unit,
                "channel": ("email", "sms", "webhook")[number % 3],
                "hint": "…0001",
                "holder": ("officer", "deputy")[number % 2],
                "account": CLERKS[unit.partition(":")[0]] if number % 3 == 2 else "",
                "matters": ((), ("case", "finding"))[number % 2],
                "suspended": "unreachable" if number % 5 == 0 else "",
                "set_at": NOW - timedelta(days=number // 2),
            },
        )
        yield (
            "contact",
            {
                "contact_id": made("contact", number),
                "unit": unit,
                "account": CLERKS[unit.partition(":")[0]] if number % 3 == 2 else "",
                "quiet_from": "21:00",
                "quiet_until": "07:00",
                "working_days": number % 2 == 0,
                "digest_at": "09:00" if number % 3 == 0 else "",
                "absent_from": TODAY if number % 4 == 0 else None,
                "absent_until": TODAY + timedelta(days=3) if number % 4 == 0 else None,
            },
        )


def _child(chance: random.Random, number: int) -> Iterator[tuple[str, dict[str, object]]]:
    child, case = made("child", number), made("case", number)
    township = chance.choices((XIAODIAN, SANTUN, ELSEWHERE), weights=(5, 3, 2))[0]
    school, village = chance.choice((SCHOOL, OTHER_SCHOOL, "")), chance.choice((VILLAGE, OTHER_VILLAGE, ""))
    has_case, has_ended = number % 2 == 0, number % 6 == 0
    of_child = {"child_id": child, "township": township}
    yield (
        "child",
        {
            **of_child,
            "village": village,
            "household_id": made("household", number // 2),
            "sex": chance.choice(("男", "女")),
            "school": school,
            "school_name": "小店镇第一小学" if school else "",
            "stage": chance.choice(("小学", "初中")),
            "grade": "三年级",
            "schooling_status": "在籍",
            "poverty": chance.choice(("", "脱贫户")),
            "disability": chance.choice(("", "听力")),
            "disability_grade": chance.choice(("", "2")),
            "left_behind": chance.random() < 0.5,
            "migrant": chance.random() < 0.5,
            "accounted_state": chance.choice(STATES),
            "accounted_reason": "在校名单",
            "accounted_on": TODAY - timedelta(days=number),
            "open_case_id": case if has_case and not has_ended else None,
            "obliged_from": date(2020 + number % 8, 9, 1) if number % 5 else None,
            "obliged_until": date(2030 + number % 8, 8, 31) if number % 5 else None,
            "merged_into": made("child", 0) if number % 13 == 12 else None,
            "erased": number % 11 == 10,
        },
    )
    yield "child_rows", {**of_child, **_rows(number)}
    if number % 11 != 10:
        name = chance.choice(SURNAMES) + chance.choice(GIVEN)
        pinyin, initials = search_keys(name)
        yield (
            "child_identity",
            {
                **of_child,
                "name": name,
                "id_number": f"41032620{number % 16 + 8:02d}0101{number:04d}" if number % 7 else "",
                "birth_date": None
                if number % 9 == 8
                else date(2026 - chance.randint(4, 18), 9, chance.choice((13, 14, 15))),
                "guardian_name": chance.choice(SURNAMES) + "某",
                "guardian_phone": f"138000{number:05d}",
                "name_pinyin": pinyin,
                "name_initials": initials,
                "id_last4": f"{number:04d}",
                "student_number": f"G41032620{number % 16 + 8:02d}0101{number:04d}" if number % 5 else "",
            },
        )
    for kind in range(chance.randint(0, 2)):
        yield (
            "finding",
            {
                **of_child,
                "finding_id": made("finding", number, kind),
                "kind": chance.choice(("not_in_seat", "not_enrolled")),
                "reason": "学籍在,人不在",
                "owner": owner_of(number + kind, township=township),
                "village": village,
                "school": school,
                "stage": "小学",
                "raised_on": TODAY - timedelta(days=20),
                "due_on": TODAY + timedelta(days=number % 9 - 4),
                "legal_basis": "义务教育法 第十三条",
                "state": "answered" if number % 3 == 1 else "open",
                "overdue": number % 9 < 4,
                "answer_code": "number_issued" if number % 3 == 1 else "",
                "resolved_on": TODAY if chance.random() < 0.3 else None,
                "resolution": "",
            },
        )
    yield from _terms(number, school=school, **of_child)
    if has_case:
        yield from _case(chance, number, village=village, school=school, **of_child)
    yield from _assistance(chance, number, **of_child)
    yield from oversight_of(number, child_id=child, case_id=case, township=township)


def owner_of(number: int, *, township: str) -> str:
    """The unit that owes the answer to a finding."""
    kind = OWNERS[number % len(OWNERS)]
    area = {"school": SCHOOL, "township": township}.get(kind, township[:6])
    return f"{kind}:{area}"


def _terms(number: int, *, child_id: UUID, township: str, school: str) -> Iterator[tuple[str, dict[str, object]]]:
    of_child = {"child_id": child_id, "township": township}
    if number % 4 < 2:
        served = number % 8 == 1
        yield (
            "guardian_letter",
            {
                **of_child,
                "letter_id": made("letter", number),
                "run_id": made("letterRun", number % 2),
                "kind": "enrolment",
                "school_year": "2026-2027",
                "code": f"CODE{number}",
                "legal_basis": "义务教育法第十一条",
                "serve_by": TODAY + timedelta(days=number % 3 - 1),
                "made_on": TODAY - timedelta(days=9),
                "state": "served" if served else "out",
                "method": "left" if served else "",
                "scan_id": made("attachment", number) if served else None,
                "served_on": TODAY if served else None,
                "served_by": "cadre-3" if served else "",
                "served_for": "township:410326103" if served else "",
            },
        )
    if number % 4 == 1:
        yield (
            "deferral",
            {
                **of_child,
                "deferral_id": made("deferral", number),
                "kind": "suspension",
                "proof": f"准〔2026〕{number}号",
                "from_on": TODAY - timedelta(days=9),
                "until_on": TODAY + timedelta(days=90),
                "approved_on": TODAY - timedelta(days=9),
            },
        )
        yield (
            "schooling_elsewhere",
            {
                **of_child,
                "proof_id": made("proof", number),
                "term": TERM,
                "place": "郑州市",
                "school_name": "某小学",
                "proof": f"证〔2026〕{number}号",
                "proved_on": TODAY,
            },
        )
        yield (
            "absence",
            {
                **of_child,
                "absence_id": made("absence", number),
                "check_in_id": made("checkIn", 0),
                "school": school,
                "term": TERM,
                "missed_on": TODAY - timedelta(days=6),
                "reason": "hospital" if number % 8 == 1 else "",
                "late": number % 16 == 1,
                "verified_on": TODAY if number % 8 == 1 else None,
            },
        )
    if number % 3 == 0:
        yield (
            "field_check_answer",
            {
                **of_child,
                "answer_id": made("line", number),
                "field_check_id": made("fieldCheck", number % 2),
                "round": ROUND,
                "found": ("", "moved_away", "not_reached")[number % 9 // 3],
                "conflict": number % 9 == 3,
                "answered_on": TODAY if number % 9 else None,
            },
        )


def two_rows(number: int, other: int) -> dict[str, object]:
    """Two rows side by side, as links and doubtful pairs name them."""
    return {
        "register": "hukou",
        "batch_id": made("batch", 1),
        "row": number + 1,
        "other_register": "enrolment",
        "other_batch_id": made("batch", 2),
        "other_row": other + 1,
    }


def _rows(number: int) -> dict[str, object]:
    """A child that two registers name, linked by its number or by what else agrees."""
    places = (("hukou", 1), ("enrolment", 2))
    rule, score = (("citizen number, name exact", 1.0), ("name homophone, birth same, guardian", 0.9871))[number % 2]
    grounds = [
        {"register": register, "batch_id": made("batch", batch), "row": number + 1, "rule": rule}
        for register, batch in places
    ]
    link = {**two_rows(number, number), "rule": rule, "words": f"{rule} (依据)", "score": score}
    return {"grounds": grounds, "links": [link]}


def _doubt(number: int, other: int, *, townships: list[object]) -> Iterator[tuple[str, dict[str, object]]]:
    decided = number // 4 % 3 == 1
    for step, what in enumerate(("raised", *(("same", "different") if decided else ()))):
        yield (
            "doubt_step",
            {
                "step_id": made("doubtStep", number * 10 + step),
                "doubt_id": made("doubt", number),
                "child_id": made("child", number),
                "other_id": made("child", other),
                "township": townships[number],
                "other_township": townships[other],
                "what": what,
                "reason": "同名同出生日期" if what == "raised" else "双胞胎",
                "score": 0.75 if what == "raised" else None,
                "at": NOW + timedelta(hours=step),
                "actor": f"officer-{step}",
                "department": "education_bureau:410326",
            },
        )
    yield (
        "doubt",
        {
            "doubt_id": made("doubt", number),
            "child_id": made("child", number),
            "other_id": made("child", other),
            "township": townships[number],
            "other_township": townships[other],
            "reason": "同名同出生日期",
            "score": 0.75,
            "state": ("open", "decided", "withdrawn")[number // 4 % 3],
            "raised_on": TODAY - timedelta(days=number // 8),
            "decision": "different" if decided else "",
            "pairs": [{**two_rows(number, other), "agree": ["name", "birth_date"], "differ": ["id_number"]}],
        },
    )
    for side, of in (("child_rows", number), ("other_rows", other)):
        yield (
            "doubt_row",
            {
                "row_id": made("doubtRow", number, side),
                "doubt_id": made("doubt", number),
                "child_id": made("child", of),
                "township": townships[of],
                "number": 1,
                "name": "张伟",
                "id_number": f"41032620140512{of % 10000:04d}",
                "student_number": f"G41032620140512{of % 10000:04d}",
                "birth_date": "2014-05-12",
                "guardian_name": f"张大{of}",
                "guardian_phone": f"1380000{of % 10000:04d}",
                "place": "三屯镇南村",
                "school_name": "三屯镇中心小学",
            },
        )


def _taken_in() -> Iterator[tuple[str, dict[str, object]]]:
    """What belongs to no child: check-ins, field checks, submissions and deliveries."""
    for number, school in enumerate((SCHOOL, OTHER_SCHOOL)):
        yield (
            "check_in",
            {
                "check_in_id": made("checkIn", number),
                "township": "410326",
                "school": school,
                "term": TERM,
                "expected": 9,
                "due_on": TODAY,
            },
        )
    for number in range(2):
        yield (
            "letter_run",
            {
                "run_id": made("letterRun", number),
                "kind": ("enrolment", "guardians")[number],
                "school_year": "2026-2027",
                "serve_by": TODAY,
                "expected": 40,
                "opened_on": TODAY - timedelta(days=9 + number),
            },
        )
    for number, (township, village) in enumerate(
        ((XIAODIAN, VILLAGE), (XIAODIAN, OTHER_VILLAGE), (SANTUN, "410326104001"), (ELSEWHERE, "410327101001"))
    ):
        yield (
            "field_check",
            {
                "field_check_id": made("fieldCheck", number),
                "township": township,
                "village": village,
                "round": ROUND,
                "children": 3,
                "answered": [made("child", 0), made("child", 3)],
                "conflicts": [made("child", 3)],
                "met": number,
                "opened_on": TODAY,
                "due_on": TODAY + timedelta(days=9),
                "reminded_on": TODAY if number else None,
            },
        )
        yield (
            "submission",
            {
                "submission_id": made("submission", number),
                "township": township,
                "round": ROUND,
                "version": 1,
                "children": 3,
                "state": ("made", "accepted")[number % 2],
                "made_by": f"township:{township}",
                "made_on": TODAY,
            },
        )
    for number, unit in enumerate(
        ("education_bureau:410326", f"school:{SCHOOL}", "public_security:410326", "education_bureau:410327")
    ):
        yield (
            "delivery",
            {
                "delivery_id": made("delivery", number),
                "township": unit[-6:] if number == 3 else "410326",
                "unit": unit,
                "files": 2,
                "state": ("previewed", "committed")[number % 2],
                "rows": 9,
                "handed_in_on": TODAY - timedelta(days=number),
            },
        )
        yield (
            "column_mapping",
            {
                "mapping_id": made("mapping", number),
                "township": unit[-6:] if number == 3 else "410326",
                "register": ("in_school", "enrolment")[number % 2],
                "unit": unit,
                "columns": [{"written": "娃娃", "field": "name"}, {"written": "几年级", "field": "grade"}],
                "saved_at": NOW - timedelta(hours=number),
                "saved_by": unit,
            },
        )


def _household_plans(townships: list[object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Plans of households of two children, who needn't live in the same township."""
    for number in range(0, len(townships) - 1, 2):
        yield (
            "household_plan",
            {
                "plan_id": made("householdPlan", number // 2),
                "household_id": made("household", number // 2),
                "township": townships[number],
                "children": [made("child", number), made("child", number + 1)],
                "opened_on": TODAY,
                "review_on": TODAY - timedelta(days=number % 3),
            },
        )


def _warrants(townships: list[object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Approvals for those who need one, and consents, orders and break-glass for some children."""
    for kind, purpose in (
        ("rural_affairs", "assistance"),
        ("supervision", "supervision"),
        ("procuratorate", "legal_supervision"),
        ("womens_federation", "mentoring"),
        ("youth_league", "mentoring"),
        ("supervision", "supervision_order"),
        ("education_bureau", "informant_contact"),
    ):
        yield "warrant", warrant("approval", f"{kind}:410326", purpose)
    yield "warrant", warrant("approval", "supervision:410328", "supervision")  # of a neighbouring county
    for number, township in enumerate(townships):
        of_child = {"child_id": made("child", number), "township": township}
        if number % 3 == 0:
            yield from consent("womens_federation:410326", number=number, **of_child)
        if number % 5 == 0:
            yield from consent("youth_league:410326", number=number, **of_child)
            yield "warrant", warrant("order", "supervision:410326", "supervision_order", **of_child)
        if number % 11 == 1:
            for kind in ("public_security", "civil_affairs", "health", "education_bureau"):
                yield "warrant", warrant("emergency", f"{kind}:410326", "emergency", actor="someone", **of_child)


def consent(unit: str, *, number: int, **of_child: object) -> Iterator[tuple[str, dict[str, object]]]:
    """A consent for mentors, of which every other guardian left the telephone and the age out; some were taken back."""
    given = warrant("consent", unit, "mentoring", **of_child)
    yield "warrant", given
    line = consent_line(given)
    if number % 2:
        line["fields"] = [name for name in MENTORED if name not in {"guardianPhone", "ageBand"}]
    yield "consent", line
    if number % 9 == 0:
        at = {"warrant_id": given["warrant_id"], "withdrawn_by": "mother", "form": "spoken", "stated_on": TODAY}
        ended = {"ended_at": NOW, "ended_by": "officer", "ended_for": unit, "end_reason": "consent_withdrawn"}
        yield "warrant_end", {"warrant_id": given["warrant_id"], **ended}
        yield "consent_withdrawal", {**at, "registered_at": NOW}


MENTORED = [
    "id",
    "name",
    "sex",
    "township",
    "village",
    "schoolName",
    "stage",
    "grade",
    "leftBehind",
    "guardianName",
    "guardianPhone",
    "ageBand",
    "inHardship",
]
"""What mentors are granted of a child."""


def consent_line(given: Mapping[str, object]) -> dict[str, object]:
    """The line of the register for a warrant of kind consent, about all fields."""
    return {
        "warrant_id": given["warrant_id"],
        "child_id": given["child_id"],
        "given_by": "mother",
        "own_view": "agrees",
        "form": "paper",
        "scan_id": made("scan", str(given["warrant_id"])),
        "fields": [*MENTORED],
        "stated_on": TODAY - timedelta(days=2),
        "registered_at": given["given_at"],
    }


def warrant(
    kind: str, unit: str, purpose: str, *, actor: str = "", lasts: timedelta = timedelta(days=30), **more: object
) -> dict[str, object]:
    """A warrant that was given a day ago and lasts from then."""
    return {
        "warrant_id": made("warrant", kind, unit, purpose, *more.values()),
        "kind": kind,
        "unit": unit,
        "purpose": purpose,
        "actor": actor,
        "township": "410326",
        "from_at": NOW - timedelta(days=1),
        "until_at": NOW - timedelta(days=1) + lasts,
        "paper": "教督〔2026〕1号",
        "given_by": "head",
        "given_for": unit,
        "given_at": NOW - timedelta(days=1),
        **more,
    }


def _asked(number: int) -> dict[str, object]:
    """What waits for a second person in every third case, by no chance, so that the other rows stay as they are."""
    nothing: dict[str, object] = {"clearance_asked": "", "clearance_evidence": "", "clearance_asked_by": ""}
    nothing |= {"extension_asked": 0, "extension_reason": "", "extension_asked_by": ""}
    match number % 6:
        case 0:
            return nothing | {
                "clearance_asked": "R9",
                "clearance_evidence": "deferral_approval: 教函〔2026〕7号",
                "clearance_asked_by": "xiaodian-officer",
                "clearance_asked_on": TODAY - timedelta(days=2),
                "clearance_until": TODAY + timedelta(days=90),
            }
        case 3:
            asked = {"extension_asked": 5, "extension_reason": "汛期道路中断", "extension_asked_by": "bureau-office"}
            return nothing | asked
        case _:
            return nothing


def _case(
    chance: random.Random, number: int, *, child_id: UUID, township: str, village: str, school: str
) -> Iterator[tuple[str, dict[str, object]]]:
    case = made("case", number)
    of_case = {"case_id": case, "child_id": child_id, "township": township}
    for part, id_ in enumerate((case, made("earlier case", number))):
        yield (
            "case_file",
            {
                **of_case,
                "case_id": id_,
                "state": chance.choice(CASE_STATES),
                "cause": "not_in_seat",
                "causes": ["learning", "poverty"][: chance.randint(0, 2)],
                "village": village,
                "school": school,
                "stage": "小学",
                "earlier_case": made("earlier case", number) if part == 0 and number % 4 == 0 else None,
                "opened_on": TODAY - timedelta(days=30 + part * 300),
                "owed_step": "persuade",
                "owed_by": "school",
                "owed_due_on": chance.choice((None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1))),
                "owed_rule": "N2.2",
                "owed_legal_basis": "义务教育法第十三条",
                "expired_steps": chance.randint(0, 2),
                "late_since": chance.choice((None, TODAY - timedelta(days=9))),
                "searched_on": chance.choice((None, TODAY - timedelta(days=3))),
                "seat_days": chance.randint(0, 20),
                "unnamed": ["helper", "teacher"][: number % 3],
                **_asked(number + part),
                "resolution": "",
            },
        )
    for step in range(chance.randint(1, 3)):
        yield (
            "case_step",
            {
                **of_case,
                "event_id": made("step", number, step),
                "type": "cases.persuasion-recorded.v1" if step else "cases.case-opened.v1",
                "at": NOW - timedelta(days=9 - step, microseconds=step * 250_000),
                "actor": "xiaodian-officer",
                "department": f"township:{township}",
                "purpose": "dropout_control",
                "detail": 'Opened 立案 "名在人不在"',
                "producer": "cases",
                "position": number * 10 + step,
            },
        )
        if step:
            note = {"event_id": made("step", number, step), "note": f"第{number}户父亲外出,祖母答应劝说"}
            yield "step_words", {**of_case, **note}
    for kind in ("written_report", "order_to_correct")[: chance.randint(0, 2)]:
        yield (
            "document",
            {
                **of_case,
                "document_id": made("document", number, kind),
                "kind": kind,
                "number": f"教〔2026〕{number}号",
                "issuer": f"township:{township}",
                "legal_basis": "义务教育法第五十八条",
                "term_days": 15,
                "issued_on": TODAY - timedelta(days=5),
                "served_on": chance.choice((None, TODAY - timedelta(days=4))),
                "method": "direct",
                "receipt": "",
                "expires_on": TODAY + timedelta(days=(number // 4) % 3 - 1),
                "result": "not_complied" if (number // 4) % 2 else "",
                "result_on": TODAY if (number // 4) % 2 else None,
                "result_by": "clerk-1" if (number // 4) % 2 else "",
            },
        )
    for asked in chance.sample(DEPARTMENTS, k=3):
        yield (
            "referral",
            {
                **of_case,
                "referral_id": made("referral", number, asked),
                "to_unit": asked,
                "purpose": "find_child",
                "request": "请协助核查",
                "state": chance.choice(REFERRAL_STATES),
                "opened_on": TODAY - timedelta(days=3),
                "reply_by": TODAY + timedelta(days=number % 7 - 3),
                "asked_by": f"township:{township}",
                "handed_on_from": made("referral", number, "lead") if number % 4 else None,
                "outcome": "",
                "decision": "filed" if number % 4 == 0 else "",
                "decision_paper": "汝公立字〔2026〕7号" if number % 4 == 0 else "",
                "decided_on": TODAY - timedelta(days=1) if number % 4 == 0 else None,
            },
        )
    yield (
        "responsibility",
        {
            "child_id": child_id,
            "township": township,
            "assignment_id": made("responsibility", number),
            "role": "teacher",
            "officer": f"teacher-{number % 4}",
            "from_on": TODAY - timedelta(days=25),
            "until_on": None,
            "successor": "",
        },
    )


def _assistance(
    chance: random.Random, number: int, *, child_id: UUID, township: str
) -> Iterator[tuple[str, dict[str, object]]]:
    of_child = {"child_id": child_id, "township": township}
    if chance.random() < 0.5:
        yield (
            "eligibility",
            {
                **of_child,
                "eligibility_id": made("eligibility", number),
                "category": "脱贫户",
                "ground": "",
                "from_on": TODAY,
            },
        )
        yield (
            "award",
            {
                **of_child,
                "award_id": made("award", number),
                "programme": "boarding",
                "term": "2026-autumn",
                "amount_fen": 62_500,
                "category": "脱贫户",
                "legal_basis": "",
                "granted_on": TODAY,
                "paid_fen": 0,
                "state": "granted",
                "list_id": made("paymentList", number) if number % 2 else None,
            },
        )
        yield (
            "payment_list",
            {
                "list_id": made("paymentList", number),
                "township": township,
                "programme": "boarding",
                "term": "2026-autumn",
                "school": SCHOOL,
                "lines": 1,
                "total_fen": 62_500,
                "state": "made",
                "made_by": "clerk-1",
                "made_on": TODAY,
            },
        )
        yield (
            "payment_refusal",
            {
                **of_child,
                "refusal_id": made("refusal", number),
                "award_id": made("award", number),
                "list_id": made("paymentList", number),
                "owner": f"school:{SCHOOL}",
                "reason": "card_lost",
                "raised_on": TODAY - timedelta(days=20),
                "due_on": TODAY + timedelta(days=number % 3 - 1),
                "closed_on": None if number % 4 else TODAY,
            },
        )
    if chance.random() < 0.5:
        plan = made("plan", number)
        ended_on = TODAY if number % 4 == 0 else None
        yield (
            "student_plan",
            {
                **of_child,
                "plan_id": plan,
                "opened_on": TODAY - timedelta(days=60),
                "review_on": None if ended_on else TODAY + timedelta(days=90 if number % 3 else -1),
                "ended_on": ended_on,
                "resolution": "kept" if ended_on else "",
            },
        )
        for part in range(2):
            yield (
                "measure",
                {
                    **of_child,
                    "measure_id": made("measure", number, part),
                    "plan_id": plan,
                    "measure": "家访",
                    "owner": "teacher-1",
                    "due_on": TODAY - timedelta(days=part),
                    "evidence": "",
                    "done_on": TODAY if number % 5 == 0 else None,
                },
            )
        yield (
            "learning_support",
            {
                **of_child,
                "support_id": made("support", number),
                "needs": ["语文"],
                "helper": "teacher-2",
                "begun_on": TODAY,
                "review_on": TODAY - timedelta(days=number % 3),
                "outcome": "ended" if number % 4 == 1 else "",
            },
        )
        yield (
            "home_teaching",
            {
                **of_child,
                "teaching_id": made("home", number),
                "school_year": "2026",
                "hours_so_far": 12,
                "last_given_on": TODAY,
            },
        )
        yield (
            "transfer",
            {
                **of_child,
                "transfer_id": made("transfer", number),
                "from_school": SCHOOL,
                "to_place": "410327",
                "to_school": "",
                "opened_on": TODAY,
                "due_on": TODAY + timedelta(days=30),
            },
        )
        yield (
            "placement",
            {
                **of_child,
                "placement_id": made("placement", number),
                "form": "regular_class",
                "school": SCHOOL,
                "decided_on": TODAY,
            },
        )
