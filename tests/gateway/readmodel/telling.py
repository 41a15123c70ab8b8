"""An invented county told event by event: stories of children, the log they are told through, and a vault for tests."""

import base64
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from threading import Condition
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from gateway.readmodel.projection import TABLES
from services.chassis.log import Behind, Message, Record, Unreadable
from services.chassis.sealing import SealBroken
from services.contracts.assistance import (
    AidQuestionAnswered,
    AidQuestionAsked,
    AwardGranted,
    AwardListed,
    AwardPaid,
    AwardReturned,
    AwardSetAside,
    AwardTakenUp,
    AwardUnlisted,
    EligibilityEnded,
    EligibilityFound,
    HomeTeachingGiven,
    HouseholdChildIncluded,
    HouseholdPlanOpened,
    HouseholdPlanReviewed,
    LearningSessionHeld,
    LearningSupportBegun,
    LearningSupportReviewed,
    MeasureDeclined,
    MeasureDone,
    MeasurePlanned,
    PaymentListApproved,
    PaymentListMade,
    PaymentListWithdrawn,
    PaymentRefusalClosed,
    PaymentRefused,
    RecognitionAdvanced,
    RecognitionEnded,
    RecognitionOpened,
    StudentPlanEnded,
    StudentPlanMoved,
    StudentPlanOpened,
    StudentPlanReviewed,
)
from services.contracts.cases import (
    CaseCleared,
    CaseClosed,
    CaseConfirmed,
    CaseDemanded,
    CaseMerged,
    CaseMoved,
    CaseOpened,
    CaseOrdered,
    CasePenalised,
    CaseReported,
    CaseSetBack,
    CaseTakenToJustice,
    CaseVerificationBegun,
    CaseWatched,
    ChildReturned,
    ChildSearched,
    ChildUnreachable,
    ClearanceDeclined,
    ClearanceRequested,
    Decision,
    DocumentIssued,
    DocumentServed,
    ExtensionDeclined,
    ExtensionRequested,
    Owed,
    PersuasionRecorded,
    ProceedingRecorded,
    ProceedingsFollowed,
    PublicReportInquired,
    PublicReportReceived,
    ReferralAccepted,
    ReferralAnswered,
    ReferralOpened,
    ReferralRevoked,
    ResponsibilityAssigned,
    ResponsibilityEnded,
    StepExpired,
    StepExtended,
    StepPaused,
    StepResumed,
)
from services.contracts.deliveries import (
    ColumnMappingDeleted,
    ColumnMappingReplaced,
    ColumnMappingSaved,
    ColumnName,
    DeliveryCancelled,
    DeliveryCommitted,
    DeliveryHandedIn,
    DeliveryPreviewed,
    DeliveryRefused,
    RegisterLoaded,
)
from services.contracts.envelope import Envelope, Published, Sealed, event_id, read_body
from services.contracts.field_check import (
    FieldCheckAnswered,
    FieldCheckOpened,
    FieldCheckOverdue,
    FieldCheckSettled,
    FieldFinding,
    SubmissionAccepted,
    SubmissionMade,
    SubmissionReturned,
)
from services.contracts.guardian_letters import (
    GuardianLetterMade,
    GuardianLetterServed,
    GuardianLetterWithdrawn,
    LetterRunClosed,
    LetterRunOpened,
)
from services.contracts.notify import (
    ContactAbsenceSet,
    ContactAddressCleared,
    ContactAddressSet,
    ContactAddressSuspended,
    ContactHoursSet,
    MessageAccepted,
    MessageBegun,
    MessageDelivered,
    MessageFailed,
    MessageLeftOpen,
    MessageTakenUp,
    NoticeAcknowledged,
    NoticeDelivered,
    NoticeDeliveryFailed,
    NoticeEscalated,
    NoticeRaised,
)
from services.contracts.oversight import (
    AttendanceTaken,
    ChildUnnamed,
    DocumentResultFound,
    PublicReportHandled,
    PublicReportInformantNamed,
    PublicReportSupplemented,
    ReferralReturned,
    ResponsibilityDeputised,
)
from services.contracts.proceedings import CrimeDecided
from services.contracts.restriction import ChildRestricted, RestrictionLifted
from services.contracts.review import DoubtDecided, DoubtRaised, DoubtWithdrawn, RowCells, RowPair
from services.contracts.roster import (
    AbsenceVerified,
    BatchCompared,
    ChildAccounted,
    ChildErased,
    ChildRegistered,
    ChildrenCheckedIn,
    ChildrenMerged,
    ChildrenUnmerged,
    DeferralApproved,
    DeferralEnded,
    FindingAnswered,
    FindingOverdue,
    FindingRaised,
    FindingResolved,
    FindingReturned,
    FindingsFallDue,
    FourChecksCounted,
    Ground,
    GroupsStated,
    HomeTeachingBegun,
    IdentityCorrected,
    PlaceCounts,
    PlacementDecided,
    PlacementEnded,
    ResidenceStated,
    RowLink,
    RowsLinked,
    SchoolAgePassed,
    SchoolAgeReached,
    SchoolingElsewhereProved,
    SchoolingStated,
    SchoolYears,
    SchoolYearsStated,
    StudentNumberStated,
    TermCheckInClosed,
    TermCheckInOpened,
    TransferCompleted,
    TransferOpened,
)
from tests.gateway.readmodel.story import DAY, START, TOWNSHIPS, Story, made, sealed
from tests.gateway.readmodel.telling_oversight import oversight_of, oversight_of_units

PRODUCERS = ("assistance", "cases", "notify", "roster")


RELIEF = Decision(decision="granted", granted="minimum_living", granted_from=DAY, amount_fen=40_000)


def dice(seed: int) -> random.Random:
    """Chance that falls the same way every time."""
    return random.Random(seed)  # noqa: S311  # an invented county needs no secrets


@dataclass
class TestVault:
    """Opens what `sealed` closed, until the child is shredded."""

    __test__ = False
    shredded: set[UUID] = field(default_factory=set)
    opened: int = 0

    def open(self, token: str, *, aggregate_id: UUID, version: int, stored_topic: str) -> str | None:
        if not token:
            return ""
        _, subject, text = token.split(":")
        assert aggregate_id
        assert version > 0
        assert stored_topic
        self.opened += 1
        return None if UUID(hex=subject) in self.shredded else base64.b64decode(text).decode()

    def warm(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            assert not token or token.startswith("sealed:")


class SealedVault(TestVault):
    """A vault whose tokens of some children don't open, as if they had been altered."""

    def __init__(self, broken: set[UUID]) -> None:
        super().__init__()
        self.broken = broken

    def open(self, token: str, *, aggregate_id: UUID, version: int, stored_topic: str) -> str | None:
        if aggregate_id in self.broken:
            raise SealBroken
        return super().open(token, aggregate_id=aggregate_id, version=version, stored_topic=stored_topic)


def envelope(story: Story, number: int, *, position: int, recorded_at: datetime = START) -> Envelope:
    """The story's event of this number (from 0) as it was published."""
    event = story.events[number]
    return Envelope(
        id=event_id(story.aggregate_id, number + 1),
        type=event.TYPE,
        producer=story.producer,
        position=position,
        aggregate_id=story.aggregate_id,
        version=number + 1,
        stored_topic=f"{story.producer}.{type(event).__name__}",
        recorded_at=recorded_at,
        actor="clerk-7",
        department="township:410326103",
        purpose="dropout_control",
        command_id=made("command", story.aggregate_id, number),
        correlation_id=made("correlation", story.aggregate_id),
        causation_id=None,
        trace="",
        body=msgspec.Raw(msgspec.json.encode(event)),
    )


def published(stories: Sequence[Story], *, chance: random.Random, partitions: int = 1) -> list[Message]:
    """All stories as their producers recorded them, interleaved by chance; positions rise with holes, times too."""
    messages: list[Message] = []
    at = START
    for producer in PRODUCERS:
        told = {story.aggregate_id: 0 for story in stories if story.producer == producer}
        by_id = {story.aggregate_id: story for story in stories if story.producer == producer}
        position = 0
        while told:
            story = by_id[chance.choice(list(told))]
            position += chance.choice((1, 1, 1, 3))
            at += timedelta(minutes=chance.randrange(1, 500), microseconds=chance.randrange(1_000_000))
            number = told[story.aggregate_id]
            tracking = f"{producer}/{story.aggregate_id.int % partitions}"
            messages.append(Message(tracking, envelope(story, number, position=position, recorded_at=at)))
            told[story.aggregate_id] += 1
            if told[story.aggregate_id] == len(story.events):
                del told[story.aggregate_id]
        at = START + timedelta(hours=chance.randrange(48))
    return messages


def without_birth_dates(told: Sequence[Message]) -> list[Message]:
    """The same, with nothing said of the birth of those who are erased or restricted later: it isn't shown of any moment before."""
    closed, kept = set[UUID](), list[Message]()
    for message in reversed(told):
        event = read_body(message.envelope)
        if isinstance(event, ChildErased | ChildRestricted):
            closed.add(event.child_id)
        if isinstance(event, ChildRegistered | IdentityCorrected) and event.child_id in closed:
            silent = msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(event, birth_date="")))
            kept.append(Message(message.tracking, msgspec.structs.replace(message.envelope, body=silent)))
        else:
            kept.append(message)
    return kept[::-1]


def delivered(messages: Sequence[Message], *, chance: random.Random) -> Iterator[list[Message]]:
    """The messages in batches: order kept within a tracking name only, and now and then something comes again."""
    waiting: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        waiting[message.tracking].append(message)
    seen: dict[str, list[Message]] = defaultdict(list)
    while any(waiting.values()):
        batch: list[Message] = []
        for _ in range(chance.randrange(1, 40)):
            name = chance.choice([name for name, left in waiting.items() if left] or [""])
            if not name:
                break
            if chance.random() < 0.1:
                batch += seen[name][-chance.randrange(1, 6) :]
            batch.append(waiting[name].pop(0))
            seen[name].append(batch[-1])
        yield batch


class ListLog:
    """A log that is a list: what is appended can be polled; the next polls `fail`, or find nothing (`empty_polls`), also as
    whoever holds no partition yet (`unshared_polls`)."""

    def __init__(self, messages: Iterable[Record] = ()) -> None:
        self.messages = list(messages)
        self.fail = 0
        self.empty_polls = 0
        self.unshared_polls = 0
        self.at_once = 1_000_000
        self.is_reachable = True
        self.bell = Condition()

    def append(self, *messages: Record) -> None:
        with self.bell:
            self.messages.extend(messages)
            self.bell.notify_all()

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> "ListSubscription":
        assert reader.partition(".")[0] == "gateway"
        assert set(producers) == set(PRODUCERS)
        return ListSubscription(self)


class ListSubscription:
    def __init__(self, log: ListLog) -> None:
        self._log = log
        self._after: Mapping[str, int] = {}
        self._next = 0

    def seek(self, positions: dict[str, int]) -> None:
        self._after, self._next = dict(positions), 0

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:
        if self._log.fail:
            self._log.fail -= 1
            raise ConnectionError("the broker is away")
        if self._log.empty_polls:
            self._log.empty_polls -= 1
            return []
        if self._log.unshared_polls:
            return []
        with self._log.bell:
            self._log.bell.wait_for(lambda: len(self._log.messages) > self._next, timeout_s)
        found: list[Record] = []
        for record in islice(self._log.messages, self._next, None):
            self._next += 1
            if isinstance(record, Unreadable) or record.envelope.position > self._after.get(record.tracking, 0):
                found.append(record)
            if len(found) == min(limit, self._log.at_once):
                break
        return found

    def behind(self) -> Behind:
        if not self._log.is_reachable:
            return Behind(None, reachable=False)
        if self._log.unshared_polls:
            self._log.unshared_polls -= 1
            return Behind(0, reachable=True, holds_any=False)
        return Behind(len(self._log.messages) - self._next, reachable=True)

    def commit(self) -> None: ...

    def close(self) -> None: ...


def empty(connection: psycopg.Connection) -> None:
    """Empties what the projection writes and its tracking, as somebody might by hand; as `gateway_writer`."""
    tables = sql.SQL(", ").join(map(sql.Identifier, TABLES))
    connection.execute(sql.SQL("truncate {}, tracking").format(tables))


_ROWS = sql.SQL("select t::text from {} t order by 1")


def contents(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Every row the projection wrote, table by table, and its tracking."""
    tables = [*TABLES, "journal", "tracking"]
    return {table: [row[0] for row in connection.execute(_ROWS.format(sql.Identifier(table)))] for table in tables}


def owed(step: str = "verify", by: str = "teacher", days: int = 7) -> Owed:
    """A step owed some days after the county's first day."""
    return Owed(step=step, by=by, due_on=DAY + timedelta(days=days), rule="N2.1-verify", legal_basis="义务教育法第五条")


def stories(*, children: int, chance: random.Random) -> list[Story]:
    """A county in which everything that can be told is told of somebody, sooner or later."""
    told = [_check_in(number, chance) for number in range(2)] + [_register(0), _public_report(0), _near(0)]
    told += [_delivery(number, chance) for number in range(2)] + [_submission(0, chance)]
    told += [_mapping(number, chance) for number in range(2)]
    told += [_field_check(number, children, chance) for number in range(2)]
    for number in range(children):
        if chance.random() < 0.5:
            told.append(_doubt(number, (number + 1) % children, chance))
        told.append(_child(number, children, chance))
        if chance.random() < 0.7:
            told += _case(number, 1, chance)
        if chance.random() < 0.3:
            told += _case(number, 2, chance)
        told += _assistance(number, chance)
        told += oversight_of(number, chance)
    told += oversight_of_units(chance)
    return told + _letters(children, chance)


def _near(number: int) -> Story:
    warning = made("near", number)
    near = FindingsFallDue(
        warning_id=warning,
        owner="school:3141000300",
        township=TOWNSHIPS[0],
        kind="not_in_seat",
        due_on=DAY + timedelta(days=2),
        warned_on=DAY,
    )
    return Story("roster", warning, (near,))


def _register(number: int) -> Story:
    batch = made("batch", number)
    return Story("roster", batch, (RegisterLoaded(batch_id=batch, register="hukou", rows=9, rejected=1, sha256="ab"),))


def _check_in(number: int, chance: random.Random) -> Story:
    key = made("check-in", number)
    about = {"check_in_id": key, "school": "3141000300", "term": "2026-2027-1"}
    opened = TermCheckInOpened(**about, expected=9, due_on=DAY + timedelta(days=7))
    verified = AbsenceVerified(
        **about, child_id=made("child", 0), reason="hospital", late=False, verified_on=DAY + timedelta(days=2)
    )
    closed = TermCheckInClosed(
        check_in_id=key,
        school="3141000300",
        term="2026a",
        expected=9,
        present=8,
        absent=(made("child", 0),),
        closed_on=DAY,
    )
    came = ChildrenCheckedIn(check_in_id=key, children=tuple(made("pupil", one) for one in range(8)))
    return Story("roster", key, (opened, came, closed, *((verified,) if chance.random() < 0.5 else ())))


def _letters(children: int, chance: random.Random) -> list[Story]:
    run = made("letter run")
    opened = LetterRunOpened(
        run_id=run, kind="enrolment", to="entering", school_year="2026-2027", begin_on=date(2026, 9, 1), serve_by=DAY,
        legal_basis="义务教育法第十一条", expected=children, opened_on=DAY,
    )  # fmt: skip
    told = [Story("roster", run, (opened, LetterRunClosed(run_id=run, closed_on=DAY)))]
    for number in range(children):
        key = made("letter", number)
        of = {"letter_id": key, "run_id": run, "child_id": made("child", number)}
        letter = GuardianLetterMade(
            **of, kind="enrolment", school_year="2026-2027", code=f"CODE{number}", village="", school="", serve_by=DAY,
            legal_basis="义务教育法第十一条", made_on=DAY,
        )  # fmt: skip
        ends = (
            GuardianLetterServed(
                **of, method="left", receipt="", scan_id=made("scan", number), served_on=DAY, served_by="cadre-3",
                served_for="township:410326103", late=False,
            ),
            GuardianLetterWithdrawn(**of, reason="该儿童已不在本县名册", withdrawn_on=DAY),
        )  # fmt: skip
        told.append(Story("roster", key, (letter, *chance.choice(((), ends[:1], ends[1:])))))
    return told


def _delivery(number: int, chance: random.Random) -> Story:
    key = made("delivery", number)
    ended = chance.choice(
        (
            DeliveryCommitted(delivery_id=key, committed_on=DAY),
            DeliveryCancelled(delivery_id=key, reason="wrong file", cancelled_on=DAY),
            DeliveryRefused(delivery_id=key, reason="enrolment.xlsx: not a workbook", refused_on=DAY),
        )
    )
    previewed = DeliveryPreviewed(
        delivery_id=key, rows=9, rejected=1, children_new=2, children_changed=3, children_missed=1, findings_raised=2,
        findings_resolved=1, doubts=1,
    )  # fmt: skip
    return Story(
        "roster", key, (DeliveryHandedIn(delivery_id=key, part="", files=2, handed_in_on=DAY), previewed, ended)
    )


def _mapping(number: int, chance: random.Random) -> Story:
    key, columns = made("mapping", number), (ColumnName(written="娃娃", field="name"),)
    saved = ColumnMappingSaved(mapping_id=key, register="in_school", unit="school:3141000300", columns=columns)
    events = [saved, ColumnMappingReplaced(mapping_id=key, columns=(*columns, ColumnName(written="班", field="class")))]
    if chance.random() < 0.5:
        events += [ColumnMappingDeleted(mapping_id=key), saved][: chance.randint(1, 2)]
    return Story("roster", key, tuple(events))


def field_check(number: int, *, children: Sequence[UUID], township: str = TOWNSHIPS[0]) -> FieldCheckOpened:
    """A village's list of these children."""
    return FieldCheckOpened(
        field_check_id=made("field check", number),
        round="2026-autumn",
        township=township,
        village=f"{township}005",
        children=tuple(children),
        opened_on=DAY,
        due_on=DAY + timedelta(days=10),
    )


def _field_check(number: int, children: int, chance: random.Random) -> Story:
    listed = [made("child", other) for other in range(children) if chance.random() < 0.6]
    opened = field_check(number, children=listed, township=TOWNSHIPS[number % 2])
    about = {"field_check_id": opened.field_check_id, "township": opened.township, "village": opened.village}
    sheets = [
        FieldCheckAnswered(
            **about,
            round=opened.round,
            answers=tuple(
                FieldFinding(
                    child_id=child,
                    found=chance.choice(("at_school_here", "moved_away", "not_reached")),
                    conflict=chance.random() < 0.3,
                )
                for child in listed
                if chance.random() < 0.7
            ),
            met=chance.randrange(3),
            answered_on=DAY + timedelta(days=sheet),
        )
        for sheet in range(2)
    ]
    settled = [
        FieldCheckSettled(
            field_check_id=opened.field_check_id,
            child_id=child,
            found="moved_away",
            reason="asked again",
            settled_on=DAY,
        )
        for child in listed[:1]
    ]
    late = [
        FieldCheckOverdue(
            **about, round=opened.round, reminded=reminded, due_on=opened.due_on, unanswered=1, overdue_on=opened.due_on
        )
        for reminded in ("township", "education_bureau")[: chance.randrange(3)]
    ]
    return Story("roster", opened.field_check_id, (opened, *sheets, *settled, *late))


def _submission(number: int, chance: random.Random) -> Story:
    key = made("submission", number)
    about = {"submission_id": key, "township": TOWNSHIPS[0], "round": "2026-autumn", "version": 1}
    made_of = SubmissionMade(**about, villages=2, children=9, unanswered=1, met=1, sha256="ab", made_on=DAY)
    ended = chance.choice(
        (
            SubmissionAccepted(**about, accepted_on=DAY),
            SubmissionReturned(**about, reason="a village is missing", returned_on=DAY),
        )
    )
    return Story("roster", key, (made_of, ended))


def doubt(number: int, other: int, *, township: str = TOWNSHIPS[0]) -> DoubtRaised:
    """Two children that may be one."""
    return DoubtRaised(
        doubt_id=made("doubt", number, other),
        child_id=made("child", number),
        other_id=made("child", other),
        township=township,
        reason="同名同出生日期",
        score=0.75,
        raised_on=DAY,
        pairs=(RowPair(**two_rows(number, other), agree=("name",), differ=("id_number",)),),
        child_rows=row_says(number),
        other_rows=row_says(other),
    )


def row_says(number: int) -> Sealed:
    """What the one row says over which a child is doubted."""
    cells = [RowCells(name="张伟", id_number=f"41032620140512{number:04d}", place="三屯镇南村")]
    return sealed(made("child", number), msgspec.json.encode(cells).decode())


def two_rows(number: int, other: int) -> dict[str, Any]:
    """Two rows side by side, as links and doubtful pairs name them."""
    return {
        "register": "hukou", "batch_id": made("batch", 1), "row": number + 1,
        "other_register": "enrolment", "other_batch_id": made("batch", 2), "other_row": other + 1,
    }  # fmt: skip


def linked(number: int, *, rule: str = "citizen number, name exact", score: float = 1.0) -> RowLink:
    """Why two rows are one child."""
    return RowLink(**two_rows(number, number), rule=rule, words=f"{rule} (依据)", score=score)


def grounds(number: int, *registers: str) -> tuple[Ground, ...]:
    """Rows of a child, one of each register."""
    return tuple(
        Ground(register=name, batch_id=made("batch", at), row=number + 1, rule="single_row")
        for at, name in enumerate(registers, start=1)
    )


def _doubt(number: int, other: int, chance: random.Random) -> Story:
    raised = doubt(number, other, township=chance.choice(TOWNSHIPS))
    about = {"doubt_id": raised.doubt_id, "child_id": raised.child_id, "other_id": raised.other_id}
    ends = [
        DoubtWithdrawn(**about, withdrawn_on=DAY),
        raised,
        DoubtDecided(**about, decision="different", reason="twins", decided_on=DAY),
    ]
    return Story("roster", raised.doubt_id, (raised, *ends[: chance.randrange(len(ends) + 1)]))


def _public_report(number: int) -> Story:
    key = made("report", number)
    about = {"report_id": key, "township": TOWNSHIPS[0]}
    received = PublicReportReceived(
        **about,
        receipt_number="2026-1",
        received_on=DAY,
        owed=owed("look_into_report", "bureau", 7),
        follow_up="0f" * 32,
        text=sealed(key, "窑厂有个孩子某某在做工"),
    )
    informant = PublicReportInformantNamed(report_id=key, informant=sealed(made("informant", number), "邻居某某"))
    added = PublicReportSupplemented(**about, text=sealed(key, "他叔叔某某也在"), added_on=DAY)
    inquired = PublicReportInquired(**about, method="village", made_on=DAY, owed=owed("look_into_report", "bureau", 20))
    handled = PublicReportHandled(
        report_id=key, receipt_number="2026-1", township=TOWNSHIPS[0], outcome="not_so", case_id=None, handled_on=DAY
    )
    return Story("cases", key, (received, informant, added, inquired, handled))


def registered(number: int, *, township: str = TOWNSHIPS[0], born: str | None = None) -> ChildRegistered:
    """A child's registration; `born` is ISO text, by default one that lies in or near the window."""
    child = made("child", number)
    birth = f"{2008 + number % 14}-09-{1 + number % 28:02}" if born is None else born
    return ChildRegistered(
        child_id=child,
        name=sealed(child, f"曾小{'一二三四五六七八九'[number % 9]}"),
        id_number=sealed(child, f"41032620150{number % 10}01{number:04}"),
        birth_date=sealed(child, birth),
        sex="female",
        guardian_name=sealed(child, "曾某"),
        guardian_phone=sealed(child, "13800000000"),
        household_id=made("household", number // 2),
        township=township,
        village=f"{township}005",
        grounds=grounds(number, "hukou"),
        school_years=SchoolYears(begin_on=date(2026, 9, 1), end_on=date(2036, 8, 31)) if number % 3 else None,
    )


def registration(number: int, *, position: int) -> Message:
    story = Story("roster", made("child", number), (registered(number),))
    return Message("roster/0", envelope(story, 0, position=position))


def misshapen(message: Message) -> Message:
    """The same event with a body that is not what its type says."""
    return Message(
        message.tracking, msgspec.structs.replace(message.envelope, body=msgspec.Raw(b'{"name":"\xe6\x9b\xbe"}'))
    )


def corrected(number: int, *, born: str = "2014-02-28") -> IdentityCorrected:
    """Who a child is, stated anew; `born` is ISO text, or what somebody wrote in its place."""
    child = made("child", number)
    return IdentityCorrected(
        child_id=child,
        name=sealed(child, "单雨"),
        id_number=sealed(child, ""),
        birth_date=sealed(child, born),
        sex="male",
        guardian_name=sealed(child, ""),
        guardian_phone=sealed(child, ""),
        grounds=grounds(number, "hukou", "enrolment"),
        links=(linked(number),),
    )


def _child(number: int, children: int, chance: random.Random) -> Story:
    child, finding = made("child", number), made("finding", number)
    other = made("child", chance.randrange(children))  # several may say so of the same one; see roster.merged
    identity = corrected(number, born=chance.choice(("2014-02-28", "", "unbekannt")))
    raised = FindingRaised(
        finding_id=finding, child_id=child, kind="not_enrolled", reason="户籍有学籍无", owner="township:410326103",
        township=TOWNSHIPS[0], village="", school="", stage="", raised_on=DAY, due_on=DAY + timedelta(days=10),
        legal_basis="义务教育法 第十三条",
    )  # fmt: skip
    may = [
        ResidenceStated(child_id=child, household_id=made("household", 99), township=TOWNSHIPS[1], village=""),
        ResidenceStated(child_id=child, household_id=None, township=TOWNSHIPS[2], village=""),
        SchoolingStated(
            child_id=child,
            school="3141000300",
            school_name="小店中学",
            stage="junior",
            grade="8",
            status="在读",
            valid_on=DAY,
        ),
        GroupsStated(
            child_id=child,
            poverty="脱贫户",
            disability="",
            disability_grade="",
            left_behind=True,
            migrant=False,
            valid_on=DAY,
        ),
        ChildAccounted(child_id=child, state="in_seat", valid_on=DAY, reason="在校名单在册"),
        ChildAccounted(child_id=child, state="suspect", valid_on=DAY, reason="名在人不在"),
        identity,
        SchoolYearsStated(
            child_id=child,
            school_years=chance.choice((None, SchoolYears(begin_on=date(2020, 9, 1), end_on=date(2030, 8, 31)))),
            valid_on=DAY,
        ),
        SchoolAgeReached(child_id=child, begin_on=date(2026, 9, 1), township=TOWNSHIPS[0], village=""),
        SchoolAgePassed(child_id=child, end_on=date(2036, 8, 31), township=TOWNSHIPS[0], village=""),
        RowsLinked(
            child_id=child,
            grounds=grounds(number, "hukou", "poverty"),
            links=(linked(number, rule="name homophone, birth same, village", score=0.9873),),
            valid_on=DAY,
        ),
        raised,
        *answers(raised),
        StudentNumberStated(child_id=child, student_number=sealed(child, f"G41032620150{number:07}"), valid_on=DAY),
        SchoolingElsewhereProved(
            child_id=child, term="2026-2027-1", place="郑州市", school_name="某小学", proof="证2026-7", proved_on=DAY
        ),
    ]
    events = [event for event in may if chance.random() < 0.6]
    if other != child and chance.random() < 0.3:
        events.append(ChildrenMerged(child_id=child, merged_id=other, reason="同一身份证号"))
        if chance.random() < 0.4:
            events.append(ChildrenUnmerged(child_id=child, merged_id=other, reason="重号"))
    if chance.random() < 0.1:
        events.append(ChildErased(child_id=child, reason="guardian's request"))
    elif chance.random() < 0.1:
        events.append(ChildRestricted(child_id=child, basis="档案法", until=date(2040, 8, 31)))
        if chance.random() < 0.5:
            events.extend((RestrictionLifted(child_id=child, reason="监察委调查"), identity))
    return Story("roster", child, (registered(number, township=chance.choice(TOWNSHIPS)), *events))


def answers(raised: FindingRaised) -> list[Published]:
    """What becomes of a finding: it is answered, comes back, is late, and is settled."""
    about = {"finding_id": raised.finding_id, "child_id": raised.child_id, "kind": raised.kind}
    late = DAY + timedelta(days=11)
    return [
        FindingAnswered(**about, code="R2", evidence="证2026-3", answered_by=raised.owner, answered_on=DAY),
        FindingReturned(**about, reason="no paper", due_on=raised.due_on, returned_on=DAY),
        FindingOverdue(**about, owner=raised.owner, due_on=late, overdue_on=late),
        FindingResolved(
            **about, resolution="R1", resolved_on=DAY, evidence="证2026-4", approved_by="education_bureau:410326"
        ),
    ]


CASE_STEPS = (
    "begun", "confirmed", "persuaded", "expired", "paused", "resumed", "asked", "declined", "extended", "to_clear",
    "not_cleared", "reported",
    "moved", "unnamed", "ordered", "penalised", "demanded", "justice", "proceeding", "sued", "set_back", "unreachable", "sought",
    "searched", "returned", "seen", "watched",
)  # fmt: skip


def case_story(number: int, nth: int, steps: Sequence[str]) -> Story:
    """The n-th case of a child, by names of steps; the first is its opening."""
    child, case = made("child", number), made("case", number, nth)
    earlier = made("case", number, nth - 1) if nth > 1 else None
    document = made("document", number, nth)
    about = {"case_id": case, "child_id": child}
    kinds: dict[str, Published] = {
        "opened": CaseOpened(
            **about, cause="not_enrolled", finding_id=None, township=TOWNSHIPS[number % 2], village="", school="",
            stage="junior", earlier_case=earlier, opened_on=DAY + timedelta(days=nth), owed=owed(),
        ),
        "begun": CaseVerificationBegun(**about, owed=owed()),
        "confirmed": CaseConfirmed(**about, causes=("work", "learning"), confirmed_on=DAY, owed=owed("persuade", "school", 14)),
        "persuaded": PersuasionRecorded(
            **about, method="home_visit", outcome="refused", note=sealed(child, "家长某某不同意"), made_on=DAY,
            owed=owed("report", "school", 20),
        ),
        "expired": StepExpired(
            **about, expired=owed("report", "school", 20), expired_on=DAY, owed=owed("report", "township", 27)
        ),
        "reported": CaseReported(**about, document_id=document, owed=owed("order", "township", 30)),
        "sought": CaseReported(**about, document_id=document, owed=owed("search", "county", 60)),
        "ordered": CaseOrdered(**about, document_id=document, served_on=DAY, owed=owed("take_to_justice", "justice", 40)),
        "paused": StepPaused(
            **about, reason="hospital", paused_on=DAY, until_on=DAY + timedelta(days=30), owed=owed("report", "township", 27)
        ),
        "resumed": StepResumed(**about, resumed_on=DAY + timedelta(days=5), owed=owed("report", "township", 32)),
        "asked": ExtensionRequested(**about, days=3, reason="flood", asked_by="officer-1"),
        "to_clear": ClearanceRequested(
            **about, resolution="R9", evidence="deferral_approval: 41-7", asked_by="officer-1", asked_on=DAY,
            expires_on=DAY + timedelta(days=200),
        ),
        "not_cleared": ClearanceDeclined(**about, reason="not shown"),
        "declined": ExtensionDeclined(**about, reason="not needed"),
        "extended": StepExtended(**about, reason="flood", approver="chief-1", owed=owed("report", "township", 35)),
        "moved": CaseMoved(
            **about, township=TOWNSHIPS[(number + 1) % 2], village="", school="3141000301", stage="junior"
        ),
        "unnamed": ChildUnnamed(**about, roles=("helper",), found_on=DAY),
        "penalised": CasePenalised(**about, document_id=document, served_on=DAY, owed=owed("demand", "township", 50)),
        "demanded": CaseDemanded(**about, document_id=document, served_on=DAY, owed=owed("take_to_justice", "justice", 70)),
        "proceeding": ProceedingRecorded(
            **about, proceeding="judged", paper="2026-77", made_on=DAY, comply_by=DAY + timedelta(days=5),
            owed=owed("judge", "court", 95),
        ),
        "sued": ProceedingsFollowed(
            **about, proceedings_id=made("proceedings", number), owed=owed("accept_filing", "court", 97)
        ),
        "justice": CaseTakenToJustice(**about, document_id=document, served_on=DAY, owed=owed("judge", "court", 90)),
        "set_back": CaseSetBack(
            **about, document_id=document, state="ordered", decided_on=DAY, owed=owed("take_to_justice", "justice", 99)
        ),
        "unreachable": ChildUnreachable(**about, owed=owed("search", "township", 30)),
        "searched": ChildSearched(
            **about, method="relatives", note=sealed(child, "亲戚某某不知去向"), made_on=DAY, owed=owed("search", "bureau", 60)
        ),
        "seen": AttendanceTaken(**about, seen_on=DAY, present=True, seat_days=4),
        "returned": ChildReturned(**about, school="3141000301", returned_on=DAY, seat_days=3, owed=owed("watch", "school", 50)),
        "watched": CaseWatched(**about, watch_until=DAY + timedelta(days=90), owed=owed("close", "bureau", 100)),
        "closed": CaseClosed(**about, closed_on=DAY + timedelta(days=91)),
        "relapsed": CaseClosed(**about, closed_on=DAY + timedelta(days=60), outcome="relapsed"),
        "merged": CaseMerged(**about, into_case=made("case", number + 1, 1), merged_on=DAY + timedelta(days=70)),
        "cleared": CaseCleared(
            **about, resolution="R3", evidence="transfer: 41-7", approver="chief-1", cleared_on=DAY, expires_on=None
        ),
    }  # fmt: skip
    return Story("cases", case, tuple(kinds[step] for step in ("opened", *steps)))


def _case(number: int, nth: int, chance: random.Random) -> list[Story]:
    steps = [step for step in CASE_STEPS if chance.random() < 0.6]
    steps += chance.choice(((), ("closed",), ("relapsed",), ("cleared",), ("merged",)))
    child, case = made("child", number), made("case", number, nth)
    about = {"case_id": case, "child_id": child}
    document, referral = made("document", number, nth), made("referral", number, nth)
    assignment, notice = made("assignment", number, nth), made("notice", number, nth)
    to = {**about, "referral_id": referral, "to": "public_security:410326"}
    ended = chance.choice(
        (
            (ReferralAnswered(**to, outcome="准予", answered_on=DAY, purpose="social_assistance", decision=RELIEF),),
            (ReferralRevoked(**to, reason="已找到"),),
            (ReferralReturned(**to, reason="地址不详", asked_by="township:410326103"),),
            (ReferralAccepted(**to), CrimeDecided(**to, decision="filed", paper="立案决定7", decided_on=DAY)),
        )
    )
    who = {"assignment_id": assignment, "child_id": child, "role": "village_cadre", "officer": "cadre-3"}
    kinds = [
        NoticeDelivered(notice_id=notice, channel="inbox", delivered_at=START),
        NoticeDeliveryFailed(notice_id=notice, channel="sms", reason="busy", retry=False),
        NoticeAcknowledged(notice_id=notice, by="clerk-2"),
        NoticeEscalated(notice_id=notice, to="education_bureau:410326", escalated_on=DAY),
    ]
    chance.shuffle(kinds)
    return [
        case_story(number, nth, steps),
        Story("cases", document, (
            DocumentIssued(
                **about, document_id=document, kind="order_to_correct", number="责改〔2026〕7号", issuer="township:410326103",
                legal_basis="义务教育法第五十八条", term_days=15, issued_on=DAY,
            ),
            DocumentServed(
                **about, document_id=document, kind="order_to_correct", method="direct", receipt="回证7", served_on=DAY,
                expires_on=DAY + timedelta(days=15),
            ),
            DocumentResultFound(
                **about, document_id=document, kind="order_to_correct", result="not_complied", found_on=DAY + timedelta(days=16),
                found_by="clerk-2",
            ),
        )),
        Story("cases", referral, (
            ReferralOpened(**to, purpose="identity_check", request="核查去向", opened_on=DAY, reply_by=DAY), *ended,
        )),
        Story("cases", assignment, (
            ResponsibilityAssigned(**who, from_on=DAY),
            ResponsibilityDeputised(**who, deputy="cadre-5", from_on=DAY, until_on=DAY + timedelta(days=3)),
            ResponsibilityEnded(**who, until_on=DAY + timedelta(days=9), successor="cadre-4"),
        )),
        Story("notify", notice, (
            NoticeRaised(
                notice_id=notice, about=case, case_id=case, recipient="township:410326103", area="410326103",
                reason="step_owed", text="有一项应办事项", reply_by=DAY,
            ),
            *kinds[: chance.randrange(len(kinds) + 1)],
        )),
        _message(number, nth, case, notice, chance),
        _contact(number, nth, chance),
    ]  # fmt: skip


def _message(number: int, nth: int, case: UUID, notice: UUID, chance: random.Random) -> Story:
    message = made("message", number, nth)
    of = {"message_id": message, "channel": "sms", "case_ids": (case,)}
    ends = (
        (MessageAccepted(message_id=message, reference="A7"), MessageDelivered(**of, delivered_at=START)),
        (MessageLeftOpen(message_id=message, ask_at=START), MessageFailed(**of, failure="refused", again_at=None)),
        (MessageFailed(**of, failure="unreachable", again_at=START), MessageTakenUp(message_id=message)),
    )
    begun = MessageBegun(
        message_id=message, unit="township:410326103", channel="sms", hint="…0001", area="410326103",
        notice_ids=(notice,), case_ids=(case,),
    )  # fmt: skip
    return Story("notify", message, (begun, *chance.choice(ends)))


def _contact(number: int, nth: int, chance: random.Random) -> Story:
    contact, entry = made("contact", number, nth), made("address", number, nth)
    unit, account = f"school:31410003{number % 100:02}", chance.choice(("", "clerk-7"))
    further = [
        ContactAddressSuspended(entry_id=entry, unit=unit, failure="unreachable"),
        ContactHoursSet(
            contact_id=contact,
            unit=unit,
            quiet_from="21:00",
            quiet_until="07:00",
            working_days=True,
            digest_at="",
            account=account,
        ),
        ContactAbsenceSet(contact_id=contact, unit=unit, from_on=DAY, until_on=DAY, account=account),
        ContactAddressCleared(entry_id=entry, unit=unit),
    ]
    first = ContactAddressSet(
        entry_id=entry,
        unit=unit,
        channel="email",
        hint="o…@school.example",
        holder="officer",
        account=account,
        matters=("case",) if account else (),
    )
    return Story("notify", contact, (first, *further[: chance.randrange(len(further) + 1)]))


def _assistance(number: int, chance: random.Random) -> list[Story]:
    child = made("child", number)
    keys = {
        name: made(name, number) for name in ("eligibility", "plan", "household-plan", "award", "support", "teaching")
    }
    of = {"child_id": child}
    payment = {"award_id": keys["award"], **of, "payment_id": made("payment", number), "amount_fen": 62500}
    measure = {"plan_id": keys["plan"], **of, "measure_id": made("measure", number)}
    placement, transfer, deferral = made("placement", number), made("transfer", number), made("deferral", number)
    all_of_it = [
        Story("assistance", keys["eligibility"], (
            EligibilityFound(**of, eligibility_id=keys["eligibility"], category="poverty", ground="脱贫户", from_on=DAY),
            EligibilityEnded(
                **of, eligibility_id=keys["eligibility"], category="poverty", until_on=DAY, ground="风险已消除", row=3
            ),
        )),
        Story("assistance", keys["plan"], (
            StudentPlanOpened(
                **of, plan_id=keys["plan"], case_id=made("case", number, 1) if chance.random() < 0.5 else None,
                township=TOWNSHIPS[0], opened_on=DAY, review_on=DAY,
            ),
            MeasurePlanned(**measure, measure="补课", owner="school:3141000300", due_on=DAY),
            MeasureDone(**measure, evidence="记录3", done_on=DAY)
            if number % 2
            else MeasureDeclined(**measure, reason="withdrawn", evidence="referral:1", declined_on=DAY),
            StudentPlanReviewed(**of, plan_id=keys["plan"], reviewed_on=DAY, review_on=DAY + timedelta(days=30)),
            StudentPlanMoved(**of, plan_id=keys["plan"], township=TOWNSHIPS[1]),
            StudentPlanEnded(**of, plan_id=keys["plan"], resolution="R4", ended_on=DAY),
        )),
        Story("assistance", keys["household-plan"], (
            HouseholdPlanOpened(
                plan_id=keys["household-plan"], household_id=made("household", number // 2), children=(child,),
                opened_on=DAY, review_on=DAY,
            ),
            HouseholdChildIncluded(
                plan_id=keys["household-plan"], household_id=made("household", number // 2),
                child_id=made("child", number + 1),
            ),
            HouseholdPlanReviewed(
                plan_id=keys["household-plan"], household_id=made("household", number // 2), reviewed_on=DAY,
                review_on=DAY + timedelta(days=180),
            ),
        )),
        Story("assistance", keys["award"], (
            AwardGranted(
                **of, award_id=keys["award"], programme="boarding", term="2026a", amount_fen=62500, category="poverty",
                legal_basis="财教〔2021〕", granted_on=DAY,
            ),
            AwardPaid(**payment, paid_on=DAY),
            AwardReturned(**payment, reason="账号错误", returned_on=DAY),
            AwardListed(
                **of, award_id=keys["award"], list_id=made("payment-list", number), listed_on=DAY,
                payment_id=made("first payment", number),
            ),
            AwardUnlisted(
                **of, award_id=keys["award"], list_id=made("payment-list", number), unlisted_on=DAY,
                payment_id=made("first payment", number),
            ),
            AwardListed(
                **of, award_id=keys["award"], list_id=made("payment-list", number + 1), listed_on=DAY,
                payment_id=made("second payment", number),
            ),
            AwardListed(**of, award_id=keys["award"], list_id=made("payment-list", number + 2), listed_on=DAY),
            AwardSetAside(**of, award_id=keys["award"], standing=made("award", number + 1), set_aside_on=DAY),
            AwardTakenUp(**of, award_id=keys["award"], taken_up_on=DAY),
        )),
        Story("assistance", made("recognition", number), (
            RecognitionOpened(
                run_id=made("recognition", number), programme="living_allowance", term="2026-2027-1", area=TOWNSHIPS[0], pupils=700,
                opened_by="clerk-7", opened_on=DAY,
            ),
            RecognitionAdvanced(run_id=made("recognition", number), through=500, granted=60, granted_fen=3_750_000),
            RecognitionEnded(run_id=made("recognition", number), outcome="cancelled", ended_on=DAY),
        )),
        Story("assistance", made("payment-list", number), (
            PaymentListMade(
                list_id=made("payment-list", number), programme="boarding", term="2026a", school="3141000300",
                township=TOWNSHIPS[0], lines=1, total_fen=62500, made_by="clerk-1", made_on=DAY,
            ),
            PaymentListApproved(
                list_id=made("payment-list", number), sha256="0" * 64, approved_by="clerk-2", approved_on=DAY
            ),
            PaymentListWithdrawn(list_id=made("payment-list", number), withdrawn_on=DAY),
        )),
        Story("assistance", made("refusal", number), (
            PaymentRefused(
                **of, refusal_id=made("refusal", number), award_id=keys["award"], list_id=made("payment-list", number + 1),
                owner="school:3141000300", township=TOWNSHIPS[0], reason="card_lost", raised_on=DAY, due_on=DAY,
                payment_id=made("second payment", number),
            ),
            PaymentRefusalClosed(
                **of, refusal_id=made("refusal", number), award_id=keys["award"], ending="answered", answer="card_renewed",
                closed_on=DAY,
            ),
        )),
        Story("assistance", made("aid-question", number), (
            AidQuestionAsked(
                **of, question_id=made("aid-question", number), kind="eligible_not_paid", programme="living_allowance",
                term="2026-2027-1", award_id=keys["award"], owner="school:3141000300", township=TOWNSHIPS[0], asked_on=DAY,
                due_on=DAY,
            ),
            AidQuestionAnswered(**of, question_id=made("aid-question", number), answer="set_right", answered_on=DAY),
        )),
        Story("assistance", keys["support"], (
            LearningSupportBegun(
                **of, support_id=keys["support"], needs=("math", "reading"), helper="teacher-1", begun_on=DAY, review_on=DAY
            ),
            LearningSessionHeld(
                **of, support_id=keys["support"], session_id=made("session", number), need="math", minutes=40,
                progress="improved", sessions_so_far=1, held_on=DAY,
            ),
            LearningSupportReviewed(**of, support_id=keys["support"], outcome="improved", reviewed_on=DAY, review_on=None),
        )),
        Story("assistance", keys["teaching"], (
            HomeTeachingGiven(
                **of, teaching_id=keys["teaching"], school_year="2026", hours=4, hours_so_far=4, given_on=DAY
            ),
        )),
        Story("roster", made("four-checks", number), (
            FourChecksCounted(
                as_of=DAY,
                batches=(BatchCompared(register="hukou", part="", batch_id=made("batch")),),
                places=tuple(
                    PlaceCounts(
                        township=township, village="", in_window=5, hukou=5, enrolled=4, in_school=3, poverty=1, not_enrolled=1,
                        not_in_seat=1, poverty_out=1,
                    )
                    for township in TOWNSHIPS
                ),
            ),
        )),
        Story("roster", placement, (
            PlacementDecided(
                **of, placement_id=placement, form="home_teaching", school="", decided_on=DAY, first_visit_by=DAY
            ),
            HomeTeachingBegun(**of, placement_id=placement, taught_on=DAY),
            PlacementEnded(**of, placement_id=placement, reason="转入特教学校", ended_on=DAY),
        )),
        Story("roster", deferral, (
            DeferralApproved(
                **of, deferral_id=deferral, kind="suspension", proof="准2026-1", from_on=DAY, until_on=DAY, approved_on=DAY
            ),
            DeferralEnded(**of, deferral_id=deferral, reason="back", ended_on=DAY),
        )),
        Story("roster", transfer, (
            TransferOpened(
                **of, transfer_id=transfer, from_school="3141000300", to_place="洛阳市", opened_on=DAY, due_on=DAY
            ),
            TransferCompleted(**of, transfer_id=transfer, to_school="3141009999", completed_on=DAY),
        )),
    ]  # fmt: skip
    return [story for story in all_of_it if chance.random() < 0.5]
