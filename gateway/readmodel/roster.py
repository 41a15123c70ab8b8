"""What the roster 花名册 told, as rows: children, who they are, what the registers say of them, where they move and are placed.

A child's identity is the only personal thing in the gateway's database and stands in one narrow table. It is opened
when it is heard; of a child who was erased or is restricted there is no identity row, and its other rows stay.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple, assert_never, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.chassis.clock import china_date
from services.contracts.envelope import Published
from services.contracts.restriction import ChildRestricted, RestrictionLifted
from services.contracts.roster import (
    ChildAccounted,
    ChildErased,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    FindingsFallDue,
    GroupsStated,
    HomeTeachingBegun,
    IdentityCorrected,
    PlacementDecided,
    PlacementEnded,
    ResidenceStated,
    SchoolAgePassed,
    SchoolAgeReached,
    SchoolingStated,
    SchoolYearsStated,
    StudentNumberStated,
    TransferCompleted,
    TransferOpened,
)

IdentityEvent = ChildRegistered | IdentityCorrected
StatedEvent = IdentityEvent | ResidenceStated | SchoolingStated | GroupsStated
AgeEvent = SchoolYearsStated | SchoolAgeReached | SchoolAgePassed
ChildEvent = StatedEvent | ChildAccounted | ChildErased | ChildRestricted | RestrictionLifted
MergeEvent = ChildrenMerged | ChildrenUnmerged
TransferEvent = TransferOpened | TransferCompleted
PlacementEvent = PlacementDecided | HomeTeachingBegun | PlacementEnded

PERSONAL: Final[dict[type[Published], tuple[str, ...]]] = {
    **dict.fromkeys(get_args(IdentityEvent), ("name", "id_number", "birth_date", "guardian_name", "guardian_phone")),
    StudentNumberStated: ("student_number",),
}
"""The sealed fields the projection opens."""

SURNAMES: Final = {
    "单": "shan", "解": "xie", "仇": "qiu", "查": "zha", "乐": "yue", "曾": "zeng", "区": "ou", "盖": "ge", "朴": "piao",
    "缪": "miao", "翟": "zhai", "员": "yun", "召": "shao", "折": "she", "种": "chong", "秘": "bi",
}  # fmt: skip
"""How a character is read as a surname where it is mostly read otherwise 多音姓."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which row a fact of a child was taken from 出处, of which day it is, and when it was recorded."""

    fact: str
    register: str
    batch_id: UUID
    row: int
    valid_on: date | None = None
    recorded_at: datetime


class Stay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From which day a child was stated to live in a place, or to be of a school 居住与就读沿革; one of the two, the other is None."""

    since: date
    township: str | None = None
    village: str | None = None
    school: str | None = None


class Place(NamedTuple):
    """Where a child lives and which school it is of; empty where nothing is known."""

    township: str
    village: str
    school: str


class Child(Row, frozen=True, kw_only=True):
    """A child as the registers and the roster state it. `accounted_state` is the roster's own; an open case goes first."""

    TABLE: ClassVar[str] = "child"
    KEY: ClassVar[str] = "child_id"
    child_id: UUID
    township: str = ""
    village: str = ""
    household_id: UUID | None = None
    sex: str = ""
    school: str = ""
    school_name: str = ""
    stage: str = ""
    grade: str = ""
    schooling_status: str = ""
    boarding: bool = False
    poverty: str = ""
    disability: str = ""
    disability_grade: str = ""
    left_behind: bool = False
    migrant: bool = False
    accounted_state: str = ""
    accounted_reason: str = ""
    accounted_on: date | None = None
    open_case_id: UUID | None = None
    merged_into: UUID | None = None
    erased: bool = False
    restricted: bool = False
    was_restricted: bool = False
    sources: tuple[Source, ...] = ()
    obliged_from: date | None = None
    obliged_until: date | None = None
    stays: tuple[Stay, ...] = ()
    """Where it was, from which day on: every statement of its residence and school, by the day it holds from."""
    merged_position: int = 0
    """The roster's position at which `merged_into` was last told; see `merged`."""

    def place_on(self, day: date) -> Place:
        """Where it was on a day, as far as was stated by now of that day; today's place of a row from before stays were kept."""
        if not self.stays:
            return Place(self.township, self.village, self.school)
        before = [stay for stay in self.stays if stay.since <= day]
        lived = next((stay for stay in reversed(before) if stay.township is not None), None)
        went = next((stay for stay in reversed(before) if stay.school is not None), None)
        return Place(
            (lived.township or "") if lived else "",
            (lived.village or "") if lived else "",
            (went.school or "") if went else "",
        )

    @property
    def closed(self) -> bool:
        """Whether nothing that was said of the child in words is shown any more: erased, or ever restricted.

        Words that were forgotten don't come back when a restriction is lifted, so none does, in whatever order they were told.
        """
        return self.erased or self.was_restricted


class ChildIdentity(OfChild, frozen=True, kw_only=True):
    """Who a child is, opened, with the keys it is searched by; absent where it isn't known, was erased, or is restricted."""

    TABLE: ClassVar[str] = "child_identity"
    KEY: ClassVar[str] = "child_id"
    name: str = ""
    id_number: str = ""
    birth_date: date | None = None
    guardian_name: str = ""
    guardian_phone: str = ""
    name_pinyin: str = ""
    name_initials: str = ""
    id_last4: str = ""
    student_number: str = ""


class Transfer(OfChild, frozen=True, kw_only=True):
    """A hand-over to another school 学籍转接."""

    TABLE: ClassVar[str] = "transfer"
    KEY: ClassVar[str] = "transfer_id"
    transfer_id: UUID
    from_school: str = ""
    to_place: str = ""
    to_school: str = ""
    opened_on: date | None = None
    due_on: date | None = None
    completed_on: date | None = None


class Placement(OfChild, frozen=True, kw_only=True):
    """The panel's decision on a disabled child 安置, until it ended."""

    TABLE: ClassVar[str] = "placement"
    KEY: ClassVar[str] = "placement_id"
    placement_id: UUID
    form: str = ""
    school: str = ""
    decided_on: date | None = None
    first_visit_by: date | None = None
    begun_on: date | None = None
    end_reason: str = ""
    ended_on: date | None = None


class MergeStep(OfChild, frozen=True, kw_only=True):
    """A merge or its taking back, as one of the two entries sees it 合并与撤销: all of them, for ever."""

    TABLE: ClassVar[str] = "merge_step"
    KEY: ClassVar[str] = "step_id"
    OF_ONE_EVENT: ClassVar[bool] = True
    step_id: UUID
    other_id: UUID
    what: str
    reason: str = ""
    at: datetime
    department: str = ""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A merge, or its taking back, to one of the two entries."""

    child_id: UUID
    other_id: UUID
    what: str
    reason: str


def child(row: Child | None, told: Told[ChildEvent]) -> Child:
    """What is stated of a child, statement by statement."""
    event = told.event
    row = row or Child(child_id=event.child_id)
    if isinstance(event, StatedEvent) and event.sources:
        row = replace(row, sources=_sources(row.sources, event, recorded_at=told.envelope.recorded_at))
    match event:
        case ChildRegistered():
            return replace(
                row,
                household_id=event.household_id,
                township=event.township,
                village=event.village,
                sex=event.sex,
                erased=told.opened is None,
                obliged_from=event.school_years and event.school_years.begin_on,
                obliged_until=event.school_years and event.school_years.end_on,
                stays=_stays(row.stays, event, recorded_at=told.envelope.recorded_at),
            )
        case IdentityCorrected():
            return replace(row, sex=event.sex, erased=told.opened is None)
        case ResidenceStated():
            stays = _stays(row.stays, event, recorded_at=told.envelope.recorded_at)
            place = {"township": event.township, "village": event.village}
            return replace(row, household_id=event.household_id, stays=stays, **place)
        case SchoolingStated():
            return replace(
                row,
                school=event.school,
                school_name=event.school_name,
                stage=event.stage,
                grade=event.grade,
                schooling_status=event.status,
                boarding=event.boarding,
                stays=_stays(row.stays, event, recorded_at=told.envelope.recorded_at),
            )
        case GroupsStated():
            return replace(
                row,
                poverty=event.poverty,
                disability=event.disability,
                disability_grade=event.disability_grade,
                left_behind=event.left_behind,
                migrant=event.migrant,
            )
        case ChildAccounted():
            return replace(row, accounted_state=event.state, accounted_reason=event.reason, accounted_on=event.valid_on)
        case ChildErased():
            return replace(row, erased=True)
        case ChildRestricted():  # whoever reads its registration only now finds no key: that was no erasure
            return replace(row, restricted=True, was_restricted=True, erased=False)
        case RestrictionLifted():
            return replace(row, restricted=False)
        case _:
            assert_never(event)


def of_age(row: Child | None, told: Told[AgeEvent]) -> Child:
    """From when until when a child is owed schooling, as it was stated, and as it came to pass."""
    event = told.event
    row = row or Child(child_id=event.child_id)
    match event:
        case SchoolYearsStated(school_years=years):
            return replace(row, obliged_from=years and years.begin_on, obliged_until=years and years.end_on)
        case SchoolAgeReached():
            return replace(row, obliged_from=event.begin_on)
        case SchoolAgePassed():
            return replace(row, obliged_until=event.end_on)
        case _:
            assert_never(event)


def merged(row: Child | None, told: Told[MergeEvent]) -> Child:
    """The entry that went into another one, or came out of it again; its own history may be heard later.

    It is the entry that goes on that tells of it, so one that was taken out of one child and put into another is told of
    by two, which may be heard in any order where the roster has several partitions. The last word by position counts.
    """
    event, position = told.event, told.envelope.position
    row = row or Child(child_id=event.merged_id)
    if position < row.merged_position:
        return row
    match event:
        case ChildrenMerged():
            return replace(row, merged_into=event.child_id, merged_position=position)
        case ChildrenUnmerged():
            return replace(row, merged_into=None, merged_position=position)
        case _:
            assert_never(event)


def student_number(row: Child | None, told: Told[StudentNumberStated]) -> Child:
    """Which row the 学籍号 was taken from; the number itself is the identity's."""
    row = row or Child(child_id=told.event.child_id)
    return replace(row, sources=_sources(row.sources, told.event, recorded_at=told.envelope.recorded_at))


def _stays(
    known: tuple[Stay, ...], event: ChildRegistered | ResidenceStated | SchoolingStated, *, recorded_at: datetime
) -> tuple[Stay, ...]:
    """The stays with the one that is stated now, in the order of their days; of the same day the later word holds."""
    since = event.valid_on or china_date(recorded_at)
    if isinstance(event, SchoolingStated):
        stay = Stay(since=since, school=event.school)
    else:
        stay = Stay(since=since, township=event.township, village=event.village)
    if not known or known[-1].since < since:
        return (*known, stay)
    others = [one for one in known if one.since != since or (one.school is None) != (stay.school is None)]
    return tuple(sorted((*others, stay), key=lambda one: one.since))


def _sources(
    known: tuple[Source, ...], event: StatedEvent | StudentNumberStated, *, recorded_at: datetime
) -> tuple[Source, ...]:
    """The sources of all facts, those of the facts stated now anew."""
    stated = {
        source.fact: Source(
            fact=source.fact,
            register=source.register,
            batch_id=source.batch_id,
            row=source.row,
            valid_on=event.valid_on,
            recorded_at=recorded_at,
        )
        for source in event.sources
    }
    by_fact = {source.fact: source for source in known} | stated
    return tuple(by_fact[fact] for fact in sorted(by_fact))


def both_sides(told: Told[MergeEvent]) -> Iterator[Told[Joined]]:
    """A merge, or its taking back, once to each of the two entries."""
    event = told.event
    words = ("merged", "merged_into") if isinstance(event, ChildrenMerged) else ("parted", "parted_from")
    sides = ((event.child_id, event.merged_id), (event.merged_id, event.child_id))
    for what, (child_id, other_id) in zip(words, sides, strict=True):
        yield Told(told.envelope, Joined(child_id=child_id, other_id=other_id, what=what, reason=event.reason))


def merge_step(_: MergeStep | None, told: Told[Joined]) -> MergeStep:
    """One side of a merge, or of its taking back."""
    event, envelope = told.event, told.envelope
    return MergeStep(
        step_id=step_id(told),
        child_id=event.child_id,
        other_id=event.other_id,
        what=event.what,
        reason=event.reason,
        at=envelope.recorded_at,
        department=envelope.department,
    )


def step_id(told: Told[Joined]) -> UUID:
    """The id of one side of what one event told."""
    return uuid5(told.envelope.id, str(told.event.child_id))


def child_identity(
    row: ChildIdentity | None, told: Told[IdentityEvent | StudentNumberStated | ChildErased | ChildRestricted]
) -> ChildIdentity | None:
    """Who the child is; none where it was erased or is restricted."""
    if isinstance(told.event, ChildErased | ChildRestricted) or told.opened is None:
        return None
    row = row or ChildIdentity(child_id=told.event.child_id)
    text = told.opened.get
    if isinstance(told.event, StudentNumberStated):
        return replace(row, student_number=text("student_number", ""))
    name, id_number = text("name", ""), text("id_number", "")
    pinyin, initials = search_keys(name)
    return replace(
        row,
        name=name,
        id_number=id_number,
        birth_date=date_or_none(text("birth_date", "")),
        guardian_name=text("guardian_name", ""),
        guardian_phone=text("guardian_phone", ""),
        name_pinyin=pinyin,
        name_initials=initials,
        id_last4=id_number[-4:],
    )


def transfer(row: Transfer | None, told: Told[TransferEvent]) -> Transfer:
    """A hand-over until the other school has the child."""
    event = told.event
    row = row or Transfer(transfer_id=event.transfer_id, child_id=event.child_id)
    match event:
        case TransferOpened():
            return replace(
                row,
                from_school=event.from_school,
                to_place=event.to_place,
                opened_on=event.opened_on,
                due_on=event.due_on,
            )
        case TransferCompleted():
            return replace(row, to_school=event.to_school, completed_on=event.completed_on)
        case _:
            assert_never(event)


def placement(row: Placement | None, told: Told[PlacementEvent]) -> Placement:
    """A decision of the panel, until it no longer holds."""
    event = told.event
    row = row or Placement(placement_id=event.placement_id, child_id=event.child_id)
    match event:
        case PlacementDecided():
            return replace(
                row,
                form=event.form,
                school=event.school,
                decided_on=event.decided_on,
                first_visit_by=event.first_visit_by,
            )
        case HomeTeachingBegun():
            return replace(row, begun_on=event.taught_on)
        case PlacementEnded():
            return replace(row, end_reason=event.reason, ended_on=event.ended_on)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Child, events=get_args(ChildEvent), about=about("child_id"), evolve=child),
    Fold(row=Child, events=get_args(MergeEvent), about=about("merged_id"), evolve=merged),
    Fold(row=Child, events=get_args(AgeEvent), about=about("child_id"), evolve=of_age),
    Fold(row=Child, events=(StudentNumberStated,), about=about("child_id"), evolve=student_number),
    Fold(row=MergeStep, events=get_args(MergeEvent), about=step_id, evolve=merge_step, parts=both_sides),
    Fold(
        row=ChildIdentity,
        events=(*get_args(IdentityEvent), StudentNumberStated, ChildErased, ChildRestricted),
        about=about("child_id"),
        evolve=child_identity,
    ),
    Fold(row=Transfer, events=get_args(TransferEvent), about=about("transfer_id"), evolve=transfer),
    Fold(row=Placement, events=get_args(PlacementEvent), about=about("placement_id"), evolve=placement),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset({FindingsFallDue})


def search_keys(name: str) -> tuple[str, str]:
    """A name's pinyin and its initials, lower case and without anything but letters: 单小明 -> shanxiaoming, sxm."""
    syllables = [_syllable(character, is_first=at == 0) for at, character in enumerate(name)]
    return "".join(syllables), "".join(syllable[:1] for syllable in syllables)


@lru_cache(maxsize=16_384)
def _syllable(character: str, *, is_first: bool) -> str:
    from pypinyin import lazy_pinyin  # noqa: PLC0415  # its dictionaries cost a quarter of a second, and only names need them

    read = SURNAMES.get(character) if is_first else None
    return "".join(filter(str.isalpha, (read or lazy_pinyin(character)[0]).lower()))


def date_or_none(text: str) -> date | None:
    """A birth date that can't be read is no birth date; the partition counts such a child on a line of its own."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
