"""Posts 岗位: who answers in a role for every child of a village, township or school (N7.2, N7.3), and from when until when.

四包一 and 双线三包 are mostly laid down by place, not child by child: a village has its cadre, a school its principal.
A post is filled once and from then on only handed over, so no day is without somebody; for a child, an `Assignment` of
its own goes before the post of its place.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.cases.domain.deputy import Deputy, on_day, stand_in
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

POSTS = UUID("7a96d817-1afa-4bdf-9ff0-5e04aa09191a")
NAMED_WITHIN_WORKING_DAYS = 3
"""How long a child looked for may lack a named person before that is told (county default)."""


@cache
def roles_needed(*, pupil: bool) -> frozenset[str]:
    """The roles in which somebody has to answer for a child who is looked for; more for one who has a school."""
    needs = {"child", "pupil"} if pupil else {"child"}
    return frozenset(name for name, role in catalogue.ROLES.items() if role.needed in needs)


@dataclass(slots=True, kw_only=True)
class Tenure:
    """One official's time in a post."""

    officer: str
    from_on: date
    deputies: list[Deputy] = field(default_factory=list)


class Post(RecordedAggregate):
    """One role in one place, `unit` written `kind:area`, such as `village:410326103201`."""

    TOPIC = "cases.Post"

    class Filled(RecordedAggregate.Event, Created):
        """Somebody answers in this role from a day on 定岗."""

        TOPIC = "cases.Post.Filled"
        unit: str
        township: str
        role: str
        officer: str
        from_on: date

    class HandedOver(RecordedAggregate.Event):
        """Somebody else answers from a day on 交接."""

        TOPIC = "cases.Post.HandedOver"
        unit: str
        township: str
        role: str
        officer: str
        successor: str
        from_on: date

    class Deputised(RecordedAggregate.Event):
        """Somebody stands in for a while 代理."""

        TOPIC = "cases.Post.Deputised"
        unit: str
        township: str
        role: str
        officer: str
        deputy: str
        from_on: date
        until_on: date

    @staticmethod
    def id_of(*, unit: str, role: str) -> UUID:
        """The id of the one post of a role in a place."""
        return uuid5(POSTS, f"{role}@{unit}")

    # Decisions

    @classmethod
    def fill(cls, *, unit: str, role: str, officer: str, from_on: date, township: str = "") -> Self:
        """Puts an official into a post that nobody holds yet; a school's `township` is said, a village's is in its code."""
        kind, _, area = unit.partition(":")
        held_in = catalogue.known(role, words=catalogue.ROLES, what="role").unit
        if not held_in:
            raise Refused(f"fill_post: a {role} answers for one child; assign_responsibility names it (N7).")
        if kind != held_in or not area:
            raise Refused(f"fill_post: a {role} answers for a {held_in}: write the unit as {held_in}:code (N7).")
        if not officer:
            raise Refused("fill_post: name the official's account (N7).")
        if kind == "school" and not township:
            raise Refused("fill_post: say which township the school lies in.")
        return cls._create(
            cls.Filled,
            id=cls.id_of(unit=unit, role=role),
            unit=unit,
            township=township if kind == "school" else area[:9],
            role=role,
            officer=officer,
            from_on=from_on,
        )

    def must_be_held_by(self, officer: str) -> None:
        """Refuses to fill a post that somebody else holds."""
        if officer != self.holder.officer:
            raise Refused("fill_post: somebody holds this post; hand_over_post gives it to somebody else (N7).")

    def hand_over(self, *, successor: str, from_on: date) -> None:
        """Another official takes the post from a day on; the one before answers until the day before."""
        if not successor or successor == self.holder.officer:
            raise Refused("hand_over_post: name the account of somebody else; a post is never left empty (N7).")
        if from_on <= self.holder.from_on:
            raise Refused(
                f"hand_over_post: the post is held since {self.holder.from_on}; a successor comes after that."
            )
        self.trigger_event(
            self.HandedOver,
            unit=self.unit,
            township=self.township,
            role=self.role,
            officer=self.holder.officer,
            successor=successor,
            from_on=from_on,
        )

    def deputise(self, *, deputy: Deputy) -> None:
        """Somebody stands in for the official who holds the post."""
        stand_in(
            deputy,
            for_officer=self.holder.officer,
            since=self.holder.from_on,
            others=self.holder.deputies,
            act="deputise_post",
        )
        self.trigger_event(
            self.Deputised,
            unit=self.unit,
            township=self.township,
            role=self.role,
            officer=self.holder.officer,
            deputy=deputy.officer,
            from_on=deputy.from_on,
            until_on=deputy.until_on,
        )

    @property
    def holder(self) -> Tenure:
        """The latest tenure."""
        return self.tenures[-1]

    def answers_on(self, day: date) -> str:
        """The one account that answers on a day; empty before the post was first filled."""
        begun = [tenure for tenure in self.tenures if tenure.from_on <= day]
        return on_day(day, deputies=begun[-1].deputies, officer=begun[-1].officer) if begun else ""

    # Evolution

    @event(Filled)
    def __init__(self, unit: str, township: str, role: str, officer: str, from_on: date) -> None:
        self.unit = unit
        self.township = township
        self.role = role
        self.tenures = [Tenure(officer=officer, from_on=from_on)]

    @event(HandedOver)
    def _handed_over(self, successor: str, from_on: date) -> None:
        self.tenures.append(Tenure(officer=successor, from_on=from_on))

    @event(Deputised)
    def _deputised(self, deputy: str, from_on: date, until_on: date) -> None:
        self.tenures[-1].deputies.append(Deputy(officer=deputy, from_on=from_on, until_on=until_on))
