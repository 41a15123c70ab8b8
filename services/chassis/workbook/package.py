"""The archive around the sheets: its parts, how they refer to each other, and the document's properties."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Final

from services.chassis.workbook.cells import attribute, escaped
from services.chassis.workbook.sheet import Sheet, blocks_of, comments_xml, rows_above, shapes_xml, sheet_xml
from services.chassis.workbook.styles import MAIN, STYLES

_CHUNK: Final = 1 << 18
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CORE: Final[Mapping[str, str]] = {
    "title": "dc:title",
    "subject": "dc:subject",
    "creator": "dc:creator",
    "keywords": "cp:keywords",
    "description": "dc:description",
    "category": "cp:category",
}


def write(sheets: Sequence[Sheet], *, properties: Mapping[str, str] | None = None) -> bytes:
    """The workbook as XLSX. `properties` are the document's: title, creator, subject … and any of the caller's own.

    Dates are real dates, texts are texts; what does not fit its column's kind is written as the text it is. A row may be
    shorter than its columns. Raises `ValueError` for what no spreadsheet can hold: too many rows, columns or choices,
    two sheets of one name.
    """
    names = [_sheet_name(sheet.name) for sheet in sheets]
    if not sheets or len({name.casefold() for name in names}) != len(names):
        message = "a workbook has at least one sheet, and no two of the same name"
        raise ValueError(message)
    document = properties or {}
    own = {name: text for name, text in document.items() if name not in _CORE}
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        _add(archive, "[Content_Types].xml", _content_types(sheets, own=bool(own)))
        _add(archive, "_rels/.rels", _package_relations(own=bool(own)))
        _add(archive, "docProps/core.xml", _core_properties(document))
        if own:
            _add(archive, "docProps/custom.xml", _own_properties(own))
        _add(archive, "xl/workbook.xml", _workbook(sheets, names=names))
        _add(archive, "xl/_rels/workbook.xml.rels", _workbook_relations(sheets))
        _add(archive, "xl/styles.xml", STYLES)
        block = 1
        for number, sheet in enumerate(sheets, start=1):
            _add(archive, f"xl/worksheets/sheet{number}.xml", sheet_xml(sheet, active=number == 1))
            if sheet.marks:
                _add(archive, f"xl/worksheets/_rels/sheet{number}.xml.rels", _sheet_relations(number))
                _add(archive, f"xl/comments{number}.xml", comments_xml(sheet))
                _add(archive, f"xl/drawings/marks{number}.vml", shapes_xml(sheet, first_block=block))
            block += blocks_of(sheet)
    return content.getvalue()


def _add(archive: zipfile.ZipFile, name: str, parts: Iterable[str]) -> None:
    """A member of the archive, written by and by."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    with archive.open(info, "w") as member:  # without ZIP64, which Excel offers to repair
        waiting: list[str] = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n']
        size = 0
        for part in [parts] if isinstance(parts, str) else parts:
            waiting.append(part)
            size += len(part)
            if size > _CHUNK:
                member.write("".join(waiting).encode())
                waiting, size = [], 0
        member.write("".join(waiting).encode())


def _package_relations(*, own: bool) -> Iterator[str]:
    core = f"{_PACKAGE}/relationships/metadata/core-properties"
    yield f'<Relationships xmlns="{_PACKAGE}/relationships">'
    yield f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="xl/workbook.xml"/>'
    yield f'<Relationship Id="rId2" Type="{core}" Target="docProps/core.xml"/>'
    if own:
        yield f'<Relationship Id="rId3" Type="{_OFFICE}/relationships/custom-properties" Target="docProps/custom.xml"/>'
    yield "</Relationships>"


def _content_types(sheets: Sequence[Sheet], *, own: bool) -> Iterator[str]:
    yield (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        '<Override PartName="/docProps/core.xml"'
        ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
    )
    if own:
        yield (
            '<Override PartName="/docProps/custom.xml"'
            ' ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/>'
        )
    for number, sheet in enumerate(sheets, start=1):
        yield f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        if sheet.marks:
            yield f'<Override PartName="/xl/comments{number}.xml" ContentType="{_TYPE}.comments+xml"/>'
    yield "</Types>"


def _workbook(sheets: Sequence[Sheet], *, names: Sequence[str]) -> Iterator[str]:
    yield f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}/relationships"><bookViews><workbookView/></bookViews><sheets>'
    for number, name in enumerate(names, start=1):
        yield f'<sheet name={attribute(name)} sheetId="{number}" r:id="rId{number}"/>'
    yield "</sheets><definedNames>"
    for number, (sheet, name) in enumerate(zip(sheets, names, strict=True)):
        quoted = escaped("'" + name.replace("'", "''") + "'")
        head = rows_above(sheet)
        yield f'<definedName name="_xlnm.Print_Titles" localSheetId="{number}">{quoted}!$1:${head}</definedName>'
    yield "</definedNames></workbook>"


def _workbook_relations(sheets: Sequence[Sheet]) -> Iterator[str]:
    yield f'<Relationships xmlns="{_PACKAGE}/relationships">'
    for number in range(1, len(sheets) + 1):
        kind = f"{_OFFICE}/relationships/worksheet"
        yield f'<Relationship Id="rId{number}" Type="{kind}" Target="worksheets/sheet{number}.xml"/>'
    styles = f"{_OFFICE}/relationships/styles"
    yield f'<Relationship Id="rId{len(sheets) + 1}" Type="{styles}" Target="styles.xml"/></Relationships>'


def _sheet_relations(number: int) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/comments" Target="../comments{number}.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/relationships/vmlDrawing" Target="../drawings/marks{number}.vml"/>'
        "</Relationships>"
    )


def _core_properties(properties: Mapping[str, str]) -> Iterator[str]:
    yield (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
    )
    for name, element in _CORE.items():
        if name in properties:
            yield f"<{element}>{escaped(properties[name])}</{element}>"
    yield "</cp:coreProperties>"


def _own_properties(properties: Mapping[str, str]) -> Iterator[str]:
    yield f'<Properties xmlns="{_OFFICE}/custom-properties" xmlns:vt="{_OFFICE}/docPropsVTypes">'
    for number, (name, text) in enumerate(properties.items(), start=2):  # the numbers 0 and 1 are taken by the format
        yield (
            f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="{number}" name={attribute(name)}>'
            f"<vt:lpwstr>{escaped(text)}</vt:lpwstr></property>"
        )
    yield "</Properties>"


def _sheet_name(name: str) -> str:
    """A name Excel takes: at most 31 letters, none of `[]:*?/\\`, no apostrophe at either end."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip("' ")[:31] or "Sheet"
