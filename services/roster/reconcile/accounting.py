"""Where a child is accounted for on a date 归类: exactly one state, by the first rule that holds.

The registers speak first. Only a child of whom they leave nothing but a suspicion is accounted for by what people saw: first that
it reported at a school, then what the field check found at the door. Neither makes the findings go away, which name what a
department still owes, nor does hearsay end a search where an office has to put something on paper first:

- `dead`, `moved_away`, `no_such_person`: only the police say so; the child stays a suspect until the household register does.
- `at_school_here`: not against a school whose own class list lacks its pupil; `taught_at_home`: only with a disability certificate.
- `too_young_or_done`, `out_of_school`, `not_reached`: change nothing, for the dates, the finding and the search speak for themselves.
"""

from collections.abc import Callable
from typing import Final

from services.roster.reconcile.door import read_found
from services.roster.reconcile.findings import DEPARTED, Situation
from services.roster.reconcile.model import AccountedState, Register
from services.roster.reconcile.normalise import word


def account(s: Situation) -> tuple[AccountedState, str]:
    """Where the child is on the as-of date, and why; the first that holds, so exactly one."""
    state, reason = _by_registers(s)
    if state is AccountedState.SUSPECT and (seen := _by_eye(s)) is not None:
        return seen
    return state, reason


def _is_said(*words: str) -> Callable[[Situation], bool]:
    """Whether the state of a 学籍 says one of some words."""
    return lambda s: any(word in r.state for r in s.enrolments for word in words)


_BY_REGISTERS: Final[tuple[tuple[Callable[[Situation], bool], AccountedState, str], ...]] = (
    (lambda s: not s.alive, AccountedState.GONE, "户籍死亡或注销"),
    (lambda s: s.placed, AccountedState.PLACED, "送教上门"),
    (lambda s: s.elsewhere, AccountedState.ELSEWHERE, "外地就读"),
    (lambda s: s.not_in_seat, AccountedState.SUSPECT, "名在人不在"),
    (lambda s: bool(s.active), AccountedState.IN_SEAT, "在读且在校名册上"),
    (lambda s: bool(s.seats), AccountedState.IN_SEAT, "在校名册上，无在读学籍"),
    (lambda s: bool(s.unexplained), AccountedState.SUSPECT, "其他离校未说明原因"),
    (_is_said("转出"), AccountedState.TRANSFERRED_OUT, "学籍转出"),
    (_is_said("毕业", "结业"), AccountedState.GRADUATED, "毕业或结业"),
    (_is_said(DEPARTED), AccountedState.LEFT_EXPLAINED, "其他离校，已说明原因"),
    (_is_said("休学"), AccountedState.LEFT_EXPLAINED, "休学"),
    (lambda s: bool(s.enrolments), AccountedState.SUSPECT, "学籍状态不明"),
)
"""By the registers alone, the first that holds."""


def _by_registers(s: Situation) -> tuple[AccountedState, str]:
    for holds, state, reason in _BY_REGISTERS:
        if holds(s):
            return state, reason
    if s.in_window or not s.age_known:
        return AccountedState.SUSPECT, "任何学籍记录中都没有" if s.in_window else "仅在疑似名单上，查无此人"
    return AccountedState.LEFT_EXPLAINED, "不在学龄"


def _by_eye(s: Situation) -> tuple[AccountedState, str] | None:
    """Where people saw the child of whom the registers say nothing better; None where nobody did, or sheets contradict each other."""
    if not s.active and any(not r.absent and word(r.row.cells.get("arrival", "")) for r in s.check_ins):
        return AccountedState.IN_SEAT, "开学已报到，无在读学籍"
    found = {read_found(r.row.cells.get("found", "")) for r in s.of(Register.FIELD_CHECK)} - {"", "not_reached"}
    match list(found):
        case ["at_school_elsewhere"]:
            return AccountedState.ELSEWHERE, "摸排：在外地就读，待核实"
        case ["abroad"]:
            return AccountedState.LEFT_EXPLAINED, "摸排：出国（境），待核实"
        case ["taught_at_home"] if s.of(Register.DISABILITY):
            return AccountedState.PLACED, "摸排：送教上门，待核实"
        case ["at_school_here"] if not s.active:
            return AccountedState.IN_SEAT, "摸排：在本县就读，待核实"
        case _:
            return None
