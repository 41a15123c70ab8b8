"""The yearly audit of minors' data 未成年人个人信息保护合规审计, reckoned from the logs that are proved and from nothing else.

Whoever processes minors' data audits that once a year and reports it (未成年人网络保护条例 第三十七条). What is asked there (is access least, approved
and recorded? are guardians' requests answered? is what should be gone gone? are keys changed?) is answered in counts. Each says in which log it was
counted, between which entries, under which tree head, and by which words of an entry, so that supervision can take those
entries (`baoxue bundle --range`) and count again without us.

A period that is over gives the same report for ever: entries stay, and the tree head named is the first that was signed over the
last of them. Only clocks that are set back could add an entry to a period that is over; then the report is another one, and both are kept.
"""

# ruff: noqa: S608  # statements are made of this project's own words; moments are parameters

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import psycopg

from gateway.access.predicates import PREDICATES
from gateway.access.rules import RULES
from gateway.readmodel import trees
from gateway.readmodel.audit_report import KIND, AuditContent, AuditedLog, AuditFigure, summed, withheld
from services.chassis.clock import CHINA, china_date
from services.chassis.config import SERVICES
from services.chassis.errors import Refused
from services.chassis.tree import LogTree
from services.chassis.witnesses import WITHIN, seen
from services.contracts.divisions import COUNTY

Connection = psycopg.Connection[tuple[Any, ...]]

LACKING: Final = ("breaches", "impact_assessments")
"""What such a report is asked for besides and no log of ours tells: the office adds it on paper."""
LONGEST: Final = timedelta(days=366)
"""A report is of a year at most."""
_IDS: Final = UUID("6d3b5a5e-0d3d-4c51-9b0a-5c2c1b7c8a44")
_QUESTIONS: Final = ", ".join(f"'Query.{name}'" for name in sorted(PREDICATES))
_HANDED_OUT: Final = (
    r"(operation like 'export\_%%' or operation like 'print\_%%' or operation in ('bundle', 'replay_duties'))"
)
_REVIEW: Final = f"interval '{RULES.emergency.review_within_hours} hours'"


@dataclass(frozen=True, slots=True)
class Period:
    """The days a report is of, both included."""

    from_on: date
    until_on: date

    def require_over(self, *, now: datetime) -> None:
        """Raises `Refused` where it isn't over yet, is none, or is longer than a year."""
        if not self.from_on <= self.until_on or self.until_on - self.from_on >= LONGEST:
            raise Refused("A report is of one year at the most, from one day to a later one. 审计期间最长一年。")
        if self.until_on >= china_date(now):
            raise Refused(
                f"{self.until_on} is not over, so the same report could not be made again: name a last day before today."
                " 审计期间尚未结束。"
            )

    @property
    def moments(self) -> dict[str, datetime]:
        """When it begins, and when it is over, as statements ask for them."""
        begins, over = (
            datetime.combine(day, datetime.min.time(), tzinfo=CHINA)
            for day in (self.from_on, self.until_on + timedelta(days=1))
        )
        return {"since": begins, "until": over}


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: its parts and how many each has, of the entries of one log."""

    figure: str
    log: str
    counted: str
    statement: str
    of_children: bool = False
    """Whether a number is one of children, or of acts about one child each: then small ones are withheld."""


def _looks(what: str, where: str = "true", *, item: str = "''", lateral: str = "") -> str:
    return (
        f"select {item}::text, {what} from access_tree.entry join receipt on receipt_id = id::uuid {lateral}"
        f" where at >= %(since)s and at < %(until)s and {where} group by 1 order by 1"
    )


def _warrants(kind: str, *, item: str, also: str = "") -> str:
    return (
        f"select {item}::text, count(*) from policy_tree.entry e join warrant w on e.kind = 'warrant' and w.warrant_id::text = e.id {also}"
        f" where w.kind = '{kind}' and w.given_at >= %(since)s and w.given_at < %(until)s group by 1 order by 1"
    )


def _noted(table: str, key: str, at: str, *, item: str) -> str:
    return (
        f"select {item}::text, count(*) from policy_tree.entry e join {table} t on e.kind = '{table}' and t.{key}::text = e.id"
        f" where {at} >= %(since)s and {at} < %(until)s group by 1 order by 1"
    )


def _told(topics: str, *, item: str, where: str = "true") -> str:
    return (
        f"select {item}::text, count(*) from journal where recorded_at >= %(since)s and recorded_at < %(until)s"
        f" and stored_topic in ({', '.join(repr(topic) for topic in topics.split())}) and {where} group by 1 order by 1"
    )


_KIND_OF_UNIT: Final = "split_part(department, ':', 1)"
MEASURES: Final = (
    Measure("looks_by_decision", "access", "decision", _looks("count(*)", item="decision")),
    Measure("looks_by_department", "access", "department, before its colon", _looks("count(*)", item=_KIND_OF_UNIT)),
    Measure("looks_by_purpose", "access", "purpose", _looks("count(*)", item="purpose")),
    Measure(
        "looks_by_month",
        "access",
        "at, in China's time",
        _looks("count(*)", item="to_char(at at time zone 'Asia/Shanghai', 'YYYY-MM')"),
    ),
    Measure(
        "refusals_by_department",
        "access",
        "decision refused or denied; department",
        _looks("count(*)", "decision <> 'answered'", item=_KIND_OF_UNIT),
    ),
    Measure(
        "handed_out",
        "access",
        "operation export_…, print_…, bundle, replay_duties; decision answered",
        _looks("count(*)", f"decision = 'answered' and {_HANDED_OUT}", item="operation"),
    ),
    Measure(
        "questions",
        "access",
        "fields with a question of yes or no; decision",
        _looks("count(*)", f"fields && array[{_QUESTIONS}]", item="decision"),
    ),
    Measure(
        "children_shown",
        "access",
        "child_ids, each once",
        _looks("count(distinct child)", lateral="cross join lateral unnest(child_ids) as child"),
        of_children=True,
    ),
    Measure(
        "most_in_one_look",
        "access",
        "the most child_ids of one entry",
        _looks("max(cardinality(child_ids))", "cardinality(child_ids) > 0"),
        of_children=True,
    ),
    Measure(
        "policy_releases",
        "policy",
        "release; released_at",
        "select ''::text, count(*) from policy_tree.entry e join policy_tree.release r on e.kind = 'policy_log' and r.position::text = e.id"
        " where (convert_from(body, 'UTF8')::jsonb ->> 'released_at')::timestamptz >= %(since)s"
        " and (convert_from(body, 'UTF8')::jsonb ->> 'released_at')::timestamptz < %(until)s having count(*) > 0",
    ),
    Measure(
        "rule_versions", "policy", "rule_version; name", _noted("rule_version", "version_id", "noted_at", item="name")
    ),
    Measure(
        "keys",
        "policy",
        "key_life; kind, became",
        _noted("key_life", "life_id", "noted_at", item="t.kind || ' ' || became"),
    ),
    Measure("restorations", "policy", "restoration; at", _noted("restoration", "restoration_id", "at", item="''")),
    Measure(
        "approvals",
        "policy",
        "warrant of kind approval; unit",
        _warrants("approval", item="split_part(w.unit, ':', 1)"),
    ),
    Measure(
        "orders",
        "policy",
        "warrant of kind order; unit",
        _warrants("order", item="split_part(w.unit, ':', 1)"),
        of_children=True,
    ),
    Measure(
        "emergencies",
        "policy",
        f"warrant of kind emergency; warrant_review by the end of the period, within {RULES.emergency.review_within_hours} hours, justified",
        _warrants(
            "emergency",
            item=f"case when r.reviewed_at is null and w.given_at + {_REVIEW} > %(until)s then 'open' when r.reviewed_at is null then 'unreviewed'"
            f" when r.reviewed_at > w.given_at + {_REVIEW} then 'reviewed_late' when r.justified then 'justified' else 'unjustified' end",
            also="left join warrant_review r on r.warrant_id = w.warrant_id and r.reviewed_at < %(until)s",
        ),
        of_children=True,
    ),
    Measure(
        "consents",
        "policy",
        "consent; form",
        _noted("consent", "warrant_id", "registered_at", item="form"),
        of_children=True,
    ),
    Measure(
        "withdrawals",
        "policy",
        "consent_withdrawal; withdrawn_by",
        _noted("consent_withdrawal", "warrant_id", "registered_at", item="withdrawn_by"),
        of_children=True,
    ),
    Measure(
        "requests_received",
        "cases",
        "cases.DataRequest.Received; kind",
        _told("cases.DataRequest.Received", item="body ->> 'kind'"),
        of_children=True,
    ),
    Measure(
        "requests_answered",
        "cases",
        "cases.DataRequest.Answered; outcome",
        _told("cases.DataRequest.Answered", item="body ->> 'outcome'"),
        of_children=True,
    ),
    Measure(
        "requests_declined",
        "cases",
        "cases.DataRequest.Declined; ground",
        _told("cases.DataRequest.Declined", item="body ->> 'ground'"),
        of_children=True,
    ),
    Measure(
        "requests_late",
        "cases",
        "cases.DataRequest.Answered, cases.DataRequest.Declined; late",
        _told("cases.DataRequest.Answered cases.DataRequest.Declined", item="''", where="body ->> 'late' = 'true'"),
        of_children=True,
    ),
    Measure("erased", "roster", "roster.Child.Erased", _told("roster.Child.Erased", item="''"), of_children=True),
    Measure(
        "restricted",
        "roster",
        "roster.Child.Restricted, roster.Child.RestrictionLifted",
        _told("roster.Child.Restricted roster.Child.RestrictionLifted", item="split_part(stored_topic, '.', 3)"),
        of_children=True,
    ),
    Measure(
        "alarms",
        "notify",
        "notify.Notice.Raised; reason numbers_tried",
        _told("notify.Notice.Raised", item="''", where="body ->> 'reason' = 'numbers_tried'"),
    ),
)
FIGURES: Final = tuple(measure.figure for measure in MEASURES)


def reckon(gateway: Connection, period: Period, *, tree_of: Callable[[str], LogTree], now: datetime) -> AuditContent:
    """The report of a period, from the gateway's database as `gateway_writer` and the trees of all logs.

    Raises `Refused` where the period isn't over, where entries of it have no place in their log yet, and where the copy of a service's
    log here is not whole; `NotFound` where its log isn't signed that far.
    """
    period.require_over(now=now)
    _require_taken(gateway, period)
    logs = tuple(_audited(gateway, log, period, tree_of=tree_of) for log in (*SERVICES, *trees.LOGS))
    figures = tuple(figure for measure in MEASURES for figure in _figures(gateway, measure, period))
    return AuditContent(
        kind=KIND,
        county=COUNTY,
        from_on=period.from_on,
        until_on=period.until_on,
        withheld_under=RULES.count.withheld_under,
        logs=logs,
        figures=figures,
        lacking=LACKING,
    )


def keep(gateway: Connection, content: AuditContent, *, by: str, unit: str, at: datetime) -> UUID:
    """Keeps a report for good, as an entry of the policy's log; the same again is the one that is kept. Returns its id."""
    text = content.written()
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    report_id = uuid5(_IDS, sha256)
    gateway.execute(
        """insert into audit_report (report_id, from_on, until_on, sha256, body, made_at, made_by, made_for)
           values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (report_id) do nothing""",
        (report_id, content.from_on, content.until_on, sha256, text, at, by, unit),
    )
    return report_id


def _figures(gateway: Connection, measure: Measure, period: Period) -> list[AuditFigure]:
    found = [(str(item), int(value)) for item, value in gateway.execute(measure.statement.encode(), period.moments)]
    parts = [each for each in found if each[0]]
    if parts:
        shown = withheld(parts, under=RULES.count.withheld_under) if measure.of_children else summed(parts)
    else:
        value = found[0][1] if found else 0
        is_small = measure.of_children and 0 < value < RULES.count.withheld_under
        shown = [("", None if is_small else value)]
    return [
        AuditFigure(figure=measure.figure, item=item, value=value, log=measure.log, counted=measure.counted)
        for item, value in shown
    ]


def _audited(gateway: Connection, log: str, period: Period, *, tree_of: Callable[[str], LogTree]) -> AuditedLog:
    first, last, entries = _span(gateway, log, period)
    tree = tree_of(log)
    witnessed = seen(tree, **period.moments, within=WITHIN)
    signed = tree.first_signed(at_least=last) if last else None
    return AuditedLog(
        log=log,
        origin=tree.origin,
        first=first,
        last=last,
        entries=entries,
        size=signed.size if signed else 0,
        root=signed.root.hex() if signed else "",
        checkpoints=witnessed.checkpoints,
        witnessed=witnessed.witnessed,
        late=witnessed.late,
        longest_s=witnessed.longest_s,
    )


def _span(gateway: Connection, log: str, period: Period) -> tuple[int, int, int]:
    """Between which entries of a log those of the period are, and how many they are."""
    if log in SERVICES:
        of_log = "select position, recorded_at as at from journal where producer = %(log)s"
    elif log == "access":
        of_log = "select position, at from access_tree.entry join receipt on receipt_id = id::uuid"
    else:
        of_log = _of_policy()
    given = {**period.moments, "log": log}
    first, last, entries = gateway.execute(
        f"select coalesce(min(position), 0), coalesce(max(position), 0), count(*) from ({of_log}) told"
        " where at >= %(since)s and at < %(until)s".encode(),
        given,
    ).fetchall()[0]
    if log in SERVICES and last:
        held = gateway.execute(
            "select count(*) from journal where producer = %(log)s and position between %(first)s and %(last)s",
            {"log": log, "first": first, "last": last},
        ).fetchall()[0][0]
        if held != last - first + 1:
            raise Refused(
                f"Here are {held:,} of the {last - first + 1:,} entries of {log} in this period: wait until the gateway has read the rest."
            )
    return first, last, entries


def _of_policy(*, stand_in: str = "entry") -> str:
    """The positions and moments of what the policy's log holds; of what waits for a place where it stands in `untaken`."""
    return " union all ".join(
        _of_table(table, key, at, stand_in=stand_in)
        for schema, table, key, at in trees.RECORDED
        if schema == "policy_tree"
    )


def _of_table(table: str, key: str, at: str, *, stand_in: str) -> str:
    place = "e.position" if stand_in == "entry" else "0::bigint"
    if table == "policy_log":
        table, at = "policy_tree.release", "(convert_from(body, 'UTF8')::jsonb ->> 'released_at')::timestamptz"
        joined = f"{table} t on e.kind = 'policy_log' and t.{key}::text = e.id"
    else:
        joined = f"{table} t on e.kind = '{table}' and t.{key}::text = e.id"
    return f"select {place} as position, {at} as at from policy_tree.{stand_in} e join {joined}"


def _require_taken(gateway: Connection, period: Period) -> None:
    """Raises `Refused` where something of the period has no place in its log yet."""
    waiting = gateway.execute(
        "select count(*) from (select at from access_tree.untaken join receipt on receipt_id = id::uuid"
        f" union all select at from ({_of_policy(stand_in='untaken')}) policy) told where at < %(until)s".encode(),
        period.moments,
    ).fetchall()[0][0]
    if waiting:
        raise Refused(
            f"{waiting:,} looks or grounds of the period have no place in their log yet; the keeper of the trees takes them within ten"
            " seconds. Is it running? 尚有记录未入存证。"
        )
