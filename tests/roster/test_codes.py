"""What the registers say in codes reaches the children: villages by twelve digits, 学籍号 with its history."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.divisions import COUNTY, DIVISIONS, TOWNSHIPS, VILLAGES, Division
from services.roster.comparison import Compared
from services.roster.domain.child import Child
from services.roster.reconcile.identity import check_character
from services.roster.reconcile.normalise import FORMER_TOWNSHIPS, township_key, village_key
from tests.roster.conftest import AS_OF, Office
from tests.roster.given import MONDAY, a_child, acting_on, days, replayed, state_of

HUKOU = [
    "户号",
    "姓名",
    "性别",
    "公民身份号码",
    "出生日期",
    "民族",
    "户主姓名",
    "与户主关系",
    "监护人姓名",
    "联系电话",
    "乡镇",
    "行政村",
    "村民组",
    "户籍状态",
]
ENROLMENT = [
    "学籍号",
    "姓名",
    "性别",
    "身份证件类型",
    "身份证件号",
    "出生日期",
    "学校标识码",
    "学校名称",
    "年级",
    "班级",
    "学籍状态",
    "在校情况",
]
TEMPORARY, FORMAL, OWN, LATER = (
    "L410326201506070042",
    "J410326201506079316",
    "G41032620150607059X",
    "G410326201506070557",
)


def number_of(birth: str, sequence: int) -> str:
    first17 = f"{COUNTY}{birth}{sequence:03d}"
    return first17 + check_character(first17)


class TestVillages:
    @pytest.mark.parametrize("village", VILLAGES[::40], ids=lambda village: village.code)
    @pytest.mark.parametrize("ending", ["村", "", "行政村", "村委会", "村民委员会", "社区"])
    def test_the_list_and_the_comparison_agree_what_a_name_is_without_its_ending(
        self, village: Division, ending: str
    ) -> None:
        written = village.core + ending

        assert village_key(written) == village.core
        assert DIVISIONS.village_code(township=village.parent, name=written) == village.code

    def test_former_townships_of_the_comparison_are_those_of_the_list(self) -> None:
        present = {township_key(name) for name in TOWNSHIPS.values()}

        assert FORMER_TOWNSHIPS.keys().isdisjoint(present)
        for key, now in FORMER_TOWNSHIPS.items():
            assert township_key(TOWNSHIPS[DIVISIONS.township_code(f"{key}乡")]) == now

    @pytest.mark.parametrize("name", TOWNSHIPS.values())
    def test_a_township_without_its_rank_is_the_same_to_the_list_and_to_the_comparison(self, name: str) -> None:
        assert DIVISIONS.township_code(township_key(name)) == DIVISIONS.township_code(name)

    def test_a_comparison_states_the_code_of_a_listed_village_and_the_name_of_any_other(
        self, office: Office, tmp_path: Path
    ) -> None:
        places = [("小店镇", "上庄村委会"), ("竹园乡", "东庄"), ("小店镇", "没有的村"), ("", "上庄村")]
        write(
            tmp_path / "hukou.csv",
            HUKOU,
            [
                [str(n), "燕一燕二燕三燕四"[2 * n : 2 * n + 2], "男", number_of("20150607", 101 + 2 * n), "20150607",
                 "汉族", "燕青", "孙子", "燕青", "15400000000", township, village, "第1组", "正常"]
                for n, (township, village) in enumerate(places)
            ],
        )  # fmt: skip

        residences = sorted(
            (child.residence.township, child.residence.village) for child in children(office, load(office, tmp_path))
        )

        assert residences == [
            ("410326000", "上庄村"),
            ("410326103", "410326103005"),
            ("410326103", "没有的村"),
            ("410326202", "410326202001"),
        ]
        assert DIVISIONS.name_of("410326202001") == "东庄村"


class TestStudentNumbers:
    def test_a_number_issued_later_takes_the_place_of_the_one_before_which_stays_an_alias(self) -> None:
        child = a_child()

        with acting_on():
            for number in (TEMPORARY, FORMAL, OWN, LATER):
                child.state_student_number(number, valid_on=MONDAY)

        assert child.student_numbers.current == LATER
        assert child.student_numbers.former == (TEMPORARY, FORMAL, OWN)

    @pytest.mark.parametrize(
        ("held", "stated"),
        [
            (OWN, TEMPORARY),
            (OWN, FORMAL),
            (FORMAL, TEMPORARY),
            (OWN, ""),
            (OWN, OWN),
            (OWN, OWN[1:]),
            ("", "3班"),
            ("", ""),
        ],
    )
    def test_nothing_and_a_lesser_number_take_nothing_away(self, held: str, stated: str) -> None:
        child = a_child()

        with acting_on():
            child.state_student_number(held, valid_on=MONDAY)
            recorded = len(child.pending_events)
            child.state_student_number(stated, valid_on=MONDAY + days(1))

        assert child.student_numbers.current == held
        assert len(child.pending_events) == recorded

    @given(st.lists(st.sampled_from([TEMPORARY, FORMAL, OWN, LATER, ""]), max_size=12))
    def test_the_present_number_is_no_alias_and_every_alias_was_stated_once(self, numbers: list[str]) -> None:
        child = a_child()

        with acting_on():
            for number in numbers:
                child.state_student_number(number, valid_on=MONDAY)

        held = [number for number in (*child.student_numbers.former, child.student_numbers.current) if number]
        assert len(held) == len(set(held))
        assert set(held) <= set(numbers) - {""}
        assert state_of(replayed(child)) == state_of(child)

    def test_a_child_is_known_again_by_a_number_it_had_before(self, office: Office, tmp_path: Path) -> None:
        """First temporary and without a citizen number; then under a number that was issued; then by the old one alone."""
        issued = number_of("20150607", 131)
        [first] = children(office, load(office, enrolled(tmp_path / "1", student_number=TEMPORARY, number="")))
        [second] = children(office, load(office, enrolled(tmp_path / "2", student_number=f"G{issued}", number=issued)))
        [third] = children(
            office, load(office, enrolled(tmp_path / "3", student_number=TEMPORARY, number="", name="燕小丙"))
        )

        assert first.student_numbers.current == TEMPORARY
        assert first.id == second.id == third.id
        assert (second.student_numbers.current, second.student_numbers.former) == (f"G{issued}", (TEMPORARY,))
        assert third.student_numbers.current == f"G{issued}"


def enrolled(folder: Path, *, student_number: str, number: str, name: str = "燕小乙") -> Path:
    """An enrolment register of one child."""
    document = "居民身份证" if number else "其他"
    cells = [student_number, name, "男", document, number, "2015-06-07"]
    folder.mkdir()
    write(
        folder / "enrolment.csv", ENROLMENT, [[*cells, "3141000300", "小店镇中心小学", "五年级", "1班", "在读", "在校"]]
    )
    return folder


def write(path: Path, columns: list[str], rows: list[list[str]]) -> None:
    """A register as CSV."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def load(office: Office, folder: Path) -> Compared:
    """Takes the files of a folder in and compares."""
    with acting_on(AS_OF):
        for path in sorted(folder.glob("*.csv")):
            office.intake.load_files([path])
        return office.intake.comparison.compare(as_of=AS_OF, progress=lambda *_: None)


def children(office: Office, compared: Compared) -> list[Child]:
    """The children of a comparison."""
    return [office.roster.get(Child, child_id) for child_id in compared.children.values()]
