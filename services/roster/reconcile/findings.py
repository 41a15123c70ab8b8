"""What is wrong or has to be looked into for one child, from its rows alone; where the child is says `accounting.py`.

Each finding names its rows, the department that owes the next step, and a reason in plain words without personal data. The
wording of the kinds is the published interface; the ages are completed years on the as-of date, 6 to 16 inclusive.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from services.roster.reconcile.door import read_found
from services.roster.reconcile.evidence import is_cut_of
from services.roster.reconcile.facts import Held
from services.roster.reconcile.identity import Likeness, NumberKind, name_likeness
from services.roster.reconcile.model import (
    Department,
    Facts,
    Finding,
    FindingKind,
    HukouState,
    Register,
    RowRef,
)
from services.roster.reconcile.normalise import is_blank, parse_date, word
from services.roster.reconcile.records import Record

WINDOW = (6, 16)  # completed years, both inclusive
DEPARTED = "其他离校"

# Who owes the next step.
OWNERS: Mapping[FindingKind, Department] = {
    FindingKind.NOT_ENROLLED: Department.TOWNSHIP,  # 乡镇 visits the household
    FindingKind.NOT_IN_SEAT: Department.SCHOOL,  # 学校 looks for its pupil first
    FindingKind.UNEXPLAINED_DEPARTURE: Department.SCHOOL,  # N: 对标注为其他离校的,要说明具体原因
    FindingKind.TRANSFER_PENDING: Department.SCHOOL,  # 学校督促学生家长尽快办理学籍转接手续
    FindingKind.DUPLICATE_ENROLMENT: Department.EDUCATION,  # 学籍 authority decides which one stays
    FindingKind.GHOST_ENROLMENT: Department.EDUCATION,  # 防止空挂学籍
    FindingKind.NO_ID_NUMBER: Department.POLICE,  # 户籍 registration
    FindingKind.IDENTITY_MISMATCH: Department.EDUCATION,  # overridden where the household register is at odds with itself
    FindingKind.DISABLED_UNPLACED: Department.DISABLED_FEDERATION,  # proposes; the panel decides 一人一案 (N1.7)
    FindingKind.POVERTY_OUT_OF_SCHOOL: Department.TOWNSHIP,  # 四包一
    FindingKind.SUSPECT_LISTED: Department.EDUCATION,  # 动态销号 with evidence
    FindingKind.NOT_REPORTED: Department.SCHOOL,  # N2.1: 学校逐一核实未报到的原因
    FindingKind.FIELD_OUT_OF_SCHOOL: Department.TOWNSHIP,  # N1.8: who asked at the door goes on from there
}

IDENTITY_REGISTERS = frozenset({Register.HUKOU, Register.ENROLMENT, Register.POVERTY, Register.DISABILITY})


def completed_years(birth: date, as_of: date) -> int:
    """Age in completed years; who is born on 29 February completes a year on 1 March of common years."""
    return as_of.year - birth.year - ((as_of.month, as_of.day) < (birth.month, birth.day))


def in_window(birth: date | None, as_of: date) -> bool:
    """Whether a child is in the window of 6 to 16 completed years; an unknown birth date is not."""
    return birth is not None and WINDOW[0] <= completed_years(birth, as_of) <= WINDOW[1]


class Situation(Struct, frozen=True, gc=False):
    """A child's rows sorted by what they say about school; made by `situate`."""

    rows: Sequence[Record]
    held: Held
    in_window: bool
    alive: bool  # neither dead nor cancelled by the household register
    enrolments: Sequence[Record]  # 学籍 rows, whatever their state
    active: Sequence[Record]  # 学籍 rows 在读
    unexplained: Sequence[Record]  # 学籍 rows 其他离校 without a reason
    seats: Sequence[Record]  # class list rows that do not say the child failed to come
    check_ins: Sequence[Record]  # check-in rows of the latest term
    placed: bool  # 送教上门
    elsewhere: bool  # 外地就读
    not_in_seat: bool  # 名在人不在
    not_enrolled: bool  # 适龄失学: in the window, alive, in no 学籍 row
    age_known: bool

    def of(self, register: Register) -> Sequence[Record]:
        """The rows of one register."""
        return self.held.get(register, ())


def situate(rows: Sequence[Record], held: Held, *, facts: Facts, as_of: date) -> Situation:
    """Sort a child's rows, `held` by register, by what they say about school on a date."""
    alive = facts.hukou_state is not HukouState.DEAD and facts.hukou_state is not HukouState.CANCELLED
    within = in_window(facts.birth_date, as_of)
    enrolments = held.get(Register.ENROLMENT, [])
    active = [r for r in enrolments if r.active]
    seats = [r for r in held.get(Register.IN_SCHOOL, ()) if not r.absent]
    placed, elsewhere = any(r.placed for r in active), any(r.elsewhere for r in active)
    return Situation(
        rows=rows,
        held=held,
        in_window=within,
        alive=alive,
        enrolments=enrolments,
        active=active,
        unexplained=[
            r for r in enrolments if DEPARTED in r.state and is_blank(r.row.cells.get("departure_reason", ""))
        ],
        seats=seats,
        check_ins=_of_latest_term(held.get(Register.CHECK_IN, ())),
        placed=placed,
        elsewhere=elsewhere,
        not_in_seat=alive and not placed and not elsewhere and bool(active) and _misses_seat(active, seats),
        not_enrolled=within and alive and not enrolments,
        age_known=facts.birth_date is not None,
    )


def _of_latest_term(rows: Sequence[Record]) -> Sequence[Record]:
    """The rows of the term named last; terms are written so that they sort (2026-2027-1, 2026年秋)."""
    latest = max((_term(r) for r in rows), default="")
    return [r for r in rows if _term(r) == latest]


def _term(record: Record) -> str:
    return word(record.row.cells.get("term", ""))


def _misses_seat(active: Sequence[Record], seats: Sequence[Record]) -> bool:
    """On no class list, or marked 在籍不在校 unless the class list of another 学籍 of the child has it."""
    if not seats:
        return True
    seen = {r.school for r in seats}
    return any(r.absent for r in active) and not any(r.school in seen and not r.absent for r in active)


Test = Callable[[Situation], tuple[Sequence[Record], str] | None]


def _test_not_enrolled(s: Situation) -> tuple[Sequence[Record], str] | None:
    return (s.rows, "适龄，任何学籍记录中都没有") if s.not_enrolled else None


def _test_not_in_seat(s: Situation) -> tuple[Sequence[Record], str] | None:
    if not s.not_in_seat:
        return None
    return s.active, "学籍标注在籍不在校" if any(r.absent for r in s.active) else "学籍在读，但不在任何在校名册上"


def _test_unexplained(s: Situation) -> tuple[Sequence[Record], str] | None:
    return (s.unexplained, "学籍标注其他离校，未说明原因") if s.unexplained else None


def _test_transfer(s: Situation) -> tuple[Sequence[Record], str] | None:
    rows = [r for r in s.active if r.elsewhere]
    return (rows, "学籍在读但在外地就读，尚未办理转学") if rows else None


def _test_duplicate(s: Situation) -> tuple[Sequence[Record], str] | None:
    return (s.active, f"同一学生有{len(s.active)}条在读学籍") if len(s.active) > 1 else None


def _test_ghost(s: Situation) -> tuple[Sequence[Record], str] | None:
    gone = not s.alive and s.active
    return ([*s.of(Register.HUKOU), *s.active], "户籍已死亡或注销，学籍仍在读") if gone else None


def _test_no_number(s: Situation) -> tuple[Sequence[Record], str] | None:
    given = any(r.number.valid for r in s.rows) or any(r.older_number.valid for r in s.enrolments)
    return (s.rows, "各名册均无有效身份证号") if s.in_window and not given else None


def _test_mismatch(s: Situation) -> tuple[Sequence[Record], str] | None:
    found = list(contradictions([r for r in s.rows if r.register in IDENTITY_REGISTERS]))
    if not found:
        return None
    rows = {r.ref: r for pair, _ in found for r in pair}
    return [rows[ref] for ref in sorted(rows)], "；".join(dict.fromkeys(reason for _, reason in found))


def _test_disabled(s: Situation) -> tuple[Sequence[Record], str] | None:
    rows = s.of(Register.DISABILITY)
    return (rows, "持残疾人证，适龄未入学") if rows and s.not_enrolled else None


def _test_poverty(s: Situation) -> tuple[Sequence[Record], str] | None:
    rows = s.of(Register.POVERTY)
    out = s.not_enrolled or s.not_in_seat
    return ([*rows, *s.active], "脱贫户或监测对象家庭儿童未入学或不在校") if rows and out else None


def _test_suspect(s: Situation) -> tuple[Sequence[Record], str] | None:
    rows = s.of(Register.SUSPECTS)
    return (rows, "在国家平台下发的疑似辍学名单上") if rows else None


def _test_not_reported(s: Situation) -> tuple[Sequence[Record], str] | None:
    """Every check-in row of the latest term says that the child did not come, and no class list has it since."""
    rows = s.check_ins
    if not s.alive or not rows or not all(r.absent for r in rows):
        return None
    asked = max((day for r in rows if (day := _reported_on(r))), default=None)
    if asked and any(day > asked for r in s.seats if (day := _reported_on(r))):
        return None
    stated = all(not is_blank(r.row.cells.get("absence_reason", "")) for r in rows)
    return rows, "开学报到册上未报到" + ("，学校已注明原因，待逐一核实" if stated else "，未注明原因")


def _test_field(s: Situation) -> tuple[Sequence[Record], str] | None:
    """Somebody asked at the door and the child was in no school, and no class list has it since."""
    rows = [r for r in s.of(Register.FIELD_CHECK) if read_found(r.row.cells.get("found", "")) == "out_of_school"]
    if not rows or not s.alive or (s.age_known and not s.in_window):
        return None
    asked = max((day for r in rows if (day := parse_date(r.row.cells.get("visited_on", "")))), default=None)
    if asked and any(day > asked for r in s.seats if (day := _reported_on(r))):
        return None
    return rows, "摸排时不在校"


def _reported_on(record: Record) -> date | None:
    return parse_date(record.row.cells.get("reported_on", ""))


TESTS: Mapping[FindingKind, Test] = {
    FindingKind.NOT_ENROLLED: _test_not_enrolled,
    FindingKind.NOT_IN_SEAT: _test_not_in_seat,
    FindingKind.UNEXPLAINED_DEPARTURE: _test_unexplained,
    FindingKind.TRANSFER_PENDING: _test_transfer,
    FindingKind.DUPLICATE_ENROLMENT: _test_duplicate,
    FindingKind.GHOST_ENROLMENT: _test_ghost,
    FindingKind.NO_ID_NUMBER: _test_no_number,
    FindingKind.IDENTITY_MISMATCH: _test_mismatch,
    FindingKind.DISABLED_UNPLACED: _test_disabled,
    FindingKind.POVERTY_OUT_OF_SCHOOL: _test_poverty,
    FindingKind.SUSPECT_LISTED: _test_suspect,
    FindingKind.NOT_REPORTED: _test_not_reported,
    FindingKind.FIELD_OUT_OF_SCHOOL: _test_field,
}


def find(situation: Situation, *, label: str) -> Iterator[Finding]:
    """All findings of one child."""
    for kind, test in TESTS.items():
        found = test(situation)
        if found is not None:
            rows, reason = found
            evidence: tuple[RowRef, ...] = tuple(dict.fromkeys(r.ref for r in rows))
            owner = OWNERS[kind]
            if kind is FindingKind.IDENTITY_MISMATCH and all(ref.register is Register.HUKOU for ref in evidence):
                owner = Department.POLICE
            yield Finding(label=label, kind=kind, reason=reason, evidence=evidence, owner=owner)


def contradictions(rows: Sequence[Record]) -> Iterator[tuple[tuple[Record, ...], str]]:
    """Contradictions in name, sex, birth date and number, between the rows and inside each; habits of writing are none."""
    for r in rows:
        if r.number.kind is NumberKind.BROKEN:
            yield (r,), "身份证号校验不通过"
        elif r.number.birth and r.birth and r.number.birth != r.birth:
            yield (r,), "身份证号与出生日期不符"
        elif r.number.kind is NumberKind.VALID and r.sex and r.number.sex is not r.sex:
            yield (r,), "身份证号与性别不符"
    for position, a in enumerate(rows):
        for b in rows[position + 1 :]:
            if a.name and b.name and a.name != b.name and name_likeness(a.name, b.name) < Likeness.COMPATIBLE:
                yield (a, b), "姓名不一致"
            if a.sex and b.sex and a.sex is not b.sex:
                yield (a, b), "性别不一致"
            if a.birth and b.birth and a.birth != b.birth:
                yield (a, b), "出生日期不一致"
            if _numbers_differ(a, b):
                yield (a, b), "身份证号不一致"


_COMPARABLE = frozenset({NumberKind.VALID, NumberKind.ROUNDED, NumberKind.MASKED})


def _numbers_differ(a: Record, b: Record) -> bool:
    if a.number.text == b.number.text or a.number.kind not in _COMPARABLE or b.number.kind not in _COMPARABLE:
        return False
    if NumberKind.MASKED in (a.number.kind, b.number.kind) and a.number.text.count("*") + b.number.text.count("*") > 10:
        return False
    return not is_cut_of(a.number.text, b.number.text) and not is_cut_of(b.number.text, a.number.text)
