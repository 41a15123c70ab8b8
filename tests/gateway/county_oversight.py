"""The work around the cases of the invented county: visits, lists, statements, inspections, letters, posts."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import msgspec

from gateway.readmodel.disclosure import cells_of
from tests.gateway.places import ELSEWHERE, NOW, OTHER_SCHOOL, SANTUN, SCHOOL, TODAY, VILLAGE, XIAODIAN, made
from tests.gateway.readmodel.telling_oversight import CONTENT, PACK

Told = tuple[str, dict[str, object]]
MONTH, YEAR = "2026-08", 2026
SHOWN = ("visit", "receipt")
ROLES = ("village_cadre", "township_cadre")
GROUP = f"group:{VILLAGE}-02"


def oversight_of(number: int, *, child_id: UUID, case_id: UUID, township: object) -> Iterator[Told]:
    """What was done about one child."""
    of_child = {"child_id": child_id, "township": township}
    if number % 3 == 0:
        photo = made("attachment", number)
        yield (
            "attachment",
            {
                **of_child,
                "attachment_id": photo,
                "case_id": case_id,
                "shows": SHOWN[number % 2],
                "media_type": "image/jpeg",
                "size": 9,
                "sha256": "ab",
                "kept_on": TODAY,
                "document_id": made("document", number, "written_report") if number % 2 == 0 else None,
            },
        )
        for part in range(2):
            yield (
                "visit",
                {
                    **of_child,
                    "visit_id": made("visit", number, part),
                    "case_id": case_id if number % 2 == 0 else None,
                    "method": "home_visit",
                    "attitude": "wavering",
                    "visitor": f"teacher-{number % 2}",
                    "visited_on": TODAY - timedelta(days=part),
                    "next_on": TODAY + timedelta(days=7) if part else None,
                    "attachments": [photo] if part else [],
                },
            )
            if part:
                yield (
                    "visit_words",
                    {
                        **of_child,
                        "visit_id": made("visit", number, part),
                        "promise": f"第{number}户答应下周一送孩子到校",
                    },
                )
    if number % 4 == 0:
        yield (
            "visit_plan",
            {
                **of_child,
                "plan_id": made("visitPlan", number),
                "visitor": f"teacher-{number % 2}",
                "reason": "left_behind",
                "every_days": 30,
                "first_on": TODAY,
                "next_on": TODAY + timedelta(days=number % 3 - 1),
                "missed": number % 3,
                "ended_on": TODAY if number % 8 == 4 else None,
            },
        )
    if case_id is not None and number % 3 == 0:
        served = number % 2 == 0
        yield (
            "proceedings",
            {
                **of_child,
                "proceedings_id": made("proceedings", number),
                "case_id": case_id,
                "number_in_case": 1,
                "kind": "suit",
                "state": "served" if served else "accepted",
                "brought_by": f"township:{of_child['township']}",
                "authority": "court:410326",
                "ground": made("ground", number),
                "legal_basis": "义务教育法第五十八条",
                "filed_on": TODAY - timedelta(days=40),
                "docket": f"(2026)豫0326民初{number}号",
                "accepted_on": TODAY - timedelta(days=35),
                "decision": "granted" if served else "",
                "grants": True if served else None,
                "served_on": TODAY - timedelta(days=10) if served else None,
                "in_force_on": TODAY + timedelta(days=number % 4 - 1) if served else None,
            },
        )
    if number % 5 < 2:
        yield request_of(number, child_id=child_id, township=township)
    if number % 6 == 0:
        yield (
            "assistance_letter",
            {
                **of_child,
                "letter_id": made("letter", number),
                "case_id": case_id,
                "place": "410105",
                "number": f"函〔2026〕{number}号",
                "request": "请协助查找",
                "reply_by": TODAY + timedelta(days=number % 5 - 2),
                "sent_on": TODAY - timedelta(days=20),
                "answered_on": TODAY if number % 4 == 2 else None,
            },
        )


def request_of(number: int, *, child_id: UUID, township: object) -> Told:
    """What a guardian asked of what is held of a child: owed by its township or its school, some late, some answered."""
    return (
        "data_request",
        {
            "child_id": child_id,
            "township": township,
            "request_id": made("dataRequest", number),
            "receipt_number": f"QL20261101-{number}",
            "kind": ("access", "copy", "correction", "deletion", "explanation")[number % 5],
            "asked_by": ("father", "mother", "other_guardian", "child")[number % 4],
            "request": "请提供登记内容",
            "received_for": f"township:{township}",
            "owed_by": f"township:{township}" if number % 2 else f"school:{SCHOOL}",
            "due_on": TODAY + timedelta(days=number % 5 - 2),
            "received_on": TODAY - timedelta(days=20),
            "ended_on": TODAY if number % 3 == 0 else None,
        },
    )


def oversight_of_units() -> Iterator[Told]:
    """What was asked of units, found at them and signed by them."""
    yield (
        "statement",
        {
            "township": XIAODIAN,
            "statement_id": made("statement of a group"),
            "level": "village_group",
            "year": YEAR,
            "superior": f"village:{VILLAGE}",
            "party": GROUP,
            "signed_on": TODAY,
        },
    )
    for number, (township, unit) in enumerate(
        (
            (XIAODIAN, f"township:{XIAODIAN}"),
            (XIAODIAN, f"school:{SCHOOL}"),
            (SANTUN, f"school:{OTHER_SCHOOL}"),
            (SANTUN, f"township:{SANTUN}"),
            (ELSEWHERE, f"township:{ELSEWHERE}"),
        )
    ):
        of_unit = {"township": township, "unit": unit}
        due_on = TODAY + timedelta(days=number % 2 * 2 - 1)
        answered_on = TODAY if number == 2 else None
        yield (
            "inspection",
            {
                **of_unit,
                "inspection_id": made("inspection", number),
                "matter": "ledgers",
                "population": 9,
                "sample": [made("case", 0), made("case", 2)],
                "opened_on": TODAY - timedelta(days=9),
                "closed_on": TODAY if number == 3 else None,
            },
        )
        for part, state in enumerate(("owed", "right")):
            yield (
                "inspection_finding",
                {
                    "township": township,
                    "finding_id": made("inspectionFinding", number, part),
                    "inspection_id": made("inspection", number),
                    "number": part + 1,
                    "finding": "台账与实际不符",
                    "owed_by": unit,
                    "due_on": due_on,
                    "first_due_on": due_on,
                    "reported_on": TODAY if state == "right" else None,
                    "state": state,
                },
            )
        yield (
            "public_report",
            {
                "township": township,
                "report_id": made("report", number),
                "receipt_number": f"JB20260901-{number}",
                "received_on": TODAY - timedelta(days=12),
                "owed_step": "look_into_report",
                "owed_by": "bureau",
                "owed_due_on": (None, TODAY - timedelta(days=1), TODAY)[number % 3],
                "inquiries": number % 2,
                "inquired_on": TODAY - timedelta(days=2) if number % 2 else None,
                "outcome": "" if number % 3 else "not_so",
                "handled_on": None if number % 3 else TODAY,
            },
        )
        if number != 4:
            yield (
                "report_words",
                {
                    "township": township,
                    "report_id": made("report", number),
                    "text": f"第{number}窑厂有个男孩在做工",
                    "supplements": ["他叔叔也在那里"] if number % 2 else [],
                    "notes": ["村干部说没有见过"] if number % 2 else [],
                },
            )
        yield (
            "admonition",
            {
                **of_unit,
                "admonition_id": made("admonition", number),
                "kind": ("interview", "circular")[number % 2],
                "number": f"约〔2026〕{number}号",
                "ground": "劝返不力",
                "reply_by": due_on,
                "issued_on": TODAY - timedelta(days=9),
                "answered_on": answered_on,
            },
        )
        yield (
            "accountability",
            {
                **of_unit,
                "decision_id": made("accountability", number),
                "ground": "逾期未整改",
                "measure": "circular",
                "number": f"追〔2026〕{number}号",
                "decided_on": TODAY,
            },
        )
        yield (
            "zero_report",
            {
                **of_unit,
                "report_id": made("zeroReport", number),
                "month": MONTH,
                "late": number == 1,
                "signed_on": TODAY,
            },
        )
        yield (
            "persuasion_list",
            {
                "township": township,
                "list_id": made("list", number),
                "month": MONTH,
                "returned": number,
                "signed_by": ["village_secretary"],
                "complete": number % 2 == 0,
                "opened_on": TODAY,
            },
        )
        yield (
            "statement",
            {
                "township": township,
                "statement_id": made("statement", number),
                "level": ("county_township", "township_village")[number % 2],
                "year": YEAR,
                "superior": "county_government:410326",
                "party": unit,
                "signed_on": TODAY,
            },
        )
        yield (
            "late_reply",
            {
                "township": township,
                "late_reply_id": made("late", number),
                "matter": ("rectification", "admonition")[number % 2],
                "about": made("inspection", number),
                "owed_by": unit,
                "due_on": TODAY - timedelta(days=9),
                "up_to": ("education_bureau", "county_government")[number % 2],
                "noted_on": TODAY - timedelta(days=8),
                "settled_on": TODAY if number == 3 else None,
            },
        )
        yield (
            "procuratorate_notice",
            {
                "township": township,
                "notice_id": made("procuratorate", number),
                "sender": f"procuratorate:{township[:6]}",
                "number": f"检建〔2026〕{number}号",
                "matter": "督促履职",
                "reply_by": due_on,
                "received_on": TODAY - timedelta(days=20),
                "answered_on": answered_on,
            },
        )
    yield from _duties()
    for number, area in enumerate(("410326", "410326", "410327")):
        yield (
            "county_report",
            {
                "report_id": made("countyReport", number),
                "unit": f"education_bureau:{area}",
                "township": area,
                "number": f"〔2026〕{number}号",
                "confirmed": [made("case", 0), made("case", 2)],
                "unreachable": [made("case", 4)][:number],
                "made_on": TODAY - timedelta(days=number),
            },
        )
    yield from _made_public()
    yield from _counted()
    yield from _posts()


def _duties() -> Iterator[Told]:
    """What units owed: of each a duty that was done, one whose term was extended, and one that is owed still."""
    for number, (township, owed_by) in enumerate(
        (
            (XIAODIAN, f"township:{XIAODIAN}"),
            (XIAODIAN, f"school:{SCHOOL}"),
            (XIAODIAN, f"village:{VILLAGE}"),
            (SANTUN, f"school:{OTHER_SCHOOL}"),
            (SANTUN, "civil_affairs"),
            (ELSEWHERE, "civil_affairs"),
        )
    ):
        about = made("matter", number)
        for part, (outcome, extended) in enumerate((("done", False), ("expired", True), ("lifted", False), ("", True))):
            since = NOW - timedelta(days=60 - 10 * part)
            due_on = since.date() + timedelta(days=7 + number)
            terms: list[dict[str, object]] = [{"at": since, "due_on": due_on, "change": "set"}]
            if extended:
                later = {"due_on": due_on + timedelta(days=5), "change": "extended"}
                terms.append({"at": since + timedelta(days=6), **later})
            ended_at = since + timedelta(days=9) if outcome else None
            yield (
                "duty",
                {
                    "township": township,
                    "duty_id": made("duty", number, part),
                    "about": about,
                    "number": part + 1,
                    "matter": ("case_step", "referral")[number % 2],
                    "step": "verify",
                    "owed_by": owed_by,
                    "officer": ("teacher-0", "")[part % 2],
                    "child_id": made("child", number * 4 + part) if part else None,
                    "case_id": made("case", number * 4) if part == 1 else None,
                    "since_on": since.date(),
                    "since_at": since,
                    "terms": terms,
                    "due_on": terms[-1]["due_on"],
                    "outcome": outcome,
                    "ended_on": ended_at.date() if ended_at else None,
                    "ended_at": ended_at,
                    "ended_by": "teacher-1" if ended_at else "",
                    "ended_for": owed_by if ended_at else "",
                    "changed_at": ended_at or terms[-1]["at"],
                },
            )


def _counted() -> Iterator[Told]:
    """A pack that was restated, one of another month, and one of another county; and who entered school once."""
    for number, (area, period, version) in enumerate(
        (("410326", "2026-08", 1), ("410326", "2026-08", 2), ("410326", "2026-07", 1), ("410327", "2026-08", 1))
    ):
        yield (
            "statistics_pack",
            {
                "version_id": made("pack version", number),
                "pack_id": made("pack", area, period),
                "township": area,
                "unit": f"education_bureau:{area}",
                "version": version,
                "kind": "monthly",
                "period": period,
                "counted_on": TODAY - timedelta(days=number),
                "differing": number,
                "content": msgspec.to_builtins(PACK),
                "sha256": f"ab{number}",
                "replaces": "ab0" if version > 1 else "",
                "reached": ["roster:7"],
                "reason": "一所学校重报" if version > 1 else "",
                "made_by": "officer-1",
                "made_on": TODAY - timedelta(days=number),
            },
        )
        yield (
            "entry_cohort",
            {
                "cohort_id": made("cohort", number),
                "township": area,
                "school": (SCHOOL, OTHER_SCHOOL)[number % 2],
                "entered": 2018 + number // 2,
                "pupils": 120 + number,
                "paper": "2018年统计年报",
                "stated_by": "officer-1",
                "stated_on": TODAY,
            },
        )


def _made_public() -> Iterator[Told]:
    for number, (area, state) in enumerate(
        (("410326", "released"), ("410326", "withdrawn"), ("410326", "prepared"), ("410327", "prepared"))
    ):
        is_public = state in {"released", "withdrawn"}
        yield (
            "disclosure",
            {
                "disclosure_id": made("disclosure", number),
                "unit": f"education_bureau:{area}",
                "township": area,
                "state": state,
                "number": number + 1 if is_public else 0,
                "content": msgspec.to_builtins(CONTENT),
                "cells": msgspec.to_builtins(cells_of(CONTENT.tables)),
                "counted_on": TODAY - timedelta(days=number),
                "school_year": CONTENT.school_year,
                "rule": CONTENT.rule,
                "tasks": list(CONTENT.tasks),
                "methods": list(CONTENT.methods),
                "bodies": ["township:410326103 责令限期改正"],
                "sha256": f"ab{number}",
                "reached": ["roster:7"],
                "prepared_by": "officer-1",
                "prepared_on": TODAY - timedelta(days=number),
                "released_on": TODAY if is_public else None,
                "reason": "乡镇一栏有误" if state == "withdrawn" else "",
                "ended_on": TODAY if state == "withdrawn" else None,
            },
        )


def _posts() -> Iterator[Told]:
    for number, place in enumerate(
        (
            {"township": XIAODIAN, "village": VILLAGE, "school": "", "role": "village_cadre"},
            {"township": XIAODIAN, "village": "", "school": SCHOOL, "role": "principal"},
            {"township": XIAODIAN, "village": "", "school": "", "role": "section_head"},
            {"township": SANTUN, "village": "", "school": "", "role": "section_head"},
            {"township": ELSEWHERE, "village": "", "school": "", "role": "section_head"},
        )
    ):
        post = made("post", number)
        for part, (officer, begun) in enumerate((("cadre-1", 90), ("cadre-2", 30))):
            yield (
                "post_tenure",
                {
                    **place,
                    "tenure_id": made("tenure", number, part),
                    "post_id": post,
                    "officer": officer,
                    "from_on": TODAY - timedelta(days=begun),
                    "deputy": False,
                },
            )
        yield (
            "post_tenure",
            {
                **place,
                "tenure_id": made("tenure", number, "deputy"),
                "post_id": post,
                "officer": "cadre-3",
                "from_on": TODAY - timedelta(days=10),
                "until_on": TODAY + timedelta(days=number),
                "deputy": True,
            },
        )
