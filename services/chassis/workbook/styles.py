"""How cells look: the styles a sheet refers to by number."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.chassis.workbook.cells import Kind

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

TITLE, NOTE, HEADING, _FIRST = 1, 2, 3, 4
_KINDS: Final[tuple[Kind, ...]] = ("text", "date", "number")
MARKED: Final = 2 * len(_KINDS)
"""How far on from a cell's style its red one stands."""


def style_of(kind: Kind, *, locked: bool) -> int:
    return _FIRST + 2 * _KINDS.index(kind) + locked


def _data_styles() -> Iterator[str]:
    """In the order `style_of` and `MARKED` count: plain then red, kind by kind, open then locked."""
    formats: Mapping[Kind, int] = {"text": 49, "date": 164, "number": 0}
    for fill in (0, 3):
        for kind in _KINDS:
            for locked in (0, 1):
                yield (
                    f'<xf numFmtId="{formats[kind]}" fontId="0" fillId="{fill}" borderId="1" xfId="0" applyNumberFormat="1"'
                    ' applyFill="1" applyBorder="1" applyAlignment="1" applyProtection="1">'
                    f'<alignment vertical="center" wrapText="1"/><protection locked="{locked}"/></xf>'
                )


def _solid(colour: str) -> str:
    return (
        f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill></fill>'
    )


_THIN: Final = "".join(
    f'<{side} style="thin"><color rgb="FF9AA5AB"/></{side}>' for side in ("left", "right", "top", "bottom")
)
STYLES: Final = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="3"><font><sz val="10"/><name val="宋体"/></font><font><b/><sz val="16"/><name val="宋体"/></font>'
    '<font><b/><sz val="10"/><name val="宋体"/></font></fonts>'
    '<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    f"{_solid('FFE4EAEC')}{_solid('FFF7B7B2')}</fills>"
    f'<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border>{_THIN}<diagonal/></border>'
    '</borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    f'<cellXfs count="{_FIRST + 2 * MARKED}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"'
    ' applyAlignment="1"><alignment horizontal="center" vertical="center"/></xf>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1">'
    '<alignment horizontal="left" vertical="center" wrapText="1"/></xf>'
    '<xf numFmtId="49" fontId="2" fillId="2" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"'
    ' applyBorder="1" applyAlignment="1"><alignment horizontal="center" vertical="center" wrapText="1"/></xf>'
    f"{''.join(_data_styles())}</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
