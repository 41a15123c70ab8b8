"""The yearly audit of minors' data 未成年人个人信息保护合规审计报告 as a workbook to print: figures, the logs they were counted in, how to count again.

No official form of its figures was found, so the columns are this system's own. There is nobody in it. The hash on each sheet is that of the report
as it is kept, which stands in the policy's log; what no log tells is named, for the office to add.
"""

from typing import Final

from gateway.readmodel.audit_report import AuditContent, AuditFigure
from gateway.sheets.stamp import Stamp
from gateway.words import audit_part, word
from services.chassis.workbook import Column, Sheet, write
from services.contracts.divisions import COUNTY, DIVISIONS

WITHHELD: Final = "※"
_FIGURES: Final = (
    Column("指标", 30),
    Column("分项", 24),
    Column("数", 12),
    Column("所在日志", 14),
    Column("计数口径", 60),
)
_LOGS: Final = (
    Column("日志", 14), Column("名称", 30), Column("首条序号", 12, "number"), Column("末条序号", 12, "number"),
    Column("本期条数", 12, "number"), Column("树大小", 12, "number"), Column("根哈希", 68), Column("签名次数", 10, "number"),
    Column("已见证", 10, "number"), Column("见证超时", 10, "number"), Column("最长等待（秒）", 14, "number"),
)  # fmt: skip


def called(content: AuditContent) -> str:
    """Its name."""
    return f"未成年人个人信息保护合规审计报告 {content.from_on}至{content.until_on}"


def workbook(content: AuditContent, *, sha256: str, stamp: Stamp) -> bytes:
    """The report as XLSX."""
    notes = [
        f"{DIVISIONS.name_of(COUNTY) or COUNTY}　期间：{content.from_on} 至 {content.until_on}　依据：《未成年人网络保护条例》第三十七条",
        f"“{WITHHELD}”：涉及儿童人数少于{content.withheld_under}的数及由其可推算的合计不列。报告内容 SHA-256：{sha256}",
        stamp.words,
    ]
    again = [
        (
            "核对方法",
            "按“存证日志”所列首末序号取证据包：baoxue bundle --range 日志:首-末；用 verify.py 或 verify.mjs 验证后按“计数口径”重新计数。",
        ),
        ("重新生成", "baoxue audit check 报告编号：由日志重新生成并逐字节比对。"),
        *(("日志未载", word("audit_lacking", code)) for code in content.lacking),
    ]
    sheets = [
        Sheet("指标", _FIGURES, [_line(each) for each in content.figures], title=called(content), notes=notes, footer=stamp.words),
        Sheet(
            "存证日志",
            _LOGS,
            [
                (word("audit_logs", one.log), one.origin, one.first, one.last, one.entries, one.size, one.root,
                 one.checkpoints, one.witnessed, one.late, one.longest_s)
                for one in content.logs
            ],
            title="计数所依据的存证日志",
            notes=notes,
            footer=stamp.words,
        ),
        Sheet("说明", (Column("事项", 14), Column("内容", 90)), again, title="核对方法与未载事项", notes=notes, footer=stamp.words),
    ]  # fmt: skip
    return write(sheets, properties={"title": called(content), "subject": f"SHA-256：{sha256}", "creator": "保学"})


def _line(each: AuditFigure) -> tuple[str, str, str, str, str]:
    number = WITHHELD if each.value is None else f"{each.value}"
    part = audit_part(each.figure, each.item)
    return (word("audit_figures", each.figure), part, number, word("audit_logs", each.log), each.counted)
