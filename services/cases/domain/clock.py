"""The clock of a step owed 期限: it may stand still for a reason 中止, and run longer once, with approval 延期.

Neither makes it start anew: a pause gives back the days it took and no more, each reason once for a step; an extension
is asked for by one person, granted by another, at most as long as the term itself. Whatever follows, the next step
begins with a clock of its own. A pause ends by itself, so that no child is forgotten behind one.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from services.cases.domain import catalogue
from services.cases.domain.rules import Owed, Rules
from services.chassis.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A clock that stands 中止: why, from when, and the last day it may stand."""

    reason: str
    paused_on: date
    until_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """More time asked for 延期申请: so many days of the rule's own unit, why, and by whom."""

    days: int
    reason: str
    asked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What has happened to the clock of the step that is owed now."""

    owed: Owed
    pause: Pause | None = None
    paused_for: frozenset[str] = frozenset()
    asked: Extension | None = None
    extended: bool = False
    warned_of: date | None = None
    """The last day of which it was told that it is near."""

    def paused(self, *, reason: str, today: date) -> Pause:
        """The pause that begins today; refused while one lasts, when late already, and for the same reason again."""
        listed = catalogue.known(reason, words=catalogue.PAUSES, what="reason to pause a clock")
        if self.pause is not None:
            raise Refused(
                f"pause_step: the clock has stood since {self.pause.paused_on}; resume_step lets it run again."
            )
        if self.owed.due_on < today:
            raise Refused(f"pause_step: the step was due on {self.owed.due_on}; what is late is done, not paused.")
        if reason in self.paused_for:
            raise Refused(
                f"pause_step: the clock of this step has stood for {reason} {listed.name} before, once is all."
            )
        return Pause(reason=reason, paused_on=today, until_on=today + timedelta(days=listed.longest_days))

    def resumed(self, *, rules: Rules, today: date) -> Owed:
        """What is owed when the clock runs again today: the days it still had when it was paused."""
        if self.pause is None:
            raise Refused("resume_step: the clock of this step is running.")
        rule = rules.by_id(self.owed.rule)
        left = rule.between(self.pause.paused_on, self.owed.due_on)
        return self.owed.due(rule.after(today, term=left) if left else today)

    def may_extend(self, *, days: int, reason: str, asked_by: str, rules: Rules, today: date) -> Extension:
        """The extension asked for today; refused a second time, when late, and beyond the length of the term itself."""
        rule = rules.by_id(self.owed.rule)
        if self.extended:
            raise Refused("request_extension: this step's term was extended before, and once is all it may be.")
        if self.asked is not None:
            raise Refused(
                "request_extension: one is waiting already; grant_extension or decline_extension comes first."
            )
        if self.owed.due_on < today:
            raise Refused(
                f"request_extension: the step was due on {self.owed.due_on}; ask before the last day is over."
            )
        if not 1 <= days <= rule.term:
            raise Refused(
                f"request_extension: at most as long as the term itself, 1 to {rule.term} {rule.unit_in_words}."
            )
        reason = catalogue.in_the_clear(reason, what="the reason")
        return Extension(days=days, reason=reason, asked_by=asked_by)

    def extended_by(self, extension: Extension, *, rules: Rules) -> Owed:
        """What is owed when the extension is granted."""
        return self.owed.due(rules.by_id(self.owed.rule).after(self.owed.due_on, term=extension.days))

    def asked_for(self, act: str) -> Extension:
        """The extension that waits for an answer; refused where none does."""
        if self.asked is None:
            raise Refused(f"{act}: nobody has asked for more time; request_extension comes first.")
        return self.asked
