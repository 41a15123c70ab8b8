"""What notices say, and why none can name a person 通知模板 (messages carry no personal data).

A template is read from `templates.toml` and may name five fields. Each is filled with a word of a table, a date, eight
digits of a case's id, or a code of at most twelve digits: there is no way in for a text that somebody typed. The file
is read once, when this module is imported; a template that names anything else stops the service there.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from importlib import resources
from string import Formatter
from typing import Any, Final, Self
from uuid import UUID

from services.chassis.errors import Refused
from services.notify.domain.units import unit

_AREA = re.compile(r"|[0-9]{6}|[0-9]{9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All a notice may say of its matter; `unit` is who is told, `due` the day by which the step is owed."""

    case: UUID | None
    township: str
    step: str
    due: date | None
    unit: str

    def __post_init__(self) -> None:
        unit(self.unit)
        if not _AREA.fullmatch(self.township):
            raise Refused("The area of a notice is a township's nine digits, a county's six, or left out.")


FIELDS: Final = frozenset(field.name for field in fields(Facts))
"""The closed set of what a template can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One text, what kind of matter it is about, and within how many days it is to be acknowledged."""

    reason: str
    text: str
    matter: str
    days: int

    def __post_init__(self) -> None:
        try:
            named = [name for name in Formatter().parse(self.text) if name[1] is not None]
        except ValueError as error:
            message = f"template {self.reason}: {error}"
            raise ValueError(message) from None
        for _, field, form, conversion in named:
            if field not in FIELDS or form or conversion:
                message = f"template {self.reason}: a notice can't name {{{field}}}; it may name {sorted(FIELDS)}, as they are"
                raise ValueError(message)
        if self.days < 1:
            message = f"template {self.reason}: leave at least a day to acknowledge"
            raise ValueError(message)

    def reply_by(self, *, due: date | None, today: date) -> date:
        """The last day to acknowledge: some days from now, earlier where the step is due earlier, never before today."""
        in_time = today + timedelta(days=self.days)
        return in_time if due is None else max(today, min(due, in_time))


@dataclass(frozen=True, slots=True)
class Templates:
    """The texts by reason, and the tables they are filled from."""

    by_reason: Mapping[str, Template]
    steps: Mapping[str, str]
    kinds: Mapping[str, str]
    areas: Mapping[str, str]
    matters: Mapping[str, str]
    """Kinds of matter 事项类别: an address may be told of some of them only."""

    def __post_init__(self) -> None:
        for template in self.by_reason.values():
            if template.matter not in self.matters:
                message = f"template {template.reason}: {template.matter} is no kind of matter; known are {sorted(self.matters)}"
                raise ValueError(message)

    @classmethod
    def of(cls, file: Mapping[str, Any]) -> Self:
        """Reads a file of templates; a fault is a `ValueError` that names the template."""
        templates = {reason: Template(reason=reason, **entry) for reason, entry in file["template"].items()}
        return cls(templates, steps=file["steps"], kinds=file["kinds"], areas=file["areas"], matters=file["matters"])

    def matter_of(self, reason: str) -> str:
        """What kind of matter a reason is about; empty for one that has no template any more."""
        return self.by_reason[reason].matter if reason in self.by_reason else ""

    def get(self, reason: str) -> Template:
        """The template for a reason; refuses a reason that has none."""
        if reason not in self.by_reason:
            raise Refused(f"There is no notice for this reason; known are {', '.join(sorted(self.by_reason))}.")
        return self.by_reason[reason]

    def write(self, reason: str, *, facts: Facts) -> str:
        """The text of a notice."""
        words = {
            "case": "" if facts.case is None else facts.case.hex[:8],
            "township": self.areas.get(facts.township, facts.township or "本县"),
            "step": self.steps.get(facts.step, "应办事项"),
            "due": "即日" if facts.due is None else facts.due.isoformat(),
            "unit": self._unit(facts.unit),
        }
        return self.get(reason).text.format_map(words)

    def _unit(self, named: str) -> str:
        """A unit in words: 小店镇人民政府, 学校（3141000300）."""
        kind, _, area = named.partition(":")
        words = self.kinds.get(kind, "有关单位")
        return f"{self.areas[area]}{words}" if area in self.areas else f"{words}（{area}）"


TEMPLATES: Final = Templates.of(
    tomllib.loads(resources.files(__package__).joinpath("templates.toml").read_text("utf-8"))
)
"""The templates as shipped."""
