"""Public disclosure: counted, made safe, approved by another, released and entered, withdrawn; never told by a difference."""

import random
from collections import Counter
from datetime import date
from uuid import UUID

import pytest

from services.cases.disclosures import Disclosures
from services.cases.domain.disclosure import Body, CountedTable, Disclosure, Reached
from services.cases.domain.disclosure_ledger import DisclosureLedger
from services.chassis.errors import Forbidden, NotFound, Refused
from tests.cases.counties import County, county, some_time_later, tables_of
from tests.cases.given import MONDAY, acting_on, days
from tests.cases.in_memory import MemoryCases

BODY = Body(unit="township:410326103", duty="责令限期改正,组织劝返")


class Office:
    """The bureau's disclosures in memory."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.disclosures = Disclosures(cases=self.cases)

    def prepare(self, children: County, *, on: date, **other: object) -> UUID:
        """A disclosure prepared by officer-1."""
        given: dict[str, object] = {
            "counted": tables_of(children),
            "reached": (Reached(service="roster", position=7),),
            "tasks": ("零辍学",),
            "methods": ("每学期开学一周内核实未报到学生",),
            "bodies": (BODY,),
        }
        with acting_on(on):
            return self.disclosures.prepare_disclosure(**(given | other)).id  # type: ignore[arg-type]

    def release(self, children: County, *, on: date) -> Disclosure:
        """One that is released at once."""
        made = self.prepare(children, on=on)
        with acting_on(on, actor="officer-2"):
            self.disclosures.approve_disclosure(disclosure_id=made)
            self.disclosures.release_disclosure(disclosure_id=made)
        return self.cases.get(Disclosure, made)

    def content_of(self, made: UUID) -> Disclosure:
        return self.cases.get(Disclosure, made)


@pytest.fixture
def office() -> Office:
    return Office()


CHILDREN = county(random.Random(3))  # noqa: S311  # a county to count, no secret


def test_what_another_person_approved_is_released_under_the_next_number(office: Office) -> None:
    first = office.release(CHILDREN, on=MONDAY)
    second = office.release(some_time_later(CHILDREN, random.Random(1), changes=400), on=MONDAY + days(120))  # noqa: S311

    assert (first.state, second.state) == ("released", "released")
    one, two = office.cases.told(DisclosureLedger.Entered)
    assert [(each.number, each.disclosure_id, each.sha256) for each in (one, two)] == [
        (1, first.id, first.content.sha256),
        (2, second.id, second.content.sha256),
    ]
    assert one.chained != two.chained


def test_who_prepared_it_does_not_approve_it(office: Office) -> None:
    made = office.prepare(CHILDREN, on=MONDAY)

    with acting_on(MONDAY), pytest.raises(Refused, match="another person reads it first"):
        office.disclosures.approve_disclosure(disclosure_id=made)


def test_nothing_is_released_that_nobody_approved(office: Office) -> None:
    made = office.prepare(CHILDREN, on=MONDAY)

    with acting_on(MONDAY), pytest.raises(Refused, match="it is prepared, and has to be approved"):
        office.disclosures.release_disclosure(disclosure_id=made)


def test_no_small_number_of_persons_stands_in_what_is_kept(office: Office) -> None:
    made = office.prepare(CHILDREN, on=MONDAY)

    [prepared] = office.cases.told(Disclosure.Prepared)
    assert made == prepared.originator_id
    assert any(cell is None for table in prepared.content.tables for row in table.cells for cell in row)
    assert not [
        cell
        for table in prepared.content.tables
        for row in table.cells
        for cell in row
        if cell is not None and 0 < cell < 10
    ]


def test_the_same_table_again_after_one_child_has_changed_is_refused_in_words(office: Office) -> None:
    office.release(CHILDREN, on=MONDAY)

    with pytest.raises(Refused, match=r"fewer than 10 persons. Prepare it on 2026-12-13 or later"):
        office.prepare(some_time_later(CHILDREN, random.Random(5), changes=1), on=MONDAY + days(3))  # noqa: S311


def test_what_was_withdrawn_is_known_all_the_same(office: Office) -> None:
    wrong = office.release(CHILDREN, on=MONDAY)
    with acting_on(MONDAY + days(1)):
        office.disclosures.withdraw_disclosure(disclosure_id=wrong.id, reason="乡镇一栏有误")

    with pytest.raises(Refused, match="beside it this one would tell"):
        office.prepare(some_time_later(CHILDREN, random.Random(5), changes=1), on=MONDAY + days(3))  # noqa: S311


def test_the_same_numbers_again_tell_nothing_new(office: Office) -> None:
    first = office.release(CHILDREN, on=MONDAY)

    assert office.release(CHILDREN, on=MONDAY + days(3)).content.tables == first.content.tables


def test_a_cell_that_changed_by_a_few_in_half_a_year_is_hidden(office: Office) -> None:
    plenty = Counter({person: 60 if held else 0 for person, held in CHILDREN.items()})
    moved = next(person for person in plenty if plenty[person] and person[3] == "elsewhere")
    first = office.release(plenty, on=MONDAY)
    later = Counter({person: held + 40 * (held > 0) for person, held in plenty.items()})
    later[moved] -= 39

    second = office.release(later, on=MONDAY + days(180))

    tables = {each.table: each for each in second.content.tables}
    row = tables["children_by_sex"].rows.index((moved[2],))
    assert not any(each.hidden for each in first.content.tables if each.table == "children_by_sex")
    by_township = tables["children_by_township"]
    place = by_township.rows.index((moved[0],)), by_township.columns.index(("elsewhere",))
    changed = sum(held for person, held in later.items() if person[0] == moved[0] and person[3] == "elsewhere") - sum(
        held for person, held in plenty.items() if person[0] == moved[0] and person[3] == "elsewhere"
    )
    assert (place in by_township.hidden) == (0 < abs(changed) < 10)
    assert row >= 0


def test_one_that_was_prepared_before_another_release_is_prepared_again(office: Office) -> None:
    slower = office.prepare(CHILDREN, on=MONDAY)
    with acting_on(MONDAY, actor="officer-2"):
        office.disclosures.approve_disclosure(disclosure_id=slower)
    office.release(CHILDREN, on=MONDAY)

    with acting_on(MONDAY), pytest.raises(Refused, match="another release came between"):
        office.disclosures.release_disclosure(disclosure_id=slower)


def test_what_was_counted_long_ago_is_not_released(office: Office) -> None:
    made = office.prepare(CHILDREN, on=MONDAY)
    with acting_on(MONDAY, actor="officer-2"):
        office.disclosures.approve_disclosure(disclosure_id=made)

    with acting_on(MONDAY + days(31)), pytest.raises(Refused, match="more than 30 days ago"):
        office.disclosures.release_disclosure(disclosure_id=made)


def test_one_that_is_discarded_is_neither_approved_nor_in_anybodys_way(office: Office) -> None:
    made = office.prepare(CHILDREN, on=MONDAY)
    with acting_on(MONDAY):
        office.disclosures.discard_disclosure(disclosure_id=made, reason="任务一栏要改")

    with acting_on(MONDAY, actor="officer-2"), pytest.raises(Refused, match="it is discarded"):
        office.disclosures.approve_disclosure(disclosure_id=made)
    assert office.release(CHILDREN, on=MONDAY).state == "released"


def test_only_the_bureau_of_the_county_discloses(office: Office) -> None:
    made = office.prepare(CHILDREN, on=MONDAY)

    with (
        acting_on(MONDAY, department="township:410326103"),
        pytest.raises(Forbidden, match="Only the education bureau"),
    ):
        office.disclosures.approve_disclosure(disclosure_id=made)
    with acting_on(MONDAY, actor="other", department="education_bureau:410327"), pytest.raises(NotFound):
        office.disclosures.approve_disclosure(disclosure_id=made)


TABLES = tables_of(CHILDREN)
CROOKED = CountedTable(table=TABLES[0].table, rows=TABLES[0].rows, columns=TABLES[0].columns, cells=TABLES[0].cells[1:])
OTHERS = CountedTable(
    table=TABLES[2].table, rows=TABLES[2].rows, columns=TABLES[2].columns,
    cells=((TABLES[2].cells[0][0] + 1, *TABLES[2].cells[0][1:]), TABLES[2].cells[1]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"counted": TABLES[1:]}, "exactly the tables"),
        ({"counted": (*TABLES, TABLES[0])}, "exactly the tables"),
        ({"counted": (CROOKED, *TABLES[1:])}, "a number for each of its rows"),
        ({"counted": (*TABLES[:2], OTHERS, *TABLES[3:])}, "don't add up to the same"),
        ({"tasks": ()}, "1 to 40 lines"),
        ({"methods": ("请致电13812345678",)}, "looks like a person's"),
        ({"bodies": (Body(unit="somebody", duty="all"),)}, "never a person"),
    ],
)
def test_what_is_no_disclosure_is_refused_in_words(office: Office, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        office.prepare(CHILDREN, on=MONDAY, **wrong)
