"""What the engine speaks: rows, children, links, findings, and the state each child is in.

Everything here is frozen data without behaviour beyond reading itself. Rows are named by register and number (`RowRef`);
numbers count from 1 at the first data row under the header, through all sheets and files of one register. A county makes a million
of these: structs cost a fifth of what dataclasses do, and the cycle collector need not walk them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field


class Register(StrEnum):
    """The lists of 四查 (hukou, enrolment, in school, poverty), what other departments send, and what people found themselves."""

    HUKOU = "hukou"  # 户籍, police
    ENROLMENT = "enrolment"  # 学籍, education
    IN_SCHOOL = "in_school"  # 在校学生名册, schools
    POVERTY = "poverty"  # 脱贫户及监测对象, rural affairs
    DISABILITY = "disability"  # 残疾人证, disabled persons' federation
    SUSPECTS = "suspects"  # 疑似辍学名单, national platform
    CIVIL_AFFAIRS = "civil_affairs"  # 低保、特困、孤儿、事实无人抚养儿童, civil affairs
    CHECK_IN = "check_in"  # 开学报到册, schools at term start
    FIELD_CHECK = "field_check"  # 摸排, villages and townships from door to door


CALLED: Mapping[Register, str] = {
    Register.HUKOU: "户籍册",
    Register.ENROLMENT: "学籍册",
    Register.IN_SCHOOL: "在校生名册",
    Register.POVERTY: "脱贫户及监测对象册",
    Register.DISABILITY: "残疾人册",
    Register.SUSPECTS: "国家平台疑似名单",
    Register.CIVIL_AFFAIRS: "民政对象册",
    Register.CHECK_IN: "开学报到册",
    Register.FIELD_CHECK: "摸排册",
}
"""What offices call the registers."""


class Department(StrEnum):
    """Who owes the next step for a finding (责任单位)."""

    EDUCATION = "education"  # 教育体育局
    SCHOOL = "school"  # 学校
    POLICE = "police"  # 公安局
    DISABLED_FEDERATION = "disabled_federation"  # 残疾人联合会
    CIVIL_AFFAIRS = "civil_affairs"  # 民政局
    TOWNSHIP = "township"  # 乡镇人民政府


class FindingKind(StrEnum):
    """Kinds of finding; the words are the published interface of `findings.csv`."""

    NOT_ENROLLED = "not_enrolled"  # 适龄失学: in the window, no 学籍 at all
    NOT_IN_SEAT = "not_in_seat"  # 名在人不在: 学籍 active, child not in class
    UNEXPLAINED_DEPARTURE = "unexplained_departure"  # 其他离校 without a reason
    TRANSFER_PENDING = "transfer_pending"  # 外地就读, transfer not made
    DUPLICATE_ENROLMENT = "duplicate_enrolment"  # 重复学籍
    GHOST_ENROLMENT = "ghost_enrolment"  # 空挂学籍 of a dead or cancelled person
    NO_ID_NUMBER = "no_id_number"  # 无有效身份证号
    IDENTITY_MISMATCH = "identity_mismatch"  # 身份信息不一致
    DISABLED_UNPLACED = "disabled_unplaced"  # 残疾儿童未安置
    POVERTY_OUT_OF_SCHOOL = "poverty_out_of_school"  # 脱贫户失学辍学
    SUSPECT_LISTED = "suspect_listed"  # 国家平台下发疑似
    NOT_REPORTED = "not_reported"  # 开学未报到
    FIELD_OUT_OF_SCHOOL = "field_out_of_school"  # 摸排发现失学


class AccountedState(StrEnum):
    """Where a child is on the as-of date; every child is in exactly one of these."""

    IN_SEAT = "in_seat"  # 在校
    PLACED = "placed"  # 送教上门
    ELSEWHERE = "elsewhere"  # 外地就读
    TRANSFERRED_OUT = "transferred_out"  # 转出
    GRADUATED = "graduated"  # 毕业或已完成
    LEFT_EXPLAINED = "left_explained"  # 其他离校, with a reason
    SUSPECT = "suspect"  # 疑似: has to be looked for
    GONE = "gone"  # 死亡或注销, by the household register


class HukouState(StrEnum):
    """State of a household registration (户籍状态)."""

    NORMAL = "normal"  # 正常
    MOVED = "moved"  # 迁出
    DEAD = "dead"  # 死亡
    CANCELLED = "cancelled"  # 注销


class Risk(StrEnum):
    """Whether the risk for which a household is monitored is removed (风险状态)."""

    NOT_REMOVED = "not_removed"  # 风险未消除
    REMOVED = "removed"  # 风险已消除


class Sex(StrEnum):
    """GB/T 2261.1, as far as registers of children use it."""

    MALE = "male"  # 男
    FEMALE = "female"  # 女


class RowRef(NamedTuple):
    """One row of one register: the address of evidence."""

    register: Register
    row: int

    def __str__(self) -> str:
        return f"{self.register}:{self.row}"


class Row(Struct, frozen=True, gc=False):
    """A register row as written: `cells` maps field names of `registers.py` to trimmed text ('' where empty)."""

    ref: RowRef
    cells: Mapping[str, str]
    file: str = ""
    sheet: str = ""
    line: int = 0  # line of the sheet, counted from 1, as a person sees it


class Reject(Struct, frozen=True, gc=False):
    """A row, or one cell of it, that can't be read; `row` is 0 where the whole sheet is meant, `line` as a person counts."""

    register: Register | None
    file: str
    sheet: str
    row: int
    column: str
    reason: str
    line: int = 0


class Link(Struct, frozen=True, gc=False):
    """Why two rows are one child: the rule's name, its score in 0..1, and the two rows."""

    rule: str
    score: float
    a: RowRef
    b: RowRef


class Doubt(Struct, frozen=True, gc=False):
    """Two rows that may be one child, left apart for a person to decide, with the reason in words."""

    a: RowRef
    b: RowRef
    score: float
    reason: str


class Facts(Struct, frozen=True, gc=False):
    """What is held true of a child, by the precedence table; `sources` names the row each fact was taken from."""

    name: str = ""
    sex: Sex | None = None
    birth_date: date | None = None
    id_number: str = ""  # 18 characters, check digit right, or ''
    student_number: str = ""  # 学籍号
    township: str = ""
    village: str = ""
    hukou_state: HukouState | None = None
    household_number: str = ""  # 户号
    guardian_name: str = ""
    guardian_phone: str = ""
    school_code: str = ""  # 学校标识码
    school_name: str = ""
    grade: str = ""  # 一年级 … 九年级
    school_class: str = ""
    poverty_kind: str = ""  # 户类型
    risk: Risk | None = None  # 风险状态, of a monitored household
    monitored_on: date | None = None  # 识别时间
    risk_removed_on: date | None = None  # 风险消除时间
    relief_kind: str = ""  # 救助类别
    disability_kind: str = ""  # 残疾类别
    disability_grade: str = ""  # 残疾等级
    left_behind: bool = False  # 留守儿童
    migrant: bool = False  # 随迁子女
    boarding: bool = False  # 寄宿
    sources: Mapping[str, RowRef] = field(default_factory=dict)


class LinkedChild(Struct, frozen=True, gc=False):
    """The rows of one child, what they say together, and where the child is on the as-of date."""

    label: str
    rows: tuple[RowRef, ...]
    facts: Facts
    state: AccountedState
    state_reason: str
    in_window: bool
    links: tuple[Link, ...] = ()


class Finding(Struct, frozen=True, gc=False):
    """Something about one child that a department must put right or look into."""

    label: str  # of the child
    kind: FindingKind
    reason: str  # plain words, Chinese, without personal data
    evidence: tuple[RowRef, ...]
    owner: Department


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The result of one run; a function of rows and date, whatever the order of the rows."""

    as_of: date
    children: list[LinkedChild]
    findings: list[Finding]
    doubtful: list[Doubt]
    rejects: list[Reject] = default(default_factory=list)
