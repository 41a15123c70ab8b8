"""Responsibility statements 目标责任书 (N7.1): down the line township, village, group, household, each signed under the one above.

A statement holds for a calendar year. A level signs only when the level above it has, so the chain from any household up
to the county is whole.
"""

from datetime import date
from typing import Final, Literal, Self, get_args
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

Level = Literal["county_township", "township_village", "village_group", "group_household"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""The levels from the top down 县—乡镇—村—居民组—户."""
_STATEMENTS = UUID("a0c1f4f2-7a8e-5f6d-8b7e-1c2d3e4f5a6b")


class Statement(RecordedAggregate):
    """One statement: who answers to whom, in a year."""

    TOPIC = "cases.Statement"

    class Signed(RecordedAggregate.Event, Created):
        """Both sides signed 签订."""

        TOPIC = "cases.Statement.Signed"
        level: Level
        year: int
        superior: str
        party: str
        township: str
        signed_on: date

    @staticmethod
    def id_of(*, party: str, year: int) -> UUID:
        """The id of a party's statement of a year: it signs one upward."""
        return uuid5(_STATEMENTS, f"{year}/{party}")

    # Decisions

    @classmethod
    def sign(
        cls,
        *,
        level: str,
        year: int,
        superior: str,
        party: str,
        township: str,
        above: "Statement | None",
        today: date,
    ) -> Self:
        """Signs; `above` is the superior's own statement of the year, without which no level but the highest signs."""
        if level not in LEVELS:
            raise Refused(f"sign_statement: levels are {', '.join(LEVELS)} (N7.1).")
        place = LEVELS.index(level)
        if place and (above is None or LEVELS.index(above.level) != place - 1):
            raise Refused(
                f"sign_statement: {superior} has not signed its own statement for {year}; the chain is signed from the top "
                "down (N7.1)."
            )
        if today.year not in (year - 1, year):
            raise Refused(f"sign_statement: a statement for {year} is signed in that year or the one before.")
        return cls._create(
            cls.Signed,
            id=cls.id_of(party=party, year=year),
            level=level,
            year=year,
            superior=superior,
            party=party,
            township=township,
            signed_on=today,
        )

    # Evolution

    @event(Signed)
    def __init__(self, level: Level, party: str) -> None:
        self.level = level
        self.party = party
