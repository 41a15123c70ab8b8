"""The truth beside the registers: which rows are one child's, and which findings hold, by the words the score counts.

Age is in completed years; the window is 6 to 16. `active` means 学籍状态 = 在读. `identity_mismatch` looks at what the hukou,
enrolment, poverty and disability rows *state* (`clerk.Stated`): they contradict each other, or one contradicts its own number,
or a number fails its check. Spacing, width, case, old forms, unprintable characters, missing and rounded numbers state nothing
different; a 学籍号 that kept an older number is not looked at.
"""

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from deploy.sample.lives import Life, Schooling
from deploy.sample.numbers import birth_of, is_valid, sex_of
from deploy.sample.registers import Row

_IDENTIFYING = frozenset({"hukou", "enrolment", "poverty", "disability"})
_STUDYING_ELSEWHERE = frozenset({"外地就读", "送教上门"})

KINDS = (
    "not_enrolled",
    "not_in_seat",
    "unexplained_departure",
    "transfer_pending",
    "duplicate_enrolment",
    "ghost_enrolment",
    "no_id_number",
    "identity_mismatch",
    "disabled_unplaced",
    "poverty_out_of_school",
    "suspect_listed",
)
FURTHER_KINDS = ("not_reported",)
"""Kinds that only the further registers can tell of."""


def find_truth(lives: list[Life], registers: dict[str, list[Row]]) -> Iterator[tuple[str, str]]:
    """(child id, kind) of all findings, in the order of the children. A child on no list is seen by nobody: no findings."""
    rows: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for register, listed in registers.items():
        for row in listed:
            rows[row.child_id][register].append(row)
    for life in lives:
        child_rows = rows.get(life.child.id)
        if child_rows:
            held = _kinds(life, child_rows)
            yield from ((life.child.id, kind) for kind in (*KINDS, *FURTHER_KINDS) if kind in held)


def _kinds(life: Life, rows: dict[str, list[Row]]) -> AbstractSet[str]:
    held: set[str] = set()
    enrolment = rows.get("enrolment", [])
    active = [row for row in enrolment if row.status == "在读"]
    cancelled = any(row.status in {"死亡", "注销"} for row in rows.get("hukou", []))
    alive = not cancelled and life.schooling is not Schooling.DEAD
    if life.in_window and alive and not enrolment:
        held.add("not_enrolled")
    if alive and active and not any(row.standing in _STUDYING_ELSEWHERE for row in active):
        marked = any(row.standing == "在籍不在校" for row in active)
        if marked or "in_school" not in rows:
            held.add("not_in_seat")
    if any(row.status == "其他离校" and not row.reason for row in enrolment):
        held.add("unexplained_departure")
    if any(row.standing == "外地就读" for row in active):
        held.add("transfer_pending")
    if len(active) >= 2:
        held.add("duplicate_enrolment")
    if active and cancelled:
        held.add("ghost_enrolment")
    if life.in_window and not any(is_valid(number) for number in _numbers_given(rows)):
        held.add("no_id_number")
    if contradict([row for register in _IDENTIFYING for row in rows.get(register, [])]):
        held.add("identity_mismatch")
    out = held & {"not_enrolled", "not_in_seat"}
    if "not_enrolled" in held and "disability" in rows:
        held.add("disabled_unplaced")
    if out and "poverty" in rows:
        held.add("poverty_out_of_school")
    if "suspects" in rows:
        held.add("suspect_listed")
    if alive and "check_in" in rows and not any(row.status == "报到" for row in rows["check_in"]):
        held.add("not_reported")
    return held


def _numbers_given(rows: dict[str, list[Row]]) -> Iterator[str]:
    for listed in rows.values():
        for row in listed:
            if row.stated.number:
                yield row.stated.number
            if row.school_number and row.school_number.startswith("G"):
                yield row.school_number[1:]


def contradict(rows: list[Row]) -> bool:
    """Whether these rows of one child state two names, sexes, birth dates or numbers, or a number that fails its check."""
    numbers = {row.stated.number for row in rows if row.stated.number}
    if len(numbers) > 1 or any(not is_valid(number) for number in numbers):
        return True
    names = {row.stated.name for row in rows}
    sexes = ({row.stated.sex for row in rows} | {sex_of(number) for number in numbers}) - {None}
    births = ({row.stated.birth for row in rows} | {birth_of(number) for number in numbers}) - {None}
    return len(names) > 1 or len(sexes) > 1 or len(births) > 1
