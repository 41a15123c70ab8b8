"""Two rows that may be of one child, cell by cell: as written, and what reads the same."""

from services.contracts.review import RowCells
from services.roster.reconcile.model import Register, Row, RowRef
from services.roster.reconcile.records import Record, read_record
from services.roster.side_by_side import READ_AS, cells_of, compared


def row(register: Register, **cells: str) -> Record:
    """A row of a register that says this."""
    return read_record(Row(RowRef(register, 1), cells))


def test_what_a_row_says_is_shown_as_it_is_written() -> None:
    said = {
        "name": " 张　伟",
        "birth_date": "2014年5月12日",
        "township": "三屯镇",
        "village": "南村",
        "household_head": "张大",
    }

    assert cells_of(row(Register.POVERTY, **said)) == RowCells(
        name=" 张　伟", birth_date="2014年5月12日", place="三屯镇南村", guardian_name="张大"
    )


def test_every_cell_that_is_shown_is_compared() -> None:
    assert set(READ_AS) == set(RowCells.__struct_fields__)


def test_what_reads_the_same_agrees_however_it_is_written() -> None:
    one = row(Register.HUKOU, name="张 伟", birth_date="2014-05-12", id_number="４１０３２６２０１４０５１２００１５")
    other = row(Register.ENROLMENT, name="张伟", birth_date="20140512", id_number="410326201405120015")

    assert compared(one, other) == (("name", "id_number", "birth_date"), ())


def test_what_one_row_does_not_say_neither_agrees_nor_differs() -> None:
    one = row(Register.HUKOU, name="张伟", sex="男", birth_date="2014-05-12", guardian_name="张大")
    other = row(Register.ENROLMENT, name="张玮", sex="男", birth_date="不详", guardian_name="")

    assert compared(one, other) == (("sex",), ("name",))


def test_a_certificate_of_disability_holds_the_number() -> None:
    record = row(Register.DISABILITY, name="张伟", disability_certificate="41032620140512001511")

    assert cells_of(record).id_number == "41032620140512001511"
