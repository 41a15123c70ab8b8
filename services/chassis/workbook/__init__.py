"""Workbooks 工作簿 on their way out: XLSX in which nothing that a person typed is ever run. `reading.py` takes in those of others.

The file is written cell by cell into the archive, so a sheet of a county's children takes the memory of one
row; the rows are asked for once. The same content makes the same bytes: there is no clock in it, and the members of the
archive are dated 1980. What the parts must look like is ECMA-376 (Office Open XML), part 1, chapter 18; elements stand in
the order it wants. It is done by hand because the common library takes six times as long and writes the time into the file.

Row by row a sheet is: its title, its notes, the heading, the data. Title to heading are printed again on each page, and
so is the footer, beside the page's number. Cells come in three kinds; an id number or a phone number is a text.
"""

from services.chassis.workbook.cells import MOST_TEXT, Kind, neutral
from services.chassis.workbook.package import write
from services.chassis.workbook.sheet import Column, Sheet

__all__ = ["MOST_TEXT", "Column", "Kind", "Sheet", "neutral", "write"]
