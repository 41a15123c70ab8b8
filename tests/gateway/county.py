"""A small invented county for the gateway's tests, written straight into the read model by its writer."""

# ruff: noqa: S608, S311  # made-up rows by made-up chance

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import msgspec
import psycopg

TODAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 14, 2, 30, 0, 250_000, tzinfo=UTC)
SEED = UUID("6f0f0d9e-6c0a-4a52-9d0c-3b1f1c2d4e5f")

XIAODIAN, SANTUN, ELSEWHERE = "410326103", "410326104", "410327101"
VILLAGE, OTHER_VILLAGE = "410326103005", "410326103006"
SCHOOL, OTHER_SCHOOL = "3141000300", "3141000301"
STATES = ("in_seat", "suspect", "placed", "")
CASE_STATES = ("suspected", "confirmed", "ordered", "closed")
DEPARTMENTS = ("public_security", "civil_affairs", "disabled_federation", "justice", "human_resources")
REFERRAL_STATES = ("opened", "accepted", "answered", "revoked")
SURNAMES, GIVEN = "赵钱孙李周吴", ("一", "小二", "三三", "安")


def made(*name: object) -> UUID:
    """An id of the invented county, the same every time."""
    return uuid5(SEED, "/".join(map(str, name)))


def fill(connection: psycopg.Connection, *, children: int = 48) -> None:
    """Writes the county: about half its children with a case, some merged, some erased, and one county beside it."""
    rows = county_rows(children=children)
    for table in dict.fromkeys(name for name, _ in rows):
        texts = msgspec.json.encode([row for name, row in rows if name == table]).decode()
        columns = ", ".join(dict.fromkeys(key for name, row in rows if name == table for key in row))
        connection.execute(
            f"insert into {table} ({columns}) select {columns} from jsonb_populate_recordset(null::{table}, %s::jsonb)".encode(),
            [texts],
        )


def county_rows(*, children: int = 48) -> list[tuple[str, dict[str, object]]]:
    """All rows as (table, row), the same every time."""
    return list(_county(random.Random(20260914), children=children))


def _county(chance: random.Random, *, children: int) -> Iterator[tuple[str, dict[str, object]]]:
    yield "tracking", {"name": "roster/0", "position": 41}
    yield "tracking", {"name": "cases/0", "position": 17}
    for number in range(children):
        yield from _child(chance, number)
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
            "merged_into": made("child", 0) if number % 13 == 12 else None,
            "erased": number % 11 == 10,
        },
    )
    if number % 11 != 10:
        yield (
            "child_identity",
            {
                **of_child,
                "name": chance.choice(SURNAMES) + chance.choice(GIVEN),
                "id_number": f"41032620{number % 16 + 8:02d}0101{number:04d}" if number % 7 else "",
                "birth_date": None
                if number % 9 == 8
                else date(2026 - chance.randint(4, 18), 9, chance.choice((13, 14, 15))),
                "guardian_name": chance.choice(SURNAMES) + "某",
                "guardian_phone": f"138000{number:05d}",
                "name_pinyin": "",
                "name_initials": "",
                "id_last4": f"{number:04d}",
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
                "owner": "school",
                "village": village,
                "school": school,
                "stage": "小学",
                "raised_on": TODAY - timedelta(days=20),
                "resolved_on": TODAY if chance.random() < 0.3 else None,
                "resolution": "",
            },
        )
    if has_case:
        yield from _case(chance, number, village=village, school=school, **of_child)
    yield from _assistance(chance, number, **of_child)


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
                "resolution": "",
            },
        )
    for step in range(chance.randint(1, 3)):
        yield (
            "case_step",
            {
                **of_case,
                "event_id": made("step", number, step),
                "type": "cases.case-opened.v1",
                "at": NOW - timedelta(days=9 - step, microseconds=step * 250_000),
                "actor": "xiaodian-officer",
                "department": f"township:{township}",
                "purpose": "dropout_control",
                "detail": 'Opened 立案 "名在人不在"',
                "producer": "cases",
                "position": number * 10 + step,
            },
        )
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
                "reply_by": TODAY + timedelta(days=4),
                "outcome": "",
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
            },
        )
    if chance.random() < 0.5:
        plan = made("plan", number)
        yield "student_plan", {**of_child, "plan_id": plan, "opened_on": TODAY, "review_on": TODAY + timedelta(days=90)}
        for part in range(2):
            yield (
                "measure",
                {
                    **of_child,
                    "measure_id": made("measure", number, part),
                    "plan_id": plan,
                    "measure": "家访",
                    "owner": "teacher-1",
                    "due_on": TODAY,
                    "evidence": "",
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
                "outcome": "",
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
