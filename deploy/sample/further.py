"""Two further lists beside the six registers: those civil affairs supports 民政救助, and the check-in at term start 开学报到.

They are drawn after everything else from streams of their own, so the six registers of a county are the same with or without
them. Civil affairs checks every entry with the police: it writes in its own way but states nothing wrong. A check-in list is
printed from the enrolment register, so its names and numbers are those of the 学籍; what the school adds is who came.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from deploy.sample.clerk import Cell, Clerk, Stated
from deploy.sample.errors import Errors
from deploy.sample.lives import SEATED, Life, Schooling
from deploy.sample.registers import ENROLMENT, Row, form_of, term_start

CIVIL_AFFAIRS = form_of(
    "civil_affairs",
    "civil_affairs.xlsx",
    "序号 姓名 性别 身份证号 出生日期 救助类别 监护人姓名 监护人电话 乡镇 行政村",
    title="汝阳县困境儿童及民政救助对象名册",
)
CHECK_IN = form_of(
    "check_in",
    "check_in.csv",
    "学校标识码 学校名称 学期 年级 班级 学籍号 姓名 报到情况 报到日期 未报到原因",
    encoding="utf-8-sig",
)
FURTHER_FORMS = (CIVIL_AFFAIRS, CHECK_IN)

HOUSEHOLD_RELIEF = {"农村低保": 0.30, "特困供养": 0.02}
"""Of households on the poverty register; a household's children share it."""

CHILD_RELIEF = {"孤儿": 0.001, "事实无人抚养儿童": 0.003}
"""Of single children, whatever their household."""

_REASONS: dict[Schooling, tuple[str, ...]] = {
    Schooling.ELSEWHERE: ("随父母外地就读", "外地就读", ""),
    Schooling.DEAD_BUT_ENROLLED: ("", "联系不上"),
    Schooling.ABSENT: ("", "联系不上", "外出务工", "厌学"),
    Schooling.MARKED_ABSENT: ("", "联系不上", "外出务工", "厌学", "因病请假"),
}
"""Why a pupil did not come, as the school writes it; often it writes nothing."""

_CAME = ("已报到", "已报到", "已报到", "报到")
_DID_NOT = ("未报到", "未报到", "未到")


_BY_CLASS = ("学校标识码", "年级", "班级")


def further_registers(
    lives: list[Life], *, enrolment: list[Row], as_of: date, errors: Errors, rng: Random
) -> dict[str, list[Row]]:
    """The rows of the further lists, by register; `enrolment` as the schools wrote it."""
    clerk = Clerk(errors=errors, rng=rng, slips=0.0, date_form="dashes", sheet=True)
    return {
        CIVIL_AFFAIRS.register: list(_civil_affairs(lives, clerk)),
        CHECK_IN.register: list(_check_in(lives, enrolment=enrolment, as_of=as_of, rng=rng)),
    }


def _civil_affairs(lives: list[Life], clerk: Clerk) -> Iterator[Row]:
    """Living children of supported households, orphans, and those whom in fact nobody brings up."""
    households: dict[str, str] = {}
    for life in lives:
        child, home = life.child, life.child.household
        if home.number not in households:
            households[home.number] = _draw(HOUSEHOLD_RELIEF, clerk.rng) if home.poverty else ""
        relief = _draw(CHILD_RELIEF, clerk.rng) or households[home.number]
        if not relief or life.schooling in {Schooling.DEAD, Schooling.DEAD_BUT_ENROLLED}:
            continue
        who = clerk.identity(child, known_as=child.name)
        cells: tuple[Cell, ...] = (
            *(None, who.name, who.sex, who.number, who.birth, relief, home.guardian, home.phone),
            *(clerk.township(home.village.township), home.village.name),
        )
        yield Row(child.id, cells, who.stated)


def _draw(shares: dict[str, float], rng: Random) -> str:
    draw = rng.random()
    for kind, share in shares.items():
        draw -= share
        if draw < 0:
            return kind
    return ""


def _check_in(lives: list[Life], *, enrolment: list[Row], as_of: date, rng: Random) -> Iterator[Row]:
    """Everybody a school expects in class by its 学籍 in force, by school, grade and class; not who is taught at home."""
    known = {life.child.id: life for life in lives}
    place = {column: index for index, column in enumerate(ENROLMENT.columns)}
    start = term_start(as_of)
    year = start.year if start.month >= 9 else start.year - 1
    term = f"{year}-{year + 1}-{1 if start.month >= 9 else 2}"
    expected = [row for row in enrolment if row.status == "在读" and row.standing != "送教上门"]
    for row in sorted(expected, key=lambda row: tuple(str(row.cells[place[c]]) for c in _BY_CLASS)):
        life = known[row.child_id]
        came = (
            life.schooling in SEATED and life.school is not None and row.cells[place["学校标识码"]] == life.school.code
        )
        days = rng.choices((0, 1, 2, 5, 9), weights=(700, 200, 60, 30, 10))[0]
        reported_on = min(as_of, start + timedelta(days=days)).isoformat() if came else None
        arrival = rng.choice(_CAME if came else _DID_NOT)
        reason = None if came else rng.choice(_REASONS.get(life.schooling, ("",))) or None
        printed = {column: row.cells[place[column]] for column in (*_BY_CLASS, "学校名称", "学籍号", "姓名")}
        added = {"学期": term, "报到情况": arrival, "报到日期": reported_on, "未报到原因": reason}
        yield Row(
            row.child_id,
            tuple((printed | added)[column] for column in CHECK_IN.columns),
            Stated(name=row.stated.name, sex=None, birth=None, number=None),
            status="报到" if came else "未报到",
            school_number=row.school_number,
        )
