"""The yearly audit of minors' data, counted by hand over a small history, and made again to the byte."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.receipts import Receipt, record_at_once
from gateway.readmodel import trees
from gateway.readmodel.audit_report import AuditContent, read_content, withheld
from gateway.readmodel.in_force import CASE_RULES, Key, note_keys, note_restoration, note_rules
from gateway.readmodel.migrate import migrate
from gateway.supervision.audit import MEASURES, Period, keep, reckon
from gateway.words import WORDS
from services.chassis.clock import SteppedClock
from services.chassis.errors import NotFound, Refused
from services.chassis.tree import LogTree, Signed, origin_of, signer_of
from tests.fixtures.postgres import FreshDatabase

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
NEW_YEAR = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""Midnight in China: the year begins."""
JUNE = datetime(2026, 6, 15, 4, tzinfo=UTC)
OVER = datetime(2026, 12, 31, 16, tzinfo=UTC)
NOW = datetime(2027, 1, 5, 2, tzinfo=UTC)
CHILDREN = [uuid4() for _ in range(9)]


@dataclass
class ServiceTree:
    """The tree of a service's log, as far as a report asks of it."""

    origin: str
    signed_to: int = 1_000

    def first_signed(self, *, at_least: int) -> Signed:
        if at_least > self.signed_to:
            raise NotFound("not signed that far")
        size = -(-at_least // 10) * 10
        return Signed(size, hashlib.sha256(f"{self.origin} {size}".encode()).digest(), "", JUNE)

    @contextmanager
    def connection(self) -> Iterator["ServiceTree"]:
        yield self

    def execute(self, *_: object) -> "ServiceTree":
        return self

    def fetchall(self) -> list[tuple[int, ...]]:
        return [(3, 2, 1, 20_000)]


@dataclass
class Logs:
    """The logs of a county: the gateway's own, and trees of its services."""

    gateway: psycopg.Connection[tuple[Any, ...]]
    dsn: str
    services: dict[str, ServiceTree] = field(default_factory=dict)

    def tree_of(self, log: str, *, at: datetime = JUNE) -> LogTree:
        if log not in trees.LOGS:
            return cast("LogTree", self.services.setdefault(log, ServiceTree(origin_of(log))))
        signer = signer_of(origin_of(log), secret=bytes(32))
        return LogTree(dsn=self.dsn, signer=signer, clock=SteppedClock(at), entries=trees.LOGS[log])

    def keep_up(self, at: datetime = JUNE) -> None:
        for log in trees.LOGS:
            self.tree_of(log, at=at).keep_up()

    def looked(
        self, at: datetime, unit: str, operation: str = "child", decision: str = "answered", **more: Any
    ) -> None:
        receipt = Receipt(
            at=at, actor="someone", department=unit, purpose=more.pop("purpose", "dropout_control"), operation=operation,
            document_hash="", decision=cast("Any", decision), policy_version="1", **more,
        )  # fmt: skip
        record_at_once(self.gateway, receipt)

    def told(self, producer: str, position: int, topic: str, at: datetime = JUNE, **body: object) -> None:
        self.gateway.execute(
            """insert into journal values (%s, %s, gen_random_uuid(), 'x', gen_random_uuid(), 1, %s, %s, 'a', 'd', 'p',
                 gen_random_uuid(), gen_random_uuid(), null, '', null, null, %s::jsonb)""",
            [producer, position, topic, at, msgspec.json.encode(body).decode()],
        )

    def given(self, kind: str, at: datetime = JUNE, unit: str = "health:410326") -> UUID:
        warrant = uuid4()
        self.gateway.execute(
            "insert into warrant values (%s, %s, %s, '', 'p', %s, '', %s, %s, '', '', 'u', 'v', %s)",
            [warrant, kind, unit, CHILDREN[0], at, at + timedelta(hours=2), at],
        )
        return warrant

    def reviewed(self, warrant: UUID, at: datetime, *, justified: bool) -> None:
        self.gateway.execute("insert into warrant_review values (%s, %s, 'r', 'v', %s, '')", [warrant, at, justified])

    def consented(self, at: datetime = JUNE, form: str = "paper") -> UUID:
        warrant = self.given("consent", at, "youth_league:410326")
        self.gateway.execute(
            "insert into consent values (%s, %s, 'mother', '', %s, null, '', '{}', %s, %s)",
            [warrant, CHILDREN[0], form, at, at],
        )
        return warrant

    def reckoned(self, period: Period = YEAR, *, now: datetime = NOW) -> AuditContent:
        return reckon(self.gateway, period, tree_of=self.tree_of, now=now)


@pytest.fixture
def logs(database: Callable[..., FreshDatabase]) -> Iterator[Logs]:
    fresh = database("gateway", migrate=migrate)
    with psycopg.connect(fresh.app, autocommit=True) as connection:
        yield Logs(connection, fresh.app)


@pytest.fixture(scope="module")
def year(module_database: Callable[..., FreshDatabase]) -> Iterator[Logs]:
    """A year that is over, and nothing since."""
    fresh = module_database("gateway", migrate=migrate)
    with psycopg.connect(fresh.app, autocommit=True) as connection:
        logs = Logs(connection, fresh.app)
        a_year(logs)
        logs.keep_up()
        yield logs


def parts(content: AuditContent, figure: str) -> dict[str, int | None]:
    return {each.item: each.value for each in content.of(figure)}


def a_year(logs: Logs) -> None:
    """What happened, each thing counted by hand below; something of the day before and the day after is of neither."""
    logs.looked(NEW_YEAR - timedelta(seconds=1), "school:1", child_ids=tuple(CHILDREN))
    logs.looked(NEW_YEAR, "school:1", child_ids=tuple(CHILDREN[:2]), rows=2)
    logs.looked(JUNE, "school:1", child_ids=tuple(CHILDREN[1:7]), rows=6)
    logs.looked(JUNE, "health:410326", decision="denied", purpose="emergency")
    logs.looked(JUNE, "public_security:410326", fields=("Query.identityMatches",), purpose="identity_check")
    logs.looked(JUNE, "education_bureau:410326", operation="export_ledger", child_ids=tuple(CHILDREN[:1]))
    logs.looked(OVER - timedelta(seconds=1), "supervision:410326", operation="bundle", purpose="supervision")
    logs.looked(OVER, "school:1")
    logs.given("approval")
    logs.given("approval", OVER)
    for number in range(6):
        logs.given("order", JUNE + timedelta(hours=number), "supervision:410326")
    justified, late, _unreviewed = (logs.given("emergency") for _ in range(3))
    logs.reviewed(justified, JUNE + timedelta(hours=72), justified=True)
    logs.reviewed(late, JUNE + timedelta(hours=73), justified=False)
    logs.given("emergency", OVER - timedelta(hours=1))
    for _ in range(5):
        logs.consented()
    logs.consented(form="spoken")
    logs.told("cases", 7, "cases.Case.Opened", JUNE - timedelta(days=1))
    for position in range(8, 14):
        logs.told("cases", position, "cases.DataRequest.Received", kind="access")
    logs.told("cases", 14, "cases.DataRequest.Declined", ground="statutory_duty", late=True)
    logs.told("cases", 15, "cases.DataRequest.Received", OVER, kind="access")
    logs.told("roster", 1, "roster.Child.Erased")
    note_restoration(logs.gateway, erasures=3, keys_back=1, at=JUNE)
    note_rules(logs.gateway, {CASE_RULES: b"a = 1"}, at=JUNE)
    note_keys(logs.gateway, [Key("kek", "epoch 2", "suite 1", "used")], at=JUNE)
    logs.told("notify", 1, "notify.Notice.Raised", reason="numbers_tried")
    logs.told("notify", 2, "notify.Notice.Raised", reason="step_due")


def test_every_figure_is_what_is_counted_by_hand(year: Logs) -> None:
    content = year.reckoned()

    assert parts(content, "looks_by_decision") == {"answered": 5, "denied": 1, "": 6}
    assert parts(content, "looks_by_department") == {
        "education_bureau": 1, "health": 1, "public_security": 1, "school": 2, "supervision": 1, "": 6,
    }  # fmt: skip
    assert parts(content, "looks_by_month") == {"2026-01": 1, "2026-06": 4, "2026-12": 1, "": 6}
    assert parts(content, "looks_by_purpose") == {
        "dropout_control": 3, "emergency": 1, "identity_check": 1, "supervision": 1, "": 6,
    }  # fmt: skip
    assert parts(content, "refusals_by_department") == {"health": 1, "": 1}
    assert parts(content, "handed_out") == {"bundle": 1, "export_ledger": 1, "": 2}
    assert parts(content, "questions") == {"answered": 1, "": 1}
    assert parts(content, "children_shown") == {"": 7}
    assert parts(content, "most_in_one_look") == {"": 6}
    assert parts(content, "approvals") == {"health": 1, "": 1}
    assert parts(content, "orders") == {"supervision": 6, "": 6}
    assert parts(content, "requests_received") == {"access": 6, "": 6}
    assert parts(content, "alarms") == {"": 1}
    assert parts(content, "restorations") == {"": 1}
    assert parts(content, "rule_versions") == {CASE_RULES: 1, "": 1}
    assert parts(content, "keys") == {"kek used": 1, "": 1}
    assert parts(content, "policy_releases") == {"": 0}
    assert parts(content, "restricted") == {"": 0}


def test_few_children_are_withheld_and_so_is_the_sum_they_could_be_reckoned_from(year: Logs) -> None:
    content = year.reckoned()

    assert parts(content, "consents") == {"paper": 5, "spoken": None, "": None}
    assert parts(content, "erased") == {"": None}
    assert parts(content, "requests_declined") == {"statutory_duty": None, "": None}
    assert parts(content, "requests_late") == {"": None}
    assert parts(content, "emergencies") == {
        "justified": None, "open": None, "reviewed_late": None, "unreviewed": None, "": None,
    }  # fmt: skip


def test_each_figure_names_a_log_of_which_range_and_tree_head_are_told(year: Logs) -> None:
    content = year.reckoned()
    of = {one.log: one for one in content.logs}

    assert (of["cases"].first, of["cases"].last, of["cases"].entries, of["cases"].size) == (7, 14, 8, 20)
    assert of["cases"].root == hashlib.sha256(f"{origin_of('cases')} 20".encode()).hexdigest()
    assert (of["assistance"].first, of["assistance"].last, of["assistance"].size, of["assistance"].root) == (
        0,
        0,
        0,
        "",
    )
    assert (of["access"].first, of["access"].last, of["access"].entries) == (2, 7, 6)
    signed = year.tree_of("access").signed()
    assert (of["access"].size, of["access"].root) == (8, signed.root.hex())
    assert (of["cases"].checkpoints, of["cases"].witnessed, of["cases"].late, of["cases"].longest_s) == (
        3,
        2,
        1,
        20_000,
    )
    assert {each.log for each in content.figures} <= of.keys()
    assert all(each.counted for each in content.figures)


def test_made_again_it_is_the_same_to_the_byte_whatever_was_recorded_since(logs: Logs) -> None:
    a_year(logs)
    logs.keep_up()
    first = logs.reckoned().written()
    kept = keep(logs.gateway, read_content(first), by="u", unit="supervision:410326", at=NOW)

    logs.looked(NOW, "school:1", child_ids=tuple(CHILDREN))
    logs.consented(NOW)
    logs.told("cases", 16, "cases.DataRequest.Received", NOW, kind="copy")
    logs.keep_up(NOW)
    again = logs.reckoned(now=NOW + timedelta(days=9))
    assert again.written() == first
    assert keep(logs.gateway, again, by="v", unit="supervision:410326", at=NOW + timedelta(days=9)) == kept
    logs.keep_up(NOW)
    assert logs.gateway.execute("select made_by from audit_report").fetchall() == [("u",)]
    policy = logs.tree_of("policy")
    entries = policy.entries(range(1, policy.signed().size + 1)).values()
    [entry] = [entry for entry in entries if entry.startswith(b"baoxue audit_report 1\n")]
    assert hashlib.sha256(first.encode()).hexdigest().encode() in entry


def test_something_done_in_the_period_makes_another_report(logs: Logs) -> None:
    a_year(logs)
    logs.keep_up()
    before = logs.reckoned()
    logs.looked(JUNE, "school:1")
    logs.keep_up()

    after = logs.reckoned()
    assert parts(after, "looks_by_department")["school"] == 3
    assert after.written() != before.written()


def test_it_names_nobody(year: Logs) -> None:
    text = year.reckoned().written()

    assert not any(str(child) in text for child in CHILDREN)
    assert "someone" not in text


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (Period(date(2026, 2, 1), date(2027, 1, 5)), "is not over"),
        (Period(date(2025, 1, 1), date(2026, 1, 2)), "one year at the most"),
        (Period(date(2026, 2, 1), date(2026, 1, 1)), "one year at the most"),
    ],
)
def test_a_period_that_is_none_is_refused_in_words(year: Logs, period: Period, said: str) -> None:
    with pytest.raises(Refused, match=said):
        year.reckoned(period)


def test_what_has_no_place_in_its_log_or_is_not_here_yet_is_waited_for(logs: Logs) -> None:
    logs.looked(JUNE, "school:1")
    with pytest.raises(Refused, match="no place in their log yet"):
        logs.reckoned()
    logs.keep_up()
    logs.told("cases", 3, "cases.Case.Opened")
    logs.told("cases", 5, "cases.Case.Opened")
    with pytest.raises(Refused, match="2 of the 3 entries of cases"):
        logs.reckoned()
    logs.told("cases", 4, "cases.Case.Opened")
    logs.services["cases"] = ServiceTree(origin_of("cases"), signed_to=4)
    with pytest.raises(NotFound):
        logs.reckoned()


def test_every_figure_and_topic_has_a_name() -> None:
    topics = set((Path(__file__).parents[2] / "architecture" / "topics.txt").read_text().split())

    for measure in MEASURES:
        assert measure.figure in WORDS["audit_figures"]
        named = {word.strip(",;") for word in measure.counted.split() if word.count(".") == 2}
        assert named <= topics, named - topics


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(2, 10))
def test_no_small_number_is_left_over_when_the_others_are_taken_from_the_sum(values: list[int], under: int) -> None:
    shown = dict(withheld([(f"part {i}", value) for i, value in enumerate(values)], under=under))
    total = shown.pop("")
    hidden = [i for i, value in enumerate(values) if shown[f"part {i}"] is None]

    assert all(0 < values[i] < under for i in hidden)
    assert all(values[i] == 0 or values[i] >= under for i in range(len(values)) if i not in hidden)
    if hidden:
        assert total is None
    elif values:
        assert total == sum(values)
