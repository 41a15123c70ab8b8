"""The six registers as their offices hand them over: which child is on which list, and the columns of each.

`write_registers` turns lives into rows. A `Row` keeps, beside its cells, what the truth needs (`Stated`, status, standing): the
findings are computed from that, see `truth`. Adding a register: a `Form`, a function that yields its rows, a line in
`write_registers`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from deploy.sample.clerk import Cell, Clerk, Stated, change_digit, former_name, other_number, swap_digits
from deploy.sample.errors import Errors
from deploy.sample.lives import ACTIVE, SEATED, Life, Schooling
from deploy.sample.names import Name, compose_given, compose_surname
from deploy.sample.numbers import citizen_number
from deploy.sample.people import DISABILITIES, Progress
from deploy.sample.places import COUNTY_CODE, COUNTY_NAME, TOWNSHIPS, County, School


@dataclass(frozen=True, slots=True)
class Form:
    """A register's file: name, title above the header (spreadsheets only), columns, and encoding (None for a spreadsheet)."""

    register: str
    file: str
    title: str
    columns: tuple[str, ...]
    encoding: str | None = None


def form_of(register: str, file: str, columns: str, *, title: str = "", encoding: str | None = None) -> Form:
    """A form; its columns in one text."""
    return Form(register=register, file=file, title=title, columns=tuple(columns.split()), encoding=encoding)


HUKOU = form_of(
    "hukou",
    "hukou.csv",
    "户号 姓名 性别 公民身份号码 出生日期 民族 户主姓名 与户主关系 监护人姓名 联系电话 乡镇 行政村 村民组 户籍状态",
    encoding="gb18030",
)
ENROLMENT = form_of(
    "enrolment",
    "enrolment.xlsx",
    "学籍号 姓名 性别 身份证件类型 身份证件号 出生日期 学校标识码 学校名称 学段 年级 班级 学籍状态 在校情况 离校原因 "
    "就读方式 安置方式 是否留守儿童 是否随迁子女 残疾类型 现住址 监护人姓名 监护人电话",
    title="汝阳县义务教育阶段学籍信息表",
)
IN_SCHOOL = form_of(
    "in_school",
    "in_school.csv",
    "学校标识码 学校名称 年级 班级 学籍号 姓名 报到日期 到校情况",
    encoding="utf-8-sig",
)
POVERTY = form_of(
    "poverty",
    "poverty.xlsx",
    "户编号 户主姓名 姓名 性别 证件号码 出生日期 与户主关系 乡镇 行政村 户类型 在校生状况 健康状况",
    title="脱贫户及监测对象适龄人口信息",
)
DISABILITY = form_of(
    "disability",
    "disability.csv",
    "残疾人证号 姓名 性别 出生日期 残疾类别 残疾等级 监护人姓名 乡镇 行政村",
    encoding="utf-8-sig",
)
SUSPECTS = form_of(
    "suspects",
    "suspects.xlsx",
    "序号 疑似辍学编号 姓名 性别 身份证件号 户籍所在地 下发日期 核查期限",
    title="疑似辍学学生名单",
)
FORMS = (HUKOU, ENROLMENT, IN_SCHOOL, POVERTY, DISABILITY, SUSPECTS)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: whose it is, its cells in the form's order, and what it states.

    `status` is 户籍状态 or 学籍状态, `standing` 在校情况, `reason` 离校原因, `school_number` 学籍号.
    """

    child_id: str
    cells: tuple[Cell, ...]
    stated: Stated
    status: str | None = None
    standing: str | None = None
    reason: str | None = None
    school_number: str | None = None
    mishaps: tuple[str, ...] = ()
    """Classes of `mishaps.MISHAPS` that this row was struck by."""


def write_registers(
    lives: list[Life], *, county: County, as_of: date, errors: Errors, rng: Random, progress: Progress
) -> dict[str, list[Row]]:
    """The rows of every register in the order of the file, by register name."""

    def clerk(*, slips: float, date_form: str, sheet: bool = False) -> Clerk:
        return Clerk(errors=errors, rng=rng, slips=slips, date_form=date_form, sheet=sheet)

    taken = {life.child.number for life in lives if life.child.number}
    renamed = {life.child.id: former_name(life.child, rng) for life in lives if rng.random() < errors.former_name}
    files = {
        life.child.id: _school_files(life, renamed, errors=errors, county=county, taken=taken, rng=rng)
        for life in lives
    }
    police, schools = clerk(slips=0.2, date_form="compact"), clerk(slips=1.0, date_form="dashes", sheet=True)
    helpers, federation = clerk(slips=1.3, date_form="slashes", sheet=True), clerk(slips=0.8, date_form="dots")
    teachers, platform = clerk(slips=0.6, date_form="dashes"), clerk(slips=1.0, date_form="dashes")
    sources: dict[str, Iterator[Row]] = {
        "hukou": _hukou(lives, police, county=county, taken=taken),
        "enrolment": _enrolment(lives, schools, files=files),
        "in_school": _in_school(lives, teachers, county=county, files=files, as_of=as_of),
        "poverty": _poverty(lives, helpers, renamed=renamed),
        "disability": _disability(lives, federation),
        "suspects": _suspects(lives, platform, as_of=as_of),
    }
    registers: dict[str, list[Row]] = {}
    for done, (register, source) in enumerate(sources.items()):
        rows = list(source)
        if register != "enrolment" and errors.repeated_row:
            rows += [row for row in rows if rng.random() < errors.repeated_row]
        rng.shuffle(rows)
        registers[register] = rows
        progress("registers", done + 1, len(sources))
    return registers


def _hukou(lives: list[Life], clerk: Clerk, *, county: County, taken: set[str]) -> Iterator[Row]:
    """Everybody registered in the county, and second entries of children registered twice."""
    for life in lives:
        child, home = life.child, life.child.household
        if home.origin != "local":
            continue
        who = clerk.identity(child, known_as=child.name)
        boy = child.sex == "男"
        relation = ("孙子" if boy else "孙女") if home.head_is_grandparent else ("子" if boy else "女")
        status = "正常"
        if life.schooling is Schooling.DEAD:
            status = "死亡"
        elif life.schooling is Schooling.DEAD_BUT_ENROLLED:
            status = "死亡" if clerk.rng.random() < 0.75 else "注销"
        identity = (who.name, who.sex, who.number, who.birth, clerk.ethnicity(child))
        family = (home.head, relation, home.guardian, home.phone)
        place = (clerk.township(home.village.township), home.village.name, f"第{home.group}组")
        yield Row(child.id, (home.number, *identity, *family, *place, status), who.stated, status=status)
        if status == "正常" and clerk.chance(clerk.errors.double_household_entry):
            yield _second_entry(life, clerk, county=county, taken=taken)


def _second_entry(life: Life, clerk: Clerk, *, county: County, taken: set[str]) -> Row:
    """The same child on the mother's parents' register, with another number 双重户籍."""
    child, home, rng = life.child, life.child.household, clerk.rng
    township = rng.choice([t for t in TOWNSHIPS if t is not home.village.township])
    village = rng.choice(county.villages[township.code])
    number = other_number(child, taken=taken, rng=rng)
    written, name = clerk.name(child.name)
    relation = "外孙" if child.sex == "男" else "外孙女"
    household = f"{village.code}{900000 + int(home.number[-6:]) % 100000:06d}"
    identity = (written, child.sex, clerk.write_number(number), clerk.write_date(child.birth), clerk.ethnicity(child))
    head = compose_surname(rng) + compose_given(sex="男", rng=rng)
    family = (head, relation, home.guardian, home.phone)
    place = (clerk.township(township), village.name, f"第{rng.randint(1, 9)}组")
    stated = Stated(name=name, sex=child.sex, birth=child.birth, number=number)
    return Row(child.id, (household, *identity, *family, *place, "正常"), stated, status="正常")


@dataclass(frozen=True, slots=True)
class SchoolFile:
    """One 学籍 of a child: where it is kept, its number, and the name it was opened under."""

    school: School
    number: str
    name: Name


def _school_files(
    life: Life, renamed: dict[str, Name], *, errors: Errors, county: County, taken: set[str], rng: Random
) -> tuple[SchoolFile, ...]:
    """The child's 学籍 that are not closed: none, one, or two where another school enrolled it again."""
    if life.school is None:
        return ()
    child = life.child
    name = renamed[child.id] if child.id in renamed and rng.random() < 0.7 else child.name
    first = SchoolFile(life.school, _school_number(life, errors=errors, taken=taken, rng=rng), name)
    active = life.schooling in ACTIVE and life.schooling is not Schooling.MOVED_WITHIN
    if not active or rng.random() >= errors.double_enrolment:
        return (first,)
    school = county.other_school(than=life.school, rng=rng)
    return first, SchoolFile(school, _temporary_number(life, rng) if rng.random() < 0.3 else first.number, name)


def _temporary_number(life: Life, rng: Random) -> str:
    """L, six digits of division, the birth date and four at random."""
    return f"L{COUNTY_CODE}{life.child.birth:%Y%m%d}{rng.randrange(10000):04d}"


def _school_number(life: Life, *, errors: Errors, taken: set[str], rng: Random) -> str:
    """The 学籍号: G and the number; L (temporary) or J (formal, no number) without; G and an older number where it was corrected."""
    child = life.child
    if child.number is None:
        if rng.random() < 0.25:
            return "J" + citizen_number(division=COUNTY_CODE, birth=child.birth, sequence=rng.randint(900, 999))
        return _temporary_number(life, rng)
    if errors.temporary_school_number and rng.random() < errors.temporary_school_number:
        return _temporary_number(life, rng)
    if errors.older_number_in_school_number and rng.random() < errors.older_number_in_school_number:
        mistyped = rng.random() < 0.3
        return "G" + (change_digit(child.number, rng) if mistyped else other_number(child, taken=taken, rng=rng))
    return "G" + child.number


_STATES: dict[Schooling, tuple[str, str | None, str | None]] = {
    Schooling.IN_SEAT: ("在读", "在校", None),
    Schooling.MOVED_WITHIN: ("在读", "在校", None),
    Schooling.DEAD_BUT_ENROLLED: ("在读", "在校", None),
    Schooling.ABSENT: ("在读", "在校", None),
    Schooling.MARKED_ABSENT: ("在读", "在籍不在校", None),
    Schooling.ELSEWHERE: ("在读", "外地就读", None),
    Schooling.TAUGHT_AT_HOME: ("在读", "送教上门", None),
    Schooling.TRANSFERRED: ("转出", None, None),
    Schooling.DEPARTED_EXPLAINED: ("其他离校", "其他离校", "随父母出国定居"),
    Schooling.DEPARTED_UNEXPLAINED: ("其他离校", "其他离校", None),
    Schooling.SUSPENDED: ("休学", None, "因病休学"),
    Schooling.GRADUATED: ("毕业", None, None),
}
"""学籍状态, 在校情况 and 离校原因 of each schooling that has a row."""


def _enrolment(lives: list[Life], clerk: Clerk, *, files: dict[str, tuple[SchoolFile, ...]]) -> Iterator[Row]:
    """A row for every 学籍, and the one left behind by a move within the county."""
    for life in lives:
        if life.schooling not in _STATES:
            continue
        held = files[life.child.id]
        for file in held:
            yield _enrolment_row(life, clerk, file=file, state=_STATES[life.schooling])
        if life.earlier_school:
            left = replace(held[0], school=life.earlier_school)
            yield _enrolment_row(life, clerk, file=left, state=("转出", None, None))


def _enrolment_row(life: Life, clerk: Clerk, *, file: SchoolFile, state: tuple[str, str | None, str | None]) -> Row:
    child, home = life.child, life.child.household
    who = clerk.identity(child, known_as=file.name)
    grade = life.grade or 1
    status, standing, reason = state
    placement, disability = None, None
    if child.disability:
        disability = DISABILITIES[child.disability[0] - 1] + "残疾"
        placement = "特教学校" if "特殊教育" in file.school.name else "随班就读"
        placement = "送教上门" if standing == "送教上门" else placement
    elif standing == "送教上门":
        placement = "送教上门"
    document = "居民身份证" if who.number not in {None, "无"} else "其他"
    cells: tuple[Cell, ...] = (
        file.number,
        *(who.name, who.sex, document, who.number, who.birth),
        *(
            file.school.code,
            file.school.name,
            "小学" if grade <= 6 else "初中",
            _GRADES[grade - 1],
            f"{life.class_number}班",
        ),
        *(status, standing, reason, "住校" if life.boards else "走读", placement),
        *("是" if home.left_behind else "否", "是" if home.origin == "migrant" else "否", disability),
        *(clerk.township(home.village.township) + home.village.name, home.guardian, home.phone),
    )
    return Row(child.id, cells, who.stated, status=status, standing=standing, reason=reason, school_number=file.number)


_GRADES = tuple(f"{n}年级" for n in "一二三四五六七八九")


def _in_school(
    lives: list[Life], clerk: Clerk, *, county: County, files: dict[str, tuple[SchoolFile, ...]], as_of: date
) -> Iterator[Row]:
    """Who sat in class in the first week of term; some schools give no 学籍号, and pupils without a 学籍 have none."""
    errors, rng = clerk.errors, clerk.rng
    schools = [school for listed in county.schools.values() for school in listed]
    nameless = {school.code for school in schools if clerk.chance(errors.class_list_without_number)}
    term = term_start(as_of)
    for life in lives:
        listed = life.schooling in SEATED
        if life.schooling is Schooling.MARKED_ABSENT:
            listed = clerk.chance(errors.listed_though_absent)
        if not listed:
            continue
        first, *second = files[life.child.id]
        for file in (first, *second) if clerk.chance(errors.listed_at_both) else (first,):
            hidden = file.school.code in nameless or clerk.chance(errors.class_list_number_left_out)
            unknown = life.schooling is Schooling.IN_CLASS_WITHOUT_ROW
            written, name = clerk.name(file.name)
            day = min(as_of, term + timedelta(days=rng.randrange(7)))
            place = (file.school.code, file.school.name, _GRADES[(life.grade or 1) - 1], f"{life.class_number}班")
            number = "" if hidden or unknown else file.number
            cells: tuple[Cell, ...] = (*place, number, written, clerk.write_date(day), "在校")
            yield Row(life.child.id, cells, Stated(name=name, sex=None, birth=None, number=None))


def term_start(as_of: date) -> date:
    """The first day of the term that `as_of` lies in: 1 September or 17 February."""
    starts = (date(as_of.year - 1, 9, 1), date(as_of.year, 2, 17), date(as_of.year, 9, 1))
    return max(day for day in starts if day <= as_of)


def _poverty(lives: list[Life], clerk: Clerk, *, renamed: dict[str, Name]) -> Iterator[Row]:
    """Every child of a household on the poverty register, whether or not the police know it."""
    for life in lives:
        child, home = life.child, life.child.household
        if home.poverty is None:
            continue
        former = child.id in renamed and clerk.rng.random() < 0.5
        who = clerk.identity(child, known_as=renamed[child.id] if former else child.name)
        boy = child.sex == "男"
        relation = ("之孙子" if boy else "之孙女") if home.head_is_grandparent else ("之子" if boy else "之女")
        studies = None
        if life.schooling in SEATED and life.grade:
            studies = "小学" if life.grade <= 6 else "初中"
        cells: tuple[Cell, ...] = (
            *(f"P{home.number[9:]}", home.head, who.name, who.sex, who.number, who.birth, relation),
            *(clerk.township(home.village.township), home.village.name, home.poverty, studies),
            "残疾" if child.disability else "健康",
        )
        yield Row(child.id, cells, who.stated)


def _disability(lives: list[Life], clerk: Clerk) -> Iterator[Row]:
    """Holders of a certificate; its 20 characters are the number, the category and the grade."""
    for life in lives:
        child, home = life.child, life.child.household
        if child.disability is None or child.number is None:
            continue
        category, grade = child.disability
        written, name = clerk.name(child.name)
        sex, birth = clerk.sex(child), clerk.birth(child)
        number = clerk.wrong_number(child) or child.number
        cells: tuple[Cell, ...] = (
            *(f"{number}{category}{grade}", written, sex, clerk.write_date(birth)),
            *(DISABILITIES[category - 1], f"{'一二三四'[grade - 1]}级", home.guardian),
            *(clerk.township(home.village.township), home.village.name),
        )
        yield Row(child.id, cells, Stated(name=name, sex=sex, birth=birth, number=number))


_OUT = frozenset(
    {
        Schooling.MARKED_ABSENT,
        Schooling.ABSENT,
        Schooling.NEVER_ENROLLED,
        Schooling.DEPARTED_UNEXPLAINED,
        Schooling.ELSEWHERE,
    }
)
"""Those the national comparison can notice."""


def _suspects(lives: list[Life], clerk: Clerk, *, as_of: date) -> Iterator[Row]:
    """The list pushed down: most who are out of school, some who are not, many with a wrong number or none."""
    errors, rng = clerk.errors, clerk.rng
    issued = as_of - timedelta(days=4)
    dates = (issued.isoformat(), (issued + timedelta(days=20)).isoformat())
    for life in lives:
        child = life.child
        if child.household.origin != "local" or not life.in_window or child.number is None:
            continue
        if life.schooling in _OUT:
            listed = rng.random() >= errors.suspect_missed
        else:
            listed = life.schooling is Schooling.IN_SEAT and clerk.chance(errors.false_suspect)
        if not listed:
            continue
        written, name = clerk.name(child.name)
        number: str | None = child.number
        if clerk.chance(errors.suspect_number):
            number = rng.choice((None, change_digit(child.number, rng), swap_digits(child.number, rng)))
        place = COUNTY_NAME + child.household.village.township.name
        serial = f"YS{issued.year}{rng.randrange(10**8):08d}"
        shown = rng.choice((None, "无")) if number is None else clerk.write_number(number)
        cells: tuple[Cell, ...] = (None, serial, written, child.sex, shown, place, *dates)
        yield Row(child.id, cells, Stated(name=name, sex=child.sex, birth=None, number=number))
