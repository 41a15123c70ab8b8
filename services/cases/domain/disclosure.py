"""What the county makes public of its work 信息公开 (N9.2): the year's tasks, how it works, who is responsible, and numbers.

Numbers come in counted and are kept as they may be shown: small lines put together, small cells hidden and as many others as
keep them from being reckoned (`suppression`), by themselves and beside everything let out before (`differencing`). What
was counted and is not shown is written down nowhere. One person prepares it, another approves it, and only then is it released,
numbered, and entered in the ledger; what was released can be withdrawn with a reason, and stays known.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any, Final, Literal, Self
from uuid import UUID

import msgspec

from services.cases.domain import catalogue
from services.cases.domain.catalogue import Word
from services.cases.domain.differencing import Shown, changed_by_few, tells_of_few
from services.cases.domain.suppression import Cell, Counted, hide, put_together
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, NotFound, Refused

OFFICE: Final = "education_bureau"
MOST_LINES: Final = 40
State = Literal["prepared", "approved", "released", "withdrawn", "discarded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Under what numbers are let out 公开规则; see `disclosure.toml`."""

    id: str
    least: int
    apart_days: int
    compared_days: int
    good_days: int
    from_on: date
    legal_basis: str
    source: str
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Word):
    """A table of the list: what it counts, and in which lines."""

    of: str
    rows: str
    columns: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedTable:
    """A table of the list as it comes in; `cells[i][j]` are the persons or acts of row i and column j."""

    table: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A unit, and what it answers for 责任主体."""

    unit: str
    duty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far of a service's events the numbers were counted."""

    service: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that is let out, and nothing else; its hash is what the ledger keeps."""

    counted_on: date
    school_year: str
    rule: str
    least: int
    tables: tuple[Shown, ...]
    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    bodies: tuple[Body, ...]

    @property
    def sha256(self) -> str:
        """The hash of its JSON, whose names stand in alphabetical order."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


_LISTS: Final[dict[str, Any]] = tomllib.loads(
    resources.files(__package__).joinpath("disclosure.toml").read_text("utf-8")
)
RULES: Final = msgspec.convert(_LISTS["rule"], tuple[Rule, ...])
TABLES: Final[Mapping[str, Table]] = msgspec.convert(_LISTS["tables"], dict[str, Table])


def rule_on(day: date) -> Rule:
    """The rule in force on a day."""
    held = [rule for rule in RULES if rule.from_on <= day and (rule.until_on is None or day < rule.until_on)]
    if not held:
        raise Refused("No rule of public disclosure is in force on that day (N9.2).")
    return held[-1]


class Disclosure(RecordedAggregate):
    """One disclosure."""

    TOPIC = "cases.Disclosure"

    class Prepared(RecordedAggregate.Event, Created):
        """It was made up 拟公开; `follows` is how many releases of the ledger it was held against."""

        TOPIC = "cases.Disclosure.Prepared"
        unit: str
        content: Content
        sha256: str
        reached: tuple[Reached, ...]
        follows: int
        prepared_by: str
        prepared_on: date

    class Approved(RecordedAggregate.Event):
        """Another person has read and approved it 审核."""

        TOPIC = "cases.Disclosure.Approved"
        approved_by: str
        approved_on: date

    class Released(RecordedAggregate.Event):
        """It is public 公开, under its number of the ledger."""

        TOPIC = "cases.Disclosure.Released"
        number: int
        sha256: str
        released_by: str
        released_on: date

    class Withdrawn(RecordedAggregate.Event):
        """It is shown no longer 撤回; what it said is known all the same."""

        TOPIC = "cases.Disclosure.Withdrawn"
        reason: str
        withdrawn_on: date

    class Discarded(RecordedAggregate.Event):
        """It was never released 弃用."""

        TOPIC = "cases.Disclosure.Discarded"
        reason: str
        discarded_on: date

    # Decisions

    @staticmethod
    def must_be_made_by(unit: str) -> None:
        """Refuses anybody but the bureau, which keeps the office of the leading group."""
        if unit.partition(":")[0] != OFFICE:
            raise Forbidden("Only the education bureau discloses for the county (N9.2).")

    def must_be_of(self, unit: str) -> None:
        """Raises `NotFound` for the disclosure of another county's bureau."""
        self.must_be_made_by(unit)
        if unit != self.unit:
            raise NotFound("There is no disclosure of this id.")

    @classmethod
    def prepare(
        cls,
        *,
        disclosure_id: UUID,
        unit: str,
        counted: Sequence[CountedTable],
        reached: tuple[Reached, ...],
        tasks: Iterable[str],
        methods: Iterable[str],
        bodies: Iterable[Body],
        earlier: Sequence["Disclosure"],
        school_year: str,
        preparer: str,
        today: date,
    ) -> Self:
        """Makes it up from what was counted today; refuses what would tell of a few beside an `earlier` release."""
        cls.must_be_made_by(unit)
        rule = rule_on(today)
        content = Content(
            counted_on=today,
            school_year=school_year,
            rule=rule.id,
            least=rule.least,
            tables=_shown(counted, earlier=[each.content for each in earlier], rule=rule, today=today),
            tasks=_lines(tasks, what="a task of the year"),
            methods=_lines(methods, what="how the county works"),
            bodies=tuple(_body(body) for body in bodies),
        )
        return cls._create(
            cls.Prepared,
            id=disclosure_id,
            unit=unit,
            content=content,
            sha256=content.sha256,
            reached=reached,
            follows=len(earlier),
            prepared_by=preparer,
            prepared_on=today,
        )

    def approve(self, *, approver: str, today: date) -> None:
        """Approves it as it was prepared; refused to whoever prepared it."""
        self._must_be("prepared", act="approve_disclosure")
        if approver == self.preparer:
            raise Refused(
                "approve_disclosure: who prepared it doesn't approve it; another person reads it first (N9.2)."
            )
        self.trigger_event(self.Approved, approved_by=approver, approved_on=today)

    def release(self, *, number: int, releaser: str, today: date) -> None:
        """Makes it public under its number; refused where another release came between, or it was counted too long ago."""
        self._must_be("approved", act="release_disclosure")
        if number != self.follows + 1:
            raise Refused(
                "release_disclosure: another release came between; prepare it again, held against that one too."
            )
        good_days = rule_on(self.content.counted_on).good_days
        if today > self.content.counted_on + timedelta(days=good_days):
            raise Refused(f"release_disclosure: it was counted more than {good_days} days ago; prepare it again.")
        self.trigger_event(
            self.Released, number=number, sha256=self.content.sha256, released_by=releaser, released_on=today
        )

    def withdraw(self, *, reason: str, today: date) -> None:
        """Takes it off the page, and says why there."""
        self._must_be("released", act="withdraw_disclosure")
        reason = catalogue.in_the_clear(reason, what="why it is withdrawn")
        self.trigger_event(self.Withdrawn, reason=reason, withdrawn_on=today)

    def discard(self, *, reason: str, today: date) -> None:
        """Lets go of one that was not released."""
        if self.state not in {"prepared", "approved"}:
            raise Refused(f"discard_disclosure: it is {self.state}; only what was not released is discarded.")
        reason = catalogue.in_the_clear(reason, what="why it is not released")
        self.trigger_event(self.Discarded, reason=reason, discarded_on=today)

    def _must_be(self, state: State, *, act: str) -> None:
        if self.state != state:
            raise Refused(f"{act}: it is {self.state}, and has to be {state}.")

    # Evolution

    @event(Prepared)
    def __init__(self, unit: str, content: Content, follows: int, prepared_by: str) -> None:
        self.unit = unit
        self.content = content
        self.follows = follows
        self.preparer = prepared_by
        self.state: State = "prepared"

    @event(Approved)
    def _approved(self) -> None:
        self.state = "approved"

    @event(Released)
    def _released(self) -> None:
        self.state = "released"

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.state = "withdrawn"

    @event(Discarded)
    def _discarded(self) -> None:
        self.state = "discarded"


def _shown(
    counted: Sequence[CountedTable], *, earlier: Sequence[Content], rule: Rule, today: date
) -> tuple[Shown, ...]:
    """The tables as they may be shown, in the order of the list."""
    given = {each.table: _checked(each) for each in counted}
    if given.keys() != TABLES.keys() or len(given) != len(counted):
        raise Refused(f"prepare_disclosure: exactly the tables {catalogue.listed(TABLES)} are disclosed, each once.")
    _must_agree(given)
    columns = {
        TABLES[name].of: put_together(table.columns, table.column_sums, least=rule.least)
        for name, table in given.items()
    }
    shown = []
    for name, of_list in TABLES.items():
        table = given[name].with_columns(columns[of_list.of])
        table = table.with_rows(put_together(table.rows, table.row_sums, least=rule.least))
        before = [
            (each.counted_on, each_table) for each in earlier for each_table in each.tables if each_table.table == name
        ]
        shown.append(_held_against(before, name, table, rule=rule, today=today))
    return tuple(shown)


def _held_against(before: Sequence[tuple[date, Shown]], name: str, table: Counted, *, rule: Rule, today: date) -> Shown:
    """One table as it may be shown beside those of the same name that were let out before; refused where it may not."""
    also: set[Cell] = set()
    near = [(on, earlier) for on, earlier in before if (today - on).days < rule.apart_days]
    for _, earlier in near:
        if (earlier.rows, earlier.columns) == (table.rows, table.columns):
            also |= earlier.hidden
    for on, earlier in before:
        if rule.apart_days <= (today - on).days <= rule.compared_days:
            also |= changed_by_few(table, earlier, least=rule.least)
    shown = Shown.of(name, table, hidden=hide(table, least=rule.least, also=also))
    for on, earlier in near:
        if tells_of_few(shown, earlier, least=rule.least):
            later = on + timedelta(days=rule.apart_days)
            raise Refused(
                f"prepare_disclosure: the table {name} {TABLES[name].name} of {on} was released, and beside it this one would"
                f" tell what changed for fewer than {rule.least} persons. Prepare it on {later} or later (N9.2)."
            )
    return shown


def _must_agree(given: Mapping[str, Counted]) -> None:
    """Refuses tables of the same children that don't count the same."""
    counted: dict[str, dict[str, int]] = {}
    for name, table in given.items():
        sums = {line[0]: total for line, total in zip(table.columns, table.column_sums, strict=True)}
        if counted.setdefault(TABLES[name].of, sums) != sums:
            raise Refused("prepare_disclosure: the tables of the same children don't add up to the same numbers.")


def _checked(given: CountedTable) -> Counted:
    catalogue.known(given.table, words=TABLES, what="table of a disclosure")
    rows, columns = len(given.rows), len(given.columns)
    if len(given.cells) != rows or any(len(row) != columns for row in given.cells):
        raise Refused("prepare_disclosure: a table needs a number for each of its rows and columns.")
    if len(set(given.rows)) != rows or len(set(given.columns)) != columns or not rows or not columns:
        raise Refused("prepare_disclosure: each row and column stands in a table once.")
    if any(value < 0 for row in given.cells for value in row):
        raise Refused("prepare_disclosure: nothing is counted below zero.")
    return Counted.of(rows=given.rows, columns=given.columns, cells=given.cells)


def _lines(texts: Iterable[str], *, what: str) -> tuple[str, ...]:
    lines = tuple(catalogue.in_the_clear(text, what=what) for text in texts)
    if not 1 <= len(lines) <= MOST_LINES:
        raise Refused(f"prepare_disclosure: say {what} in 1 to {MOST_LINES} lines (N9.2).")
    return lines


def _body(body: Body) -> Body:
    kind, _, area = body.unit.partition(":")
    if not kind.replace("_", "").isalpha() or not area.isdigit():
        raise Refused(
            "prepare_disclosure: name a responsible unit as kind:area, such as township:410326103; never a person."
        )
    return Body(unit=body.unit, duty=catalogue.in_the_clear(body.duty, what="what a unit answers for"))
