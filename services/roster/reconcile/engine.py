"""The engine's one entry: rows in, children and findings out. Read it top to bottom, then the module of each step."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from services.roster.reconcile.accounting import account
from services.roster.reconcile.decided import Pairs, lay_down, undecided
from services.roster.reconcile.facts import best_facts, by_register, usual_places
from services.roster.reconcile.findings import find, situate
from services.roster.reconcile.groups import Groups
from services.roster.reconcile.linking import count_names, link_exact, link_persons
from services.roster.reconcile.model import Finding, LinkedChild, Reconciliation, Register, Row
from services.roster.reconcile.records import Record, read_records
from services.roster.reconcile.registrations import join_registrations
from services.roster.reconcile.seats import seat_classes
from services.roster.reconcile.suspects import seat_suspects

Progress = Callable[[str, int, int], None]
REPORT_EVERY = 5_000


def _silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def reconcile(
    rows: Iterable[Row], *, as_of: date, progress: Progress | None = None, same: Pairs = (), apart: Pairs = ()
) -> Reconciliation:
    """Link rows to children and derive findings and the accounted state of each child on a date: see `reconcile_records`."""
    return reconcile_records(read_records(rows), as_of=as_of, progress=progress, same=same, apart=apart)


def reconcile_records(
    records: Sequence[Record], *, as_of: date, progress: Progress | None = None, same: Pairs = (), apart: Pairs = ()
) -> Reconciliation:
    """The same for rows that were read already, in the order of their addresses (`read_records`).

    `same` and `apart` are what persons decided: rows of one child, and rows of two. Every step keeps to them, also for the rows
    that join these; a decided pair is no doubt again, unless decisions contradict each other: then the two stay apart and doubtful.

    The result depends on the rows, the date and the decisions only, not on the order of any. Labels (`C000001` …) follow the address of
    each child's first row, so the same rows give the same labels. `progress(step, done, total)` is called now and then.
    """
    tell = progress or _silent
    tell("read", len(records), len(records))
    groups = Groups(records)
    contradicted = lay_down(groups, same=same, apart=apart)
    unlike = link_exact(groups)
    doubts = join_registrations(groups)
    tell("exact keys", 1, 1)
    rarity = count_names(groups)
    doubts += link_persons(groups, unlike=unlike, rarity=rarity, step=lambda done, total: tell("weigh", done, total))
    doubts += seat_classes(groups, Register.IN_SCHOOL) + seat_classes(groups, Register.CHECK_IN)
    tell("class lists", 1, 1)
    doubts += seat_suspects(groups)
    tell("suspects", 1, 1)
    children: list[LinkedChild] = []
    findings: list[Finding] = []
    places = usual_places(records)
    roots = list(groups.roots())
    for done, root in enumerate(roots, start=1):
        label = f"C{done:06d}"
        members = groups.rows(root)
        held = by_register(members)
        facts = best_facts(held, places=places)
        situation = situate(members, held, facts=facts, as_of=as_of)
        state, reason = account(situation)
        children.append(
            LinkedChild(
                label=label,
                rows=tuple(r.ref for r in members),
                facts=facts,
                state=state,
                state_reason=reason,
                in_window=situation.in_window,
                links=groups.links(root),
            )
        )
        findings.extend(find(situation, label=label))
        if done % REPORT_EVERY == 0 or done == len(roots):
            tell("findings", done, len(roots))
    return Reconciliation(
        as_of=as_of,
        children=children,
        findings=findings,
        doubtful=sorted([*contradicted, *undecided(groups, doubts)], key=lambda d: (d.a, d.b)),
    )
