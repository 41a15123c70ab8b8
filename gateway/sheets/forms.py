"""The Word templates that come with this system, laid out after GB/T 9704-2012: head, number, addressee, text, seal and date.

    python -m gateway.sheets.forms            writes `templates/*.docx` anew

They are made here so that a change of form can be read and reviewed; an office edits the Word files themselves. What may be
placed in each stands in `template.py`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph

FOLDER = Path(__file__).parent / "templates"
TITLE, BODY, HEADING = "方正小标宋简体", "仿宋_GB2312", "黑体"
RED = RGBColor(0xC8, 0x10, 0x1A)
SIGNATURES = ("村支书", "乡镇中心校校长", "中学校长", "乡镇分管领导", "乡镇长", "教体局包片领导")


def served_paper() -> Document:
    """A paper to one person 送达文书, with its receipt of service 送达回证 on a page of its own."""
    made = _page()
    _head(made)
    _addressed_text(made)
    _close(made)
    made.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
    _line(made, "送　达　回　证", font=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, after=12)
    _table(
        made,
        widths=(45, 111),
        rows=(
            ("送达文书名称、文号", "{{ title }}\n{{ number }}"),
            ("受送达人", "{{ addressee }}"),
            ("送达地点", ""),
            ("送达方式", "{{ ways_of_service }}"),
            ("受送达人签名或盖章", "\n　　　　　　　　年　　月　　日"),
            ("代收人签名及与受送达人关系", "\n　　　　　　　　年　　月　　日"),
            ("拒收事由及见证人", "\n　　　　　　　　年　　月　　日"),
            ("送达人（两人）", "\n　　　　　　　　年　　月　　日"),
            ("备注", "限期{{ term }}，自送达之日起计算。{{ served }}"),
        ),
    )
    return made


def letter() -> Document:
    """A paper to an office 公文, without a receipt."""
    made = _page()
    _head(made)
    _addressed_text(made)
    _close(made)
    return made


def guardian_letter() -> Document:
    """A letter to a guardian 致监护人文书 (N9.1): the text, and on a page of its own the slip that is brought back, with the code to scan."""
    made = _page()
    _head(made)
    _addressed_text(made, size=14)
    _close(made)
    made.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
    _line(made, "送　达　回　证", font=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, after=12)
    _table(
        made,
        widths=(32, 90, 34),
        rows=(
            ("送达文书", "{{ title }}", "{{ qr }}"),
            ("送达码", "{{ number }}", ""),
            ("受送达人", "{{ guardian }}（{{ child }}的监护人，{{ village }}）", ""),
            ("送达方式", "{{ ways_of_service }}", "请于{{ serve_by }}前送达，扫码登记"),
            ("签收人及与受送达人关系", "\n　　　　　　　　年　　月　　日", "送达人（两人）"),
            ("拒收事由及见证人", "\n　　　　　　　　年　　月　　日", ""),
        ),
    )
    slip = made.tables[-1]
    slip.cell(0, 2).merge(slip.cell(2, 2))
    return made


def visit_record() -> Document:
    """A record of a visit or of persuasion 家访（劝返）记录, to be signed where it was made."""
    made = _page()
    _line(made, "{{ title }}", font=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, after=12)
    _table(
        made,
        widths=(36, 120),
        rows=(
            ("学生姓名", "{{ child }}"),
            ("监护人", "{{ guardian }}"),
            ("学校、学段", "{{ school }}　{{ stage }}"),
            ("时间", "{{ visited_on }}"),
            ("方式", "{{ method }}"),
            ("家访人", "{{ visitor }}"),
            ("监护人态度", "{{ attitude }}"),
            ("谈话内容及承诺", "{{ promise }}\n\n\n\n"),
            ("下次家访", "{{ next_on }}"),
            ("影像佐证", "{{ attachments }}件"),
            ("监护人签名", "\n　　　　　　　　年　　月　　日"),
            ("家访人签名", "\n　　　　　　　　年　　月　　日"),
        ),
    )
    return made


def persuasion_record() -> Document:
    """A record of one attempt to persuade 劝返记录, however it was made, to be signed and put to the school's report."""
    made = _page()
    _line(made, "{{ title }}", font=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, after=12)
    _table(
        made,
        widths=(36, 120),
        rows=(
            ("学生姓名", "{{ child }}"),
            ("监护人", "{{ guardian }}"),
            ("学校、学段", "{{ school }}　{{ stage }}"),
            ("劝返情况", "{{ said }}"),
            ("谈话内容", "{{ note }}\n\n\n\n"),
            ("登记单位、日期", "{{ office }}　{{ issued_on }}"),
            ("监护人签名", "\n　　　　　　　　年　　月　　日"),
            ("劝返人签名", "\n　　　　　　　　年　　月　　日"),
        ),
    )
    return made


def signed_list() -> Document:
    """A township's list of a month 劝返清单 with the six who sign it."""
    made = _page(landscape=True)
    _line(made, "{{ office }}", font=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, color=RED)
    _line(made, "{{ title }}", font=TITLE, size=18, align=WD_ALIGN_PARAGRAPH.CENTER, after=6)
    _line(made, "{{ summary }}", size=14, after=6)
    _repeated_table(
        made,
        headings=("序号", "村", "学生姓名", "学校", "学段", "辍学原因", "是否返校"),
        fields=("number", "village", "child", "school", "stage", "causes", "back"),
        widths=(14, 40, 30, 60, 20, 45, 25),
    )
    _line(made, "", size=10)
    _table(
        made,
        widths=(39,) * 6,
        rows=(SIGNATURES, tuple(f"{{{{ signatures[{i}] }}}}" for i in range(len(SIGNATURES)))),
    )
    return made


def county_report() -> Document:
    """The report to the county government 辍学和失联情况报告 (N1.3): the text, and the list of children on pages of its own."""
    made = _page()
    _head(made)
    _addressed_text(made)
    _line(made, "附件：确认辍学和失联学生名单", indent=True)
    _close(made)
    made.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
    _line(made, "附件", font=HEADING, size=16)
    _line(made, "确认辍学和失联学生名单", font=TITLE, size=20, align=WD_ALIGN_PARAGRAPH.CENTER, after=6)
    _repeated_table(
        made,
        headings=("序号", "乡镇", "学生姓名", "学段", "状态", "确认日期", "应办事项及期限"),
        fields=("number", "township", "child", "stage", "state", "confirmed_on", "owed"),
        widths=(12, 24, 24, 16, 22, 24, 34),
    )
    return made


FORMS = {
    "paper": served_paper,
    "letter": letter,
    "guardian_letter": guardian_letter,
    "record": visit_record,
    "persuasion": persuasion_record,
    "list": signed_list,
    "report": county_report,
}


def _page(*, landscape: bool = False) -> Document:
    made = docx.Document()
    [section] = made.sections
    section.page_width, section.page_height = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.top_margin, section.bottom_margin = (Mm(26), Mm(26)) if landscape else (Mm(37), Mm(32))
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    normal: Any = made.styles["Normal"]
    normal.font.size = Pt(16)
    _set_font(normal, BODY)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = footer.add_run("{{ stamp }}")
    run.font.size = Pt(7.5)
    return made


def _head(made: Document) -> None:
    """The issuing office in red over a red line 发文机关标志, then the number and the title."""
    _line(made, "{{ office }}", font=TITLE, size=30, align=WD_ALIGN_PARAGRAPH.CENTER, color=RED, after=10)
    ruled = _line(made, "{{ number }}", align=WD_ALIGN_PARAGRAPH.CENTER, after=16)
    properties = ruled._element.get_or_add_pPr()  # noqa: SLF001  # python-docx has no borders
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "18"), ("space", "4"), ("color", str(RED))):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    properties.append(borders)
    _line(made, "{{ title }}", font=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, after=14)


def _addressed_text(made: Document, *, size: float = 16) -> None:
    _line(made, "{{ addressee }}：", size=size)
    _line(made, "{%p for paragraph in paragraphs %}")
    _line(made, "{{ paragraph }}", size=size, indent=True)
    _line(made, "{%p endfor %}")


def _close(made: Document) -> None:
    """The seal's place and the date 落款."""
    _line(made, "", size=16)
    for text in ("{{ office }}（盖章）", "{{ issued_on }}"):
        closing = _line(made, text, align=WD_ALIGN_PARAGRAPH.RIGHT)
        closing.paragraph_format.right_indent = Pt(16 * 2)


def _line(
    made: Document,
    text: str,
    *,
    font: str = BODY,
    size: float = 16,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY,
    color: RGBColor | None = None,
    indent: bool = False,
    after: float = 0,
) -> Paragraph:
    paragraph = made.add_paragraph()
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    _set_font(run, font)
    if color is not None:
        run.font.color.rgb = color
    form = paragraph.paragraph_format
    form.alignment = align
    form.space_before, form.space_after = Pt(0), Pt(after)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(max(28, size * 1.3))
    if indent:
        form.first_line_indent = Pt(size * 2)
    return paragraph


def _table(made: Document, *, widths: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
    table = made.add_table(rows=len(rows), cols=len(widths), style="Table Grid")
    _set_widths(table, widths)
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            _write_cell(cell, text)


def _repeated_table(made: Document, *, headings: Sequence[str], fields: Sequence[str], widths: Sequence[float]) -> None:
    """A table with one row for each of `rows`, its headings repeated on every page."""
    texts = (
        headings,
        ("{%tr for row in rows %}", *[""] * (len(fields) - 1)),
        [f"{{{{ row.{name} }}}}" for name in fields],
    )
    table = made.add_table(rows=4, cols=len(fields), style="Table Grid")
    _set_widths(table, widths)
    for row, cells in zip(table.rows, (*texts, ("{%tr endfor %}", *[""] * (len(fields) - 1))), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            _write_cell(cell, text, size=10.5)
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    table.rows[0]._element.get_or_add_trPr().append(repeated)  # noqa: SLF001  # nor repeated headings


def _set_widths(table: Table, widths: Sequence[float]) -> None:
    """Fixed widths in mm; Word reads those of the cells, others those of the columns."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _write_cell(cell: Any, text: str, *, size: float = 12) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(3)
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    _set_font(run, BODY)


def _set_font(styled: Any, font: str) -> None:
    """The font of Chinese text and of everything else."""
    styled.font.name = font
    properties = styled.element.get_or_add_rPr()
    properties.get_or_add_rFonts().set(qn("w:eastAsia"), font)


def write(folder: Path) -> None:
    """Writes all of them."""
    for name, make in FORMS.items():
        make().save(str(folder / f"{name}.docx"))


if __name__ == "__main__":
    write(FOLDER)
