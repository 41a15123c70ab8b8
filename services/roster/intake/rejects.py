"""What can't be read, handed back 退回行: the office's own rows as it wrote them, each red cell with why, and how to correct.

It is made to be looked at beside the list it came from. It is not a list itself: handed in, it is refused, so that a few
corrected rows never take the place of a whole register.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from services.chassis.workbook import Column, Sheet, write
from services.roster.reconcile.model import Reject
from services.roster.reconcile.reading import Spoilt

LEADING: Final = (Column("退回原因", width=40), Column("原行号", width=8, kind="number"))
HOW_TO: Final = (
    "红色单元格无法识别或与栏目不符，批注和“退回原因”栏写明原因。",
    "请在本单位原来的名册中按“原行号”找到该行改正，然后把整份名册重新报送；本表不能代替名册报送。",
    "“整行未收”的行没有进入比对，其余只是个别单元格未采用。",
)
_CHINESE: Final = re.compile(r"\(([^()]*[\u4e00-\u9fff][^()]*)\)$")
_LONGEST_COLUMN: Final = 40


def workbook_of(spoilt: Sequence[Spoilt], *, rejects: Sequence[Reject], passed_over: int = 0) -> bytes:
    """The workbook: counts first, then a sheet for each sheet of the office's, in their order."""
    sheets: dict[tuple[str, str, str, tuple[str, ...]], list[Spoilt]] = defaultdict(list)
    for row in spoilt:
        sheets[row.register, row.file, row.sheet, row.columns].append(row)
    named = [
        _sheet(f"{number} {file.rpartition('.')[0] or file} {sheet}", rows, columns=columns)
        for number, ((_, file, sheet, columns), rows) in enumerate(sheets.items(), start=1)
    ]
    return write(
        [_summary(spoilt, rejects=rejects, passed_over=passed_over), *named],
        properties={"title": "退回行", "creator": "保学"},
    )


def in_chinese(reason: str) -> str:
    """The Chinese half of a reason, or all of it where it has none."""
    found = _CHINESE.search(reason)
    return found[1] if found else reason


def _summary(spoilt: Sequence[Spoilt], *, rejects: Sequence[Reject], passed_over: int) -> Sheet:
    cells = Counter((reject.file, reject.sheet, reject.column, in_chinese(reject.reason)) for reject in rejects)
    whole = sum(not row.taken for row in spoilt)
    shown = f"共 {len(rejects)} 处，下列各表列出 {len(spoilt)} 行，其中整行未收 {whole} 行。"
    if passed_over:
        shown += f"另有 {passed_over} 行是合计、备注或重复的表头，未作为名册行。"
    return Sheet(
        name="说明",
        title="名册退回行",
        notes=(shown, *HOW_TO),
        columns=(
            Column("文件", width=30),
            Column("工作表", width=16),
            Column("栏目", width=16),
            Column("原因", width=50),
            Column("处数", width=8, kind="number"),
        ),
        rows=[(*place, count) for place, count in sorted(cells.items())],
    )


def _sheet(name: str, rows: Sequence[Spoilt], *, columns: Sequence[str]) -> Sheet:
    widest = max(len(row.cells) for row in rows)
    titles = [title or f"第{place}列" for place, title in enumerate(_padded(columns, widest), start=1)]
    first = len(LEADING)
    marks = {
        (at, 0 if place < 0 else first + place): in_chinese(reason)
        for at, row in enumerate(rows)
        for place, reason in row.marks.items()
    }
    return Sheet(
        name=name,
        columns=(
            *LEADING,
            *(Column(title[:_LONGEST_COLUMN], width=max(8, min(24, 2 * len(title)))) for title in titles),
        ),
        rows=[(_why(row), row.line, *row.cells) for row in rows],
        marks=marks,
    )


def _why(row: Spoilt) -> str:
    reasons = "；".join(dict.fromkeys(map(in_chinese, row.marks.values())))
    return reasons if row.taken else f"整行未收：{reasons}"


def _padded(titles: Iterable[str], width: int) -> list[str]:
    padded = list(titles)
    return padded + [""] * (width - len(padded))
