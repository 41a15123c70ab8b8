"""A township's round of the field check 乡镇摸排轮次 (N1.8): which lists are out, and which versions were handed in.

A version 上报版本 is made of the lists as they were at that moment, each locked and by its own version, so nothing that comes
later is in it. A version that the bureau returns opens the round again; one that it accepts is locked for good.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, NotFound, Refused
from services.roster.domain.field_check import FieldCheck, check_round
from services.roster.domain.findings import in_the_clear

_ROUNDS: Final = UUID("b7a9f1d4-1b0e-5c7e-9a5d-2f4f4f0a6c52")


@dataclass(frozen=True, slots=True)
class ListAt:
    """A village's list as of one of its versions."""

    field_check_id: UUID
    version: int


State = Literal["open", "submitted", "accepted"]


class FieldRound(RecordedAggregate):
    """One township in one round."""

    TOPIC = "roster.FieldRound"

    class Begun(RecordedAggregate.Event, Created):
        """The first lists of the round went out in the township 开始."""

        TOPIC = "roster.FieldRound.Begun"
        township: str
        round: str
        lists: tuple[UUID, ...]

    class Extended(RecordedAggregate.Event):
        """Further lists went out 增发."""

        TOPIC = "roster.FieldRound.Extended"
        lists: tuple[UUID, ...]

    class Submitted(RecordedAggregate.Event):
        """The township handed its round in 上报; `sha256` is of everything in it, words too."""

        TOPIC = "roster.FieldRound.Submitted"
        township: str
        round: str
        version: int
        lists: tuple[ListAt, ...]
        children: int
        unanswered: int
        met: int
        sha256: str
        submitted_on: date

    class Accepted(RecordedAggregate.Event):
        """The bureau countersigned 接收会签; what was found comes in as a delivery, where there is anything."""

        TOPIC = "roster.FieldRound.Accepted"
        township: str
        round: str
        version: int
        delivery_id: UUID | None
        accepted_on: date

    class Returned(RecordedAggregate.Event):
        """The bureau gave it back 退回补正; the round is open again."""

        TOPIC = "roster.FieldRound.Returned"
        township: str
        round: str
        version: int
        reason: str
        returned_on: date

    @staticmethod
    def id_of(*, round: str, township: str) -> UUID:  # noqa: A002  # the field's word
        """The id of a township's round: there is one."""
        return uuid5(_ROUNDS, f"{round}/{township}")

    @staticmethod
    def submission_of(round_id: UUID, version: int) -> UUID:
        """The id of a version that was handed in."""
        return uuid5(round_id, str(version))

    @classmethod
    def begin(cls, *, round: str, township: str, lists: Iterable[UUID]) -> "FieldRound":  # noqa: A002
        """Begins a round with the first lists."""
        return cls._create(
            cls.Begun,
            id=cls.id_of(round=check_round(round), township=township),
            township=township,
            round=round,
            lists=tuple(sorted(set(lists))),
        )

    def extend(self, lists: Iterable[UUID]) -> None:
        """Adds lists; those that are out already are refused: a list does not change while people carry it about."""
        self.must_be_open()
        fresh = set(lists)
        if fresh & self.lists:
            raise Refused("本轮名单已下发 / the list of this village and round is out already.")
        self.trigger_event(self.Extended, lists=tuple(sorted(fresh)))

    def must_be_open(self) -> None:
        """Refused while a version waits for the bureau, and once one is accepted."""
        if self.state == "submitted":
            raise Refused(
                "本轮已上报，等待教体局会签 / this round was handed in; the bureau has to accept or return it first."
            )
        if self.state == "accepted":
            raise Refused("本轮已会签锁定 / this round was countersigned and is locked; open another round.")

    def submit(self, checks: Iterable[FieldCheck], *, sha256: str, by: str, today: date) -> None:
        """Hands the round in as its next version, all its lists locked.

        Children of whom nothing is known yet are told by number; it is the bureau that decides whether that will do.
        """
        if by != f"township:{self.township}":
            raise Forbidden("由本乡镇上报 / a township hands in its own round.")
        self.must_be_open()
        checks = list(checks)
        self.trigger_event(
            self.Submitted,
            township=self.township,
            round=self.round,
            version=self.handed_in + 1,
            lists=tuple(ListAt(check.id, check.version) for check in checks),
            children=sum(len(check.children) for check in checks),
            unanswered=sum(check.unanswered for check in checks),
            met=sum(check.met for check in checks),
            sha256=sha256,
            submitted_on=today,
        )

    def accept(self, version: int, *, delivery_id: UUID | None, by: str, today: date) -> None:
        """Countersigns a version, for good."""
        self.must_wait(version, by=by)
        self.trigger_event(
            self.Accepted,
            township=self.township,
            round=self.round,
            version=version,
            delivery_id=delivery_id,
            accepted_on=today,
        )

    def give_back(self, version: int, *, reason: str, by: str, today: date) -> None:
        """Returns a version with a reason."""
        self.must_wait(version, by=by)
        self.trigger_event(
            self.Returned,
            township=self.township,
            round=self.round,
            version=version,
            reason=in_the_clear(reason, what="why it is returned"),
            returned_on=today,
        )

    def must_wait(self, version: int, *, by: str) -> None:
        """Refused unless this version waits for the bureau, and it is the bureau that asks."""
        if by.partition(":")[0] != "education_bureau":
            raise Forbidden("由教体局会签或退回 / only the bureau accepts or returns a submission.")
        if not 0 < version <= self.handed_in:
            raise NotFound("There is no submission of this version.")
        if self.state != "submitted" or version != self.handed_in:
            raise Refused("该版本已办结 / this version was accepted or returned already.")

    @event(Begun)
    def __init__(self, township: str, round: str, lists: tuple[UUID, ...]) -> None:  # noqa: A002
        self.township = township
        self.round = round
        self.lists = set(lists)
        self.state: State = "open"
        self.handed_in = 0
        self.submitted: tuple[ListAt, ...] = ()

    @event(Extended)
    def _extended(self, lists: tuple[UUID, ...]) -> None:
        self.lists.update(lists)

    @event(Submitted)
    def _submitted(self, version: int, lists: tuple[ListAt, ...]) -> None:
        self.state = "submitted"
        self.handed_in = version
        self.submitted = lists

    @event(Accepted)
    def _accepted(self) -> None:
        self.state = "accepted"

    @event(Returned)
    def _returned(self) -> None:
        self.state = "open"
