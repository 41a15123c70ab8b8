"""A village's list of a round of the field check 摸排名单 (N1.8): who is to be asked after, and what was found at each door.

Several people fill in copies of one list. What a sheet says is kept; where two sheets say different things of a child it is a
conflict that somebody of the township decides, with a reason. The same sheet again changes nothing. What villages write
beside a child, and whom they meet that no register knows, are words about people: they stand sealed in a table beside
(`field_words.py`), under the `words_id` of the event, and go when the round is over.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused
from services.chassis.working_days import add_working_days
from services.roster.domain.findings import in_the_clear

Found = Literal[
    "at_school_here",
    "at_school_elsewhere",
    "taught_at_home",
    "out_of_school",
    "too_young_or_done",
    "moved_away",
    "abroad",
    "dead",
    "no_such_person",
    "not_reached",
]
"""What was found of a child at the door 摸排结果."""

Reminded = Literal["township", "education_bureau"]
"""Who is told that a list is late, one after the other 催报层级: the township, which hands it in, then the bureau above it."""

BUREAU_AFTER: Final = 3
"""Working days that a township has from being told until the bureau is; a county default, the notice names none."""

FOUND: Final[frozenset[str]] = frozenset(get_args(Found))
MOST_CHILDREN: Final = 5_000
"""Children of one list; a village of ten thousand people has about 1,500 of school age."""

_ROUND: Final = re.compile(r"20\d{2}-(?:spring|autumn)(?:-[2-9])?")
_CHECKS: Final = UUID("6f3d5a0e-27c1-5b58-8d0c-94c0be2f7a11")


def check_round(name: str) -> str:
    """The name of a round 轮次, such as 2026-autumn, or 2026-autumn-2 for another one of that term; else `Refused`."""
    if not _ROUND.fullmatch(name):
        raise Refused("轮次写作 2026-spring 或 2026-autumn / a round is called like 2026-autumn, or 2026-autumn-2.")
    return name


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sheet says of one child; `before` is what another sheet had said and is contradicted, '' where nothing is."""

    child_id: UUID
    found: Found
    visited_on: date | None = None
    before: Found | Literal[""] = ""


def next_reminder(reminded: str, *, since: date) -> tuple[Reminded, date] | None:
    """Who is told next that a list is late, and the last day on which nobody is yet; None once everybody was.

    `since` is the list's day, or the day on which the township was told: the bureau hears nothing before that had its days.
    """
    match reminded:
        case "":
            return "township", since
        case "township":
            return "education_bureau", add_working_days(since, BUREAU_AFTER)
        case _:
            return None


class FieldCheck(RecordedAggregate):
    """One village in one round."""

    TOPIC = "roster.FieldCheck"

    class Opened(RecordedAggregate.Event, Created):
        """The village's list went out 下发; `village` is '' for those of the township whose village nobody knows."""

        TOPIC = "roster.FieldCheck.Opened"
        township: str
        village: str
        round: str
        children: tuple[UUID, ...]
        opened_on: date
        due_on: date

    class Answered(RecordedAggregate.Event):
        """A sheet came back 回收; only what it says anew, and how many it met first whom no register knows."""

        TOPIC = "roster.FieldCheck.Answered"
        township: str
        village: str
        round: str
        sheet: str
        answers: tuple[Answer, ...]
        met: int
        words_id: UUID | None
        answered_on: date

    class Settled(RecordedAggregate.Event):
        """Of two contradicting answers one holds 裁定."""

        TOPIC = "roster.FieldCheck.Settled"
        child_id: UUID
        found: Found
        reason: str
        settled_on: date

    class Overdue(RecordedAggregate.Event):
        """It was not handed in by its day 逾期; `reminded` is the level that is told, `unanswered` how many nobody asked after."""

        TOPIC = "roster.FieldCheck.Overdue"
        township: str
        village: str
        round: str
        reminded: Reminded
        due_on: date
        unanswered: int
        overdue_on: date

    class Locked(RecordedAggregate.Event):
        """It is part of what the township handed in, so nothing more is written on it 锁定."""

        TOPIC = "roster.FieldCheck.Locked"

    class Unlocked(RecordedAggregate.Event):
        """The bureau gave that back, so it can be mended 解锁."""

        TOPIC = "roster.FieldCheck.Unlocked"

    @staticmethod
    def id_of(*, round: str, township: str, village: str) -> UUID:  # noqa: A002  # the field's word
        """The id of a village's list in a round: there is one."""
        return uuid5(_CHECKS, f"{round}/{township}/{village}")

    @classmethod
    def open(
        cls,
        *,
        round: str,  # noqa: A002
        township: str,
        village: str,
        children: Iterable[UUID],
        due_on: date,
        today: date,
    ) -> "FieldCheck":
        """Sends a village's list out; refused without children, and for a day that is past."""
        listed = tuple(sorted(set(children)))
        if not 0 < len(listed) <= MOST_CHILDREN:
            raise Refused(f"名单应有 1 至 {MOST_CHILDREN} 名儿童 / a list has 1 to {MOST_CHILDREN} children.")
        if due_on < today:
            raise Refused("摸排期限不能早于今天 / the list is due on a day that is past.")
        return cls._create(
            cls.Opened,
            id=cls.id_of(round=check_round(round), township=township, village=village),
            township=township,
            village=village,
            round=round,
            children=listed,
            opened_on=today,
            due_on=due_on,
        )

    def must_be_of(self, unit: str) -> None:
        """Forbidden to units that have nothing to do with this village: it is the village's, its township's, the bureau's."""
        kind, _, area = unit.partition(":")
        if not (
            kind == "education_bureau"
            or (kind == "township" and area == self.township)
            or (kind == "village" and area == self.village)
        ):
            raise Forbidden("只能办理本村、本乡镇的摸排名单 / this list is of another village or township.")

    def take(
        self,
        *,
        sheet: str,
        answers: Mapping[UUID, tuple[Found, date | None]],
        met: int,
        words_id: UUID | None,
        today: date,
    ) -> None:
        """Takes a sheet back; nothing happens where it says nothing new. `sheet` is the hash of its file.

        A child that somebody settled is in conflict again only by a sheet that came later and says something else.
        """
        if sheet in self.sheets:
            return
        self.must_be_open()
        if strangers := answers.keys() - self.children:
            raise Refused(f"有 {len(strangers)} 名儿童不在本名单 / {len(strangers)} children are not on this list.")
        fresh = tuple(
            self._compared(child_id, found, visited_on)
            for child_id, (found, visited_on) in sorted(answers.items())
            if self.found.get(child_id) != found
        )
        if fresh or met or words_id is not None:
            self.trigger_event(
                self.Answered,
                township=self.township,
                village=self.village,
                round=self.round,
                sheet=sheet,
                answers=fresh,
                met=met,
                words_id=words_id,
                answered_on=today,
            )

    def settle(self, *, child_id: UUID, found: str, reason: str, today: date) -> None:
        """Decides which of two answers holds; refused where sheets do not contradict each other, or for a third answer."""
        self.must_be_open()
        if child_id not in self.conflicts:
            raise Refused("该儿童没有待裁定的冲突 / no two sheets contradict each other about this child.")
        stands, before = self.found[child_id], self.conflicts[child_id]
        if found not in (stands, before):
            raise Refused(f"只能裁定为其中之一 / the sheets say {before} and {stands}: it is one of the two.")
        reason = in_the_clear(reason, what="why this answer holds")
        self.trigger_event(self.Settled, child_id=child_id, found=found, reason=reason, settled_on=today)

    def expire(self, *, today: date) -> None:
        """Tells that the list is late: the township once its day has passed, the bureau some days later; once to each."""
        step = next_reminder(self.reminded, since=self.reminded_on or self.due_on)
        if step is None or self.is_locked or today <= step[1]:
            return
        self.trigger_event(
            self.Overdue,
            township=self.township,
            village=self.village,
            round=self.round,
            reminded=step[0],
            due_on=self.due_on,
            unanswered=self.unanswered,
            overdue_on=today,
        )

    def must_be_open(self) -> None:
        """Refused while the township's submission waits for the bureau, and for good once that was accepted."""
        if self.is_locked:
            raise Refused(
                "本轮已上报锁定，教体局退回后方可修改 / this round was handed in and is locked; only if the bureau returns it"
                " can a list be changed."
            )

    def lock(self) -> None:
        """Lets nothing more be written on it; refused with conflicts that nobody settled."""
        self.must_be_open()
        if self.conflicts:
            raise Refused(
                f"还有 {len(self.conflicts)} 处冲突未裁定 / {len(self.conflicts)} conflicts of a village are not settled"
                " yet (settleFieldCheck)."
            )
        self.trigger_event(self.Locked)

    def unlock(self) -> None:
        """Opens it again."""
        if self.is_locked:
            self.trigger_event(self.Unlocked)

    @property
    def unanswered(self) -> int:
        """Of how many children nothing is known yet."""
        return len(self.children) - len(self.found)

    def _compared(self, child_id: UUID, found: Found, visited_on: date | None) -> Answer:
        return Answer(child_id, found, visited_on, before=self.found.get(child_id, ""))

    @event(Opened)
    def __init__(
        self,
        township: str,
        village: str,
        round: str,  # noqa: A002
        children: tuple[UUID, ...],
        due_on: date,
    ) -> None:
        self.township = township
        self.village = village
        self.round = round
        self.children = frozenset(children)
        self.due_on = due_on
        self.found: dict[UUID, Found] = {}
        self.visited: dict[UUID, date | None] = {}
        self.conflicts: dict[UUID, Found] = {}
        self.sheets: set[str] = set()
        self.met = 0
        self.words_id: UUID | None = None
        self.is_locked = False
        self.reminded: Reminded | Literal[""] = ""
        self.reminded_on: date | None = None

    @event(Answered)
    def _answered(self, sheet: str, answers: tuple[Answer, ...], met: int, words_id: UUID | None) -> None:
        self.sheets.add(sheet)
        self.met += met
        self.words_id = words_id or self.words_id
        for answer in answers:
            self.found[answer.child_id] = answer.found
            self.visited[answer.child_id] = answer.visited_on
            if answer.before:
                self.conflicts[answer.child_id] = answer.before

    @event(Settled)
    def _settled(self, child_id: UUID, found: Found) -> None:
        self.found[child_id] = found
        del self.conflicts[child_id]

    @event(Overdue)
    def _overdue(self, reminded: Reminded, overdue_on: date) -> None:
        self.reminded = reminded
        self.reminded_on = overdue_on

    @event(Locked)
    def _locked(self) -> None:
        self.is_locked = True

    @event(Unlocked)
    def _unlocked(self) -> None:
        self.is_locked = False
