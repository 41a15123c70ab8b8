"""Questions with a yes or a no 是非核验: about somebody the asker names and whose number it has, instead of a record.

A question is an oracle, so it has a budget (`rules.toml`): so many a day for a unit, for an officer, and about one child. Who
gets too often that nobody is known tries numbers out: that is an alarm, and there are no more answers that day. What was
asked is kept nowhere; that it was asked, by whom and about which child, stands on its receipt like every look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from gateway.access.principal import Principal, area_range
from gateway.access.rules import RULES
from gateway.access.writer import Writer
from gateway.readmodel.reading import Reader, claims
from services.chassis.errors import Refused
from services.chassis.telemetry import count

_COUNTY_DIGITS: Final = 6
_ANSWERS: Final[Mapping[str, str]] = {
    "identityMatches": "case when named then 'yes' else 'no' end",
    "holdsDisabilityCertificate": "case when not named then 'unknown' when disability_grade <> '' then 'yes' else 'no' end",
    "inMinimumLiving": "case when not named then 'unknown' when on_minimum_living then 'yes' else 'no' end",
    "enrolledThisTerm": (
        "case when not named or accounted_state in ('', 'suspect') then 'unknown'"
        " when accounted_state in ('in_seat', 'placed', 'elsewhere') then 'yes' else 'no' end"
    ),
}
"""Each predicate and its answer; what needs the name to be right says of another name no more than of an unknown number."""
PREDICATES: Final = frozenset(_ANSWERS)
_ASK: Final = """
    select child_id, {answer} from (
      select c.child_id, i.name = %(name)s as named, c.disability_grade, c.accounted_state, exists (
          select from eligibility e where e.child_id = c.child_id and e.category = 'minimum_living'
            and e.from_on <= %(today)s and (e.until_on is null or e.until_on >= %(today)s)) as on_minimum_living
      from child_identity i join child c using (child_id)
      where i.id_last4 = right(%(number)s, 4) and i.id_number = %(number)s and c.merged_into is null) known
    order by child_id limit 1"""
_USE: Final = b"""
    insert into predicate_use (day, scope, used) select %(today)s, scope, 1 from unnest(%(scopes)s::text[]) scope
    on conflict (day, scope) do update set used = predicate_use.used + 1 returning scope, used, unknown"""
_UNKNOWN: Final = b"""
    update predicate_use set unknown = unknown + 1 where day = %(today)s and scope = %(scope)s returning unknown"""


class Said(StrEnum):
    """An answer."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class TriesNumbers(Refused):
    """This officer got so many unknowns today that there are no more answers; supervision has to hear of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was answered, about which child, and whether this answer was the one that raised the alarm."""

    said: Said
    child_id: UUID | None
    alarm: bool = False


class Predicates:
    """Answers within the budget."""

    def __init__(self, *, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def ask(self, predicate: str, *, name: str, number: str, by: Principal, today: date) -> Verdict:
        """The answer about somebody of the asker's county; raises `Refused` where the budget is used up, `TriesNumbers`."""
        officer = f"officer:{by.unit}/{by.actor}"
        bounds = {f"unit:{by.unit}": RULES.predicates.unit_per_day, officer: RULES.predicates.officer_per_day}
        await self._take(bounds, officer=officer, today=today)
        # By the county, not by the asker's reach: that is what the question is for, and all it tells is yes or no.
        low, high = area_range(by.unit.partition(":")[2][:_COUNTY_DIGITS])
        found = await self._reader.fetch(
            _ASK.format(answer=_ANSWERS[predicate]).encode(),
            {"name": name.strip(), "number": number.strip().upper(), "today": today},
            claims=claims(lo=low, hi=high, unit=by.unit),
        )
        if not found:
            [(unknown,)] = await self._writer.write(_UNKNOWN, {"today": today, "scope": officer})
            alarm = unknown == RULES.predicates.unknown_alarm
            if alarm:
                count("baoxue.predicates.alarms", department=by.grants.kind)
            return Verdict(Said.UNKNOWN, None, alarm)
        [(child_id, said)] = found
        await self._take({f"child:{by.unit}/{child_id}": RULES.predicates.number_per_day}, officer=officer, today=today)
        return Verdict(Said(said), child_id)

    async def _take(self, bounds: Mapping[str, int], *, officer: str, today: date) -> None:
        for scope, used, unknown in await self._writer.write(_USE, {"today": today, "scopes": list(bounds)}):
            if used > bounds[scope]:
                raise Refused(
                    f"The budget of {bounds[scope]} questions a day is used up for this {scope.partition(':')[0]}. 今日核验次数已用完。"
                )
            if scope == officer and unknown >= RULES.predicates.unknown_alarm:
                raise TriesNumbers(
                    "Too many questions about nobody known today; supervision was told. 今日未知结果过多，已报督导。"
                )
