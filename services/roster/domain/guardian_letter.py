"""Letters to guardians 致监护人文书 (N9.1): one to each child's guardian, made in a run of a school year, served, and proved.

A run is opened once for a kind and a school year; whoever comes to be one of its children while it is open gets a letter too,
so nobody who moves in late is forgotten. A letter is served once 送达. What is printed on it to find it again, its code, follows
from its id: it tells nothing of a child and opens nothing by itself.

Kinds stand in `guardian_letters.toml`.
"""

import tomllib
from datetime import date, timedelta
from importlib import resources
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.school_terms import terms_of
from services.chassis.typed_code import code_of
from services.roster.domain.facts import Residence, Schooling, SchoolYears
from services.roster.domain.findings import in_the_clear

_RUNS: Final = UUID("5a1c1f0e-6c3b-5d7b-9a52-6d3f1f4f2f11")
_SIGNS: Final = 14
"""Of a code, beside the one that checks them: some seventy bits."""

METHODS: Final = {
    "direct": "直接送达",
    "kin": "同住成年家属代收",
    "left": "留置送达",
    "refused": "拒收，留置送达",
    "post": "邮寄送达",
}
"""How a letter reaches a guardian 送达方式."""
PROVED_BY_SCAN: Final = frozenset({"left", "refused"})
"""What nobody signed for is proved by a photo or scan 影像."""


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of letter, in force from `from_on` until the day before `until_on`."""

    kind: str
    name: str
    to: Literal["entering", "obliged"]
    term: int
    legal_basis: str
    source: str
    from_on: date
    until_on: date | None = None

    def is_for(self, years: SchoolYears, *, begin_on: date) -> bool:
        """Whether a child of these school years gets a letter for the year that begins on a day."""
        if self.to == "entering":
            return years.begin_on == begin_on
        return years.begin_on <= begin_on <= years.end_on


KINDS: Final = msgspec.convert(
    tomllib.loads(resources.files(__package__).joinpath("guardian_letters.toml").read_text("utf-8"))["kind"],
    tuple[Kind, ...],
)
"""The kinds as shipped."""


def kind_on(kind: str, *, on: date) -> Kind:
    """The entry of a kind that is in force on a day; refuses what is not listed."""
    for entry in KINDS:
        if entry.kind == kind and entry.from_on <= on and (entry.until_on is None or on < entry.until_on):
            return entry
    known = ", ".join(f"{entry.kind} {entry.name}" for entry in KINDS)
    raise Refused(f"没有这种文书 / there is no letter of this kind; known are {known}.")


class LetterRun(RecordedAggregate):
    """All letters of a kind for a school year."""

    TOPIC = "roster.LetterRun"

    class Opened(RecordedAggregate.Event, Created):
        """Letters are made from now on 开始制发; `begin_on` is the first day of the school year, `expected` who was to get one then."""

        TOPIC = "roster.LetterRun.Opened"
        kind: str
        to: str
        school_year: str
        begin_on: date
        serve_by: date
        legal_basis: str
        expected: int
        opened_on: date

    class Closed(RecordedAggregate.Event):
        """No more letters are made 停止制发; those that are out are still to be served."""

        TOPIC = "roster.LetterRun.Closed"
        closed_on: date

    @staticmethod
    def id_of(*, kind: str, school_year: str) -> UUID:
        """The id of a run: there is one of a kind and school year."""
        return uuid5(_RUNS, f"{kind}/{school_year}")

    @classmethod
    def open(cls, *, kind: str, school_year: str, serve_by: date | None, expected: int, today: date) -> "LetterRun":
        """Opens a run; refused for a school year that is over, for a last day that has passed, and where nobody would get a letter."""
        entry = kind_on(kind, on=today)
        autumn, spring = terms_of(school_year)
        if spring.ends_on < today:
            raise Refused(
                f"{school_year} 学年已结束 / that school year is over; letters are for one that runs or comes."
            )
        last = serve_by or today + timedelta(days=entry.term)
        if last < today:
            raise Refused("送达期限不早于今天 / the last day to serve is today or later.")
        if not expected:
            raise Refused(
                f"没有应收{entry.name}的儿童 / no child gets this letter for {school_year}: "
                "take in the household register first, so that birth dates are known."
            )
        return cls._create(
            cls.Opened,
            id=cls.id_of(kind=kind, school_year=school_year),
            kind=kind,
            to=entry.to,
            school_year=school_year,
            begin_on=date(autumn.starts_on.year, 9, 1),
            serve_by=last,
            legal_basis=entry.legal_basis,
            expected=expected,
            opened_on=today,
        )

    def close(self, *, today: date) -> None:
        """Ends the making of letters; refused twice."""
        if self.closed_on is not None:
            raise Refused(
                f"该批次已于{self.closed_on}停止制发 / this run was closed; its letters are still to be served."
            )
        self.trigger_event(self.Closed, closed_on=today)

    @event(Opened)
    def __init__(self, kind: str, school_year: str, serve_by: date, legal_basis: str) -> None:
        self.kind = kind
        self.school_year = school_year
        self.serve_by = serve_by
        self.legal_basis = legal_basis
        self.closed_on: date | None = None

    @event(Closed)
    def _closed(self, closed_on: date) -> None:
        self.closed_on = closed_on


class GuardianLetter(RecordedAggregate):
    """One letter to one child's guardian."""

    TOPIC = "roster.GuardianLetter"

    class Made(RecordedAggregate.Event, Created):
        """The letter is to be served 制发; `code` is what is printed on it to find it again."""

        TOPIC = "roster.GuardianLetter.Made"
        run_id: UUID
        child_id: UUID
        kind: str
        school_year: str
        code: str
        village: str
        school: str
        serve_by: date
        legal_basis: str
        made_on: date

    class Served(RecordedAggregate.Event):
        """It reached the guardian 送达: how, by whom, and what shows it; `receipt` is the number of the slip or parcel, never a name."""

        TOPIC = "roster.GuardianLetter.Served"
        run_id: UUID
        child_id: UUID
        method: str
        receipt: str
        scan_id: UUID | None
        served_on: date
        served_by: str
        served_for: str
        late: bool

    class Withdrawn(RecordedAggregate.Event):
        """It is not to be served any more 收回: the child left, was erased, or goes on as another entry."""

        TOPIC = "roster.GuardianLetter.Withdrawn"
        run_id: UUID
        child_id: UUID
        reason: str
        withdrawn_on: date

    @staticmethod
    def id_of(*, run_id: UUID, child_id: UUID) -> UUID:
        """The id of a child's letter in a run: there is one."""
        return uuid5(run_id, str(child_id))

    @classmethod
    def make(
        cls, *, run: LetterRun, child_id: UUID, residence: Residence, schooling: Schooling, today: date
    ) -> "GuardianLetter":
        """Makes the letter of a child; refused in a run that was closed. One that is made after the run's last day has a term of its own."""
        if run.closed_on is not None:
            raise Refused("该批次已停止制发 / this run was closed; no letter is made in it any more.")
        letter_id = cls.id_of(run_id=run.id, child_id=child_id)
        return cls._create(
            cls.Made,
            id=letter_id,
            run_id=run.id,
            child_id=child_id,
            kind=run.kind,
            school_year=run.school_year,
            code=code_of(letter_id.bytes, signs=_SIGNS),
            village=residence.village,
            school=schooling.school,
            serve_by=run.serve_by
            if today <= run.serve_by
            else today + timedelta(days=kind_on(run.kind, on=today).term),
            legal_basis=run.legal_basis,
            made_on=today,
        )

    def serve(
        self,
        *,
        method: str,
        receipt: str,
        scan_id: UUID | None,
        served_on: date,
        served_by: str,
        served_for: str,
        today: date,
    ) -> None:
        """Keeps how the letter reached the guardian, by whom and for which unit; refused twice, and where its proof is missing."""
        act = "serve_letter"
        if self.served_on is not None:
            raise Refused(
                f"{act}: 本文书已于{self.served_on}送达 / this letter was served on {self.served_on}, and is served once."
            )
        if self.withdrawn_on is not None:
            raise Refused(
                f"{act}: 本文书已于{self.withdrawn_on}收回 / this letter was withdrawn; it is not served any more."
            )
        if method not in METHODS:
            known = ", ".join(f"{code} {name}" for code, name in METHODS.items())
            raise Refused(f"{act}: a letter is served by one of {known}.")
        if not self.made_on <= served_on <= today:
            raise Refused(
                f"{act}: a letter is served from {self.made_on}, when it was made, until today, and recorded then."
            )
        if method in PROVED_BY_SCAN and scan_id is None:
            raise Refused(
                f"{act}: {METHODS[method]}须附现场影像 / nobody signed for it, so a photo of the service is its proof."
            )
        if method == "post" and not receipt.strip():
            raise Refused(f"{act}: 邮寄送达须填写邮件号 / a letter by post is proved by the number of the parcel.")
        self.trigger_event(
            self.Served,
            run_id=self.run_id,
            child_id=self.child_id,
            method=method,
            receipt=in_the_clear(receipt, what="the number of the receipt") if receipt.strip() else "",
            scan_id=scan_id,
            served_on=served_on,
            served_by=served_by,
            served_for=served_for,
            late=served_on > self.serve_by,
        )

    def withdraw(self, *, reason: str, today: date) -> None:
        """Takes back a letter that is still to be served; nothing where it was served, or taken back before."""
        if self.served_on is None and self.withdrawn_on is None:
            self.trigger_event(
                self.Withdrawn,
                run_id=self.run_id,
                child_id=self.child_id,
                reason=reason,
                withdrawn_on=today,
            )

    @event(Made)
    def __init__(self, run_id: UUID, child_id: UUID, serve_by: date, made_on: date) -> None:
        self.run_id = run_id
        self.child_id = child_id
        self.serve_by = serve_by
        self.made_on = made_on
        self.served_on: date | None = None
        self.withdrawn_on: date | None = None

    @event(Served)
    def _served(self, served_on: date) -> None:
        self.served_on = served_on

    @event(Withdrawn)
    def _withdrawn(self, withdrawn_on: date) -> None:
        self.withdrawn_on = withdrawn_on
