"""What moves children from one number of the partition to another 归类变动, statement by statement: of it the partition of any past is counted.

The past has two times (`effective.py`): a statement was recorded at a moment, and holds from a day. Where a child was accounted for, as
known at a moment and as it was on a day, is what the last statement of each kind says that was recorded by then and held by then. So
the statements are kept as they come, a narrow row each, and `counted_then` is one statement over them, however long the journal is.

A birth date is personal and counts for as long as it may be shown: `ChildBirths` is there exactly where `ChildIdentity` is. Who was
erased or is restricted stands without an age at every moment, also before; after a restriction was lifted it is known from then on.
"""

from datetime import date, datetime
from operator import attrgetter
from typing import Any, ClassVar, Final, Literal, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace
from psycopg.rows import class_row

from gateway.readmodel.effective import holds_from
from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.partition import OPEN_CASE, UNACCOUNTED, PartitionRow, in_order, window
from gateway.readmodel.roster import IdentityEvent, MergeEvent, date_or_none
from gateway.readmodel.rows import Connection, Row
from services.chassis.errors import Refused
from services.contracts.cases import CaseCleared, CaseClosed, CaseMerged, CaseOpened
from services.contracts.restriction import ChildRestricted
from services.contracts.roster import (
    ChildAccounted,
    ChildErased,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ResidenceStated,
)

PlaceEvent = ChildRegistered | ResidenceStated
MoveEvent = PlaceEvent | ChildAccounted | MergeEvent
SpanEvent = CaseOpened | CaseClosed | CaseCleared | CaseMerged
Kind = Literal["place", "state", "merge"]


class ChildMove(Row, frozen=True, kw_only=True):
    """A statement of where a child lives, of how the roster accounts for it, or of whether it is another entry's child."""

    TABLE: ClassVar[str] = "child_move"
    KEY: ClassVar[str] = "event_id"
    OF_ONE_EVENT: ClassVar[bool] = True
    event_id: UUID
    child_id: UUID
    kind: Kind
    position: int
    """The roster's; of several statements the last by position counts."""
    recorded_at: datetime
    holds_on: date
    township: str = ""
    village: str = ""
    state: str = ""
    merged: bool = False


class ChildBirths(Row, frozen=True, kw_only=True):
    """The birth dates stated of a child, each with both its times, in the order they were told; None where one can't be read."""

    TABLE: ClassVar[str] = "child_births"
    KEY: ClassVar[str] = "child_id"
    child_id: UUID
    recorded_at: tuple[datetime, ...] = ()
    holds_on: tuple[date, ...] = ()
    birth_date: tuple[date | None, ...] = ()


class CaseSpan(Row, frozen=True, kw_only=True):
    """From when until when a case was open, by both times; what ends it holds no earlier than what began it."""

    TABLE: ClassVar[str] = "case_span"
    KEY: ClassVar[str] = "case_id"
    case_id: UUID
    child_id: UUID
    from_at: datetime
    from_on: date
    until_at: datetime | None = None
    until_on: date | None = None


def child_move(_: ChildMove | None, told: Told[MoveEvent]) -> ChildMove:
    """A statement as it was told."""
    event = told.event
    match event:
        case ChildRegistered() | ResidenceStated():
            return _moved(told, event.child_id, "place", township=event.township, village=event.village)
        case ChildAccounted():
            return _moved(told, event.child_id, "state", state=event.state)
        case ChildrenMerged():
            return _moved(told, event.merged_id, "merge", merged=True)
        case ChildrenUnmerged():
            return _moved(told, event.merged_id, "merge", merged=False)
        case _:
            assert_never(event)


def _moved(told: Told[MoveEvent], child_id: UUID, kind: Kind, **said: Any) -> ChildMove:
    envelope = told.envelope
    return ChildMove(
        event_id=envelope.id,
        child_id=child_id,
        kind=kind,
        position=envelope.position,
        recorded_at=envelope.recorded_at,
        holds_on=holds_from(told),
        **said,
    )


def child_births(
    row: ChildBirths | None, told: Told[IdentityEvent | ChildErased | ChildRestricted]
) -> ChildBirths | None:
    """What was stated of a child's birth, while it may be known who it is."""
    if isinstance(told.event, ChildErased | ChildRestricted) or told.opened is None:
        return None
    row = row or ChildBirths(child_id=told.event.child_id)
    return replace(
        row,
        recorded_at=(*row.recorded_at, told.envelope.recorded_at),
        holds_on=(*row.holds_on, holds_from(told)),
        birth_date=(*row.birth_date, date_or_none(told.opened.get("birth_date", ""))),
    )


def case_span(row: CaseSpan | None, told: Told[SpanEvent]) -> CaseSpan:
    """A case from its opening to the first that ended it."""
    event, at, on = told.event, told.envelope.recorded_at, holds_from(told)
    row = row or CaseSpan(case_id=event.case_id, child_id=event.child_id, from_at=at, from_on=on)
    if isinstance(event, CaseOpened) or row.until_at is not None:
        return row
    return replace(row, until_at=at, until_on=max(on, row.from_on))


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=ChildMove, events=get_args(MoveEvent), about=attrgetter("envelope.id"), evolve=child_move),
    Fold(
        row=ChildBirths,
        events=(*get_args(IdentityEvent), ChildErased, ChildRestricted),
        about=about("child_id"),
        evolve=child_births,
    ),
    Fold(row=CaseSpan, events=get_args(SpanEvent), about=about("case_id"), evolve=case_span),
)


def _last(kind: Kind, columns: str) -> str:
    """Of each child the last statement of a kind that was recorded and held by then."""
    return f"""select distinct on (child_id) child_id, {columns} from child_move
        where kind = '{kind}' and recorded_at <= %(moment)s and holds_on <= %(held)s::date
        order by child_id, position desc"""  # noqa: S608  # words of this module


_COUNTED: Final = f"""
    with stood as (
      select child_id, coalesce(township, '') as township, coalesce(village, '') as village, coalesce(state, '') as state
      from ({_last("place", "township, village")}) p
      full join ({_last("state", "state")}) s using (child_id)
      full join ({_last("merge", "merged")}) m using (child_id)
      where merged is not true)
    select township, village,
      case when exists (select from case_span c where c.child_id = stood.child_id
          and c.from_at <= %(moment)s and c.from_on <= %(held)s::date
          and (c.until_at is null or c.until_at > %(moment)s or c.until_on > %(held)s::date)) then '{OPEN_CASE}'
        when state = '' then '{UNACCOUNTED}' else state end as state,
      born.birth_date is not null as dated, count(*)::integer as children
    from stood left join child_births using (child_id)
    left join lateral (select said.birth_date
      from unnest(child_births.recorded_at, child_births.holds_on, child_births.birth_date)
        with ordinality said(recorded_at, holds_on, birth_date, number)
      where said.recorded_at <= %(moment)s and said.holds_on <= %(held)s::date
      order by said.number desc limit 1) born on true
    where born.birth_date is null or born.birth_date > %(after)s and born.birth_date <= %(until)s
    group by 1, 2, 3, 4""".encode()  # noqa: S608  # words of this project; what is asked comes as parameters
_TAKEN_WHOLE: Final = b"set local enable_nestloop = off"
"""Behind row security PostgreSQL expects one row of each table, and would go through all births for each child."""
_IS_MISSING: Final = b"select exists (select from child_move where kind = 'missing')"
_MISSES: Final = b"""insert into child_move (event_id, child_id, kind, position, recorded_at, holds_on)
    values (gen_random_uuid(), gen_random_uuid(), 'missing', 0, '-infinity', '-infinity')"""


def note_missing(connection: Connection) -> None:
    """Notes in a read model from before these statements were kept that they are missing; a rebuild has none of it."""
    connection.execute(_MISSES)


def counted_then(connection: Connection, *, moment: datetime, on: date | None, as_of: date) -> list[PartitionRow]:
    """The partition as known at a moment, of that what held `on` a day where one is given, by the ages of the day `as_of`; sorted.
    Within the transaction of a replay.

    Raises `Refused` where the read model was made before such statements were kept.
    """
    if connection.execute(_IS_MISSING).fetchone() == (True,):
        raise Refused(
            "The read model doesn't hold the past of the partition yet: it was made by an earlier version. Run baoxue rebuild once."
        )
    after, until = window(as_of)
    asked = {"moment": moment, "held": "infinity" if on is None else on, "after": after, "until": until}
    connection.execute(_TAKEN_WHOLE)
    with connection.cursor(row_factory=class_row(PartitionRow)) as cursor:
        return in_order(cursor.execute(_COUNTED, asked).fetchall())
