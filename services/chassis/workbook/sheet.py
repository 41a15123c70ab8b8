"""A sheet as XML, row by row, with what makes it usable on paper and on a phone: widths, drop-down lists, red cells."""

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.chassis.workbook.cells import WRITERS, Kind, attribute, escaped, letters_of, neutral, text_cell
from services.chassis.workbook.styles import HEADING, MAIN, MARKED, NOTE, TITLE, style_of

MOST_ROWS: Final = 1_048_576
MOST_COLUMNS: Final = 16_384
MOST_CHOICES: Final = 255
"""Letters of a drop-down list, commas included; what Excel can hold."""
_SPARE_ROWS: Final = 500
"""Below the data, drop-down lists go on for as many rows as somebody may add by hand."""
_BLOCK: Final = 1024
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"


@dataclass(frozen=True, slots=True)
class Column:
    """One column 栏目. `width` is in letters (a Chinese one counts two), 0 hides it; `choices` make a drop-down list.

    Where a sheet has a `locked` column it is protected (without a password): only cells of its other columns can be changed.
    """

    title: str
    width: int = 12
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet 工作表. `marks` are remarks on cells, by row and column of the data, both from 0: a red cell with a comment."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    title: str = ""
    notes: Sequence[str] = ()
    footer: str = ""
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)


def sheet_xml(sheet: Sheet, *, active: bool) -> Iterator[str]:
    head = rows_above(sheet)
    count = len(sheet.columns)
    last = letters_of(count - 1)
    yield f'<worksheet xmlns="{MAIN}" xmlns:r="{_OFFICE}/relationships"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    selected = ' tabSelected="1"' if active else ""
    yield (
        f'<sheetViews><sheetView workbookViewId="0"{selected}>'
        f'<pane ySplit="{head}" topLeftCell="A{head + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15"/><cols>'
    )
    for at, column in enumerate(sheet.columns, start=1):
        hidden = "" if column.width else ' hidden="1"'
        style = style_of(column.kind, locked=column.locked)
        yield f'<col min="{at}" max="{at}" width="{column.width + 0.7}" style="{style}" customWidth="1"{hidden}/>'
    yield "</cols><sheetData>"
    yield from _heading(sheet)
    written = 0
    for written, row in enumerate(_data(sheet, head=head), start=1):  # noqa: B007  # counted for what follows
        yield row
    yield "</sheetData>"
    if any(column.locked for column in sheet.columns):
        yield '<sheetProtection sheet="1" formatColumns="0" formatRows="0" sort="0" autoFilter="0"/>'
    yield f'<autoFilter ref="A{head}:{last}{head + written}"/>'
    if head > 1 and count > 1:
        merged = "".join(f'<mergeCell ref="A{at}:{last}{at}"/>' for at in range(1, head))
        yield f'<mergeCells count="{head - 1}">{merged}</mergeCells>'
    yield _validations(sheet, first=head + 1, last=min(head + written + _SPARE_ROWS, MOST_ROWS))
    yield (
        '<printOptions horizontalCentered="1"/>'
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.2" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
    )
    footer = sheet.footer[:200].replace("&", "&&")
    yield f"<headerFooter><oddFooter>{escaped(f'&L{footer}&R第 &P 页 共 &N 页')}</oddFooter></headerFooter>"
    yield f'<ignoredErrors><ignoredError sqref="A{head}:{last}{head + written}" numberStoredAsText="1"/></ignoredErrors>'
    yield '<legacyDrawing r:id="rId2"/></worksheet>' if sheet.marks else "</worksheet>"


def rows_above(sheet: Sheet) -> int:
    """How many rows stand above the data."""
    return bool(sheet.title) + len(sheet.notes) + 1


def _heading(sheet: Sheet) -> Iterator[str]:
    """Title, notes and the columns' titles. Merged cells don't grow by themselves, so a long note is given its height."""
    at = 0
    width = max(sum(column.width for column in sheet.columns), 10)
    if sheet.title:
        at += 1
        yield f'<row r="{at}" ht="26" customHeight="1">{text_cell(f"A{at}", sheet.title, style=TITLE)}</row>'
    for note in sheet.notes:
        at += 1
        letters = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in note)
        height = 15 * max(math.ceil(letters / width), 1)
        yield f'<row r="{at}" ht="{height}" customHeight="1">{text_cell(f"A{at}", note, style=NOTE)}</row>'
    at += 1
    cells = (
        text_cell(f"{letters_of(place)}{at}", column.title, style=HEADING) for place, column in enumerate(sheet.columns)
    )
    yield f'<row r="{at}">{"".join(cells)}</row>'


def _data(sheet: Sheet, *, head: int) -> Iterator[str]:
    """The data, one text a row; a row longer than the columns is the caller's mistake."""
    count = len(sheet.columns)
    if not 0 < count <= MOST_COLUMNS:
        message = f"a sheet has 1 to {MOST_COLUMNS} columns, not {count}"
        raise ValueError(message)
    letters = [letters_of(at) for at in range(count)]
    plain = [style_of(column.kind, locked=column.locked) for column in sheet.columns]
    writers = [WRITERS[column.kind] for column in sheet.columns]
    texts = [style_of("text", locked=column.locked) for column in sheet.columns]
    marked = {place[0] for place in sheet.marks}
    for at, row in enumerate(sheet.rows):
        number = head + 1 + at
        if number > MOST_ROWS:
            message = f"a sheet holds {MOST_ROWS} rows; divide the export by township or village"
            raise ValueError(message)
        if len(row) > count:
            message = f"row {at} of sheet {sheet.name} has {len(row)} cells for {count} columns"
            raise ValueError(message)
        shift = [0] * count
        if at in marked:
            shift = [MARKED if (at, place) in sheet.marks else 0 for place in range(count)]
        cells = [
            writer(f"{letter}{number}", value, style + extra, text + extra)
            for writer, letter, value, style, text, extra in zip(
                writers, letters, row, plain, texts, shift, strict=False
            )
        ]
        yield f'<row r="{number}">{"".join(cells)}</row>'


def _validations(sheet: Sheet, *, first: int, last: int) -> str:
    rules: list[str] = []
    for place, column in enumerate(sheet.columns):
        if not column.choices:
            continue
        listed = ",".join(column.choices)
        if len(listed) > MOST_CHOICES or any("," in choice or '"' in choice for choice in column.choices):
            message = (
                f"the choices of {column.title} are too long for a drop-down list, or have a comma or quote in them"
            )
            raise ValueError(message)
        letters = letters_of(place)
        told = attribute(f"请从下拉列表中选择：{listed}"[:MOST_CHOICES])
        rules.append(
            f'<dataValidation type="list" allowBlank="1" showInputMessage="1" showErrorMessage="1" errorTitle="填写有误"'
            f' error={told} sqref="{letters}{first}:{letters}{last}"><formula1>"{escaped(listed)}"</formula1>'
            "</dataValidation>"
        )
    return f'<dataValidations count="{len(rules)}">{"".join(rules)}</dataValidations>' if rules else ""


def comments_xml(sheet: Sheet) -> Iterator[str]:
    yield f'<comments xmlns="{MAIN}"><authors><author>保学</author></authors><commentList>'
    head = rows_above(sheet)
    for (row, place), text in sorted(sheet.marks.items()):
        at = f"{letters_of(place)}{head + 1 + row}"
        yield (
            f'<comment ref="{at}" authorId="0"><text><r><t xml:space="preserve">{escaped(neutral(text))}</t></r></text>'
            "</comment>"
        )
    yield "</commentList></comments>"


def blocks_of(sheet: Sheet) -> int:
    """How many blocks of shape ids the remarks of a sheet take."""
    return len(sheet.marks) // _BLOCK + 1 if sheet.marks else 0


def shapes_xml(sheet: Sheet, *, first_block: int) -> Iterator[str]:
    """The boxes of the remarks, which Excel still wants as VML; their ids come in blocks that no two sheets share."""
    blocks = ",".join(str(first_block + number) for number in range(blocks_of(sheet)))
    yield (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel">'
        f'<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="{blocks}"/></o:shapelayout>'
        '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
        '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
    )
    head = rows_above(sheet)
    for number, (row, place) in enumerate(sorted(sheet.marks), start=1):
        line = head + row
        yield (
            f'<v:shape id="_x0000_s{_BLOCK * first_block + number}" type="#_x0000_t202"'
            ' style="position:absolute;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
            '<v:fill color2="#ffffe1"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
            '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
            f"<x:Anchor>{place + 1}, 15, {line}, 2, {place + 4}, 15, {line + 4}, 4</x:Anchor>"
            f"<x:AutoFill>False</x:AutoFill><x:Row>{line}</x:Row><x:Column>{place}</x:Column></x:ClientData></v:shape>"
        )
    yield "</xml>"
