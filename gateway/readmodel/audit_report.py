"""A year's audit of what was done with minors' data 未成年人个人信息保护合规审计报告, as it is kept: counts, and where each can be counted again.

A report is one JSON text, written one way, so the same logs give the same bytes. It names nobody, and what counts children one by one is
withheld where it is small. How it is reckoned is `supervision/audit.py`; here is what it says.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import msgspec

KIND: Final = "baoxue audit 1"


class AuditedLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log as far as it was counted 存证日志: which of its entries are of the period, and under which tree head they stand."""

    log: str
    origin: str
    """Its name as its checkpoints bear it; empty where nothing of it is of the period."""
    first: int
    last: int
    """Positions of the first and the last entry of the period; 0 where there is none. Entries between them may be of a day beside it: what an
    entry says of its own time decides."""
    entries: int
    size: int
    root: str
    """The first checkpoint that was signed over all of them, in hex."""
    checkpoints: int
    """How many were signed in the period."""
    witnessed: int
    """How many of these a witness had seen by its end."""
    late: int
    """How many no witness had seen within the time in which one has to."""
    longest_s: int
    """The longest it took, in seconds."""


class AuditFigure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number 指标: of what, counted in which log, and how."""

    figure: str
    item: str
    """Which part of the figure; empty for all of it."""
    value: int | None
    """None where it is withheld: fewer children than may be told."""
    log: str
    counted: str
    """What of an entry makes it count, in the words that stand in the entry."""


class AuditContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a report says."""

    kind: str
    county: str
    from_on: date
    until_on: date
    withheld_under: int
    logs: tuple[AuditedLog, ...]
    figures: tuple[AuditFigure, ...]
    lacking: tuple[str, ...]
    """What a reader would look for and no log tells, by its code."""

    def written(self) -> str:
        """The one way in which it is written."""
        return msgspec.json.encode(self, order="deterministic").decode()

    def of(self, figure: str) -> list[AuditFigure]:
        """The parts of a figure, in their order."""
        return [each for each in self.figures if each.figure == figure]


def read_content(text: str) -> AuditContent:
    """A report as it was kept; raises `msgspec.DecodeError` where a newer program wrote it."""
    return msgspec.json.decode(text, type=AuditContent)


def withheld(parts: Iterable[tuple[str, int]], *, under: int) -> list[tuple[str, int | None]]:
    """The parts of a sum of children and the sum, under an empty name: a small one is withheld, and then the sum is too.

    With the sum told, the one that was withheld could be reckoned.
    """
    counted = list(parts)
    shown: list[tuple[str, int | None]] = [(item, None if 0 < value < under else value) for item, value in counted]
    total = sum(value for _, value in counted)
    is_safe = all(value is not None for _, value in shown) and not 0 < total < under
    return [*shown, ("", total if is_safe else None)]


def summed(parts: Sequence[tuple[str, int]]) -> list[tuple[str, int | None]]:
    """The parts of a sum and the sum, under an empty name."""
    return [*parts, ("", sum(value for _, value in parts))]
