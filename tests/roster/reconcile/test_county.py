"""The invented county, scored against its truth: the floors that must hold, and what holds for every child."""

import random
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from services.roster.reconcile.engine import reconcile
from services.roster.reconcile.model import AccountedState, FindingKind, Reconciliation, Row
from services.roster.reconcile.reading import Reading
from services.roster.reconcile.run import reconcile_directory
from tests.roster.reconcile.scoring import Key, persons_of, read_findings, read_links, score_findings, score_links

TRUTH = Path(__file__).parents[2] / "data" / "county" / "truth"
AS_OF = date(2026, 9, 14)

OF_FURTHER_REGISTERS = {FindingKind.NOT_REPORTED, FindingKind.FIELD_OUT_OF_SCHOOL}
"""Kinds that the six registers of the county can tell nothing of."""


def _labels(result: Reconciliation) -> dict[Key, str]:
    return {(ref.register.value, str(ref.row)): child.label for child in result.children for ref in child.rows}


def test_the_links_of_the_county_are_right(county: Reconciliation) -> None:
    true, found = read_links(TRUTH, whose="person"), _labels(county)

    assert set(true) == set(found)
    assert score_links(true, found).f1 >= 0.9995


@pytest.mark.parametrize("kind", sorted(set(FindingKind) - OF_FURTHER_REGISTERS))
def test_the_findings_of_the_county_are_right(county: Reconciliation, kind: FindingKind) -> None:
    persons = persons_of(read_links(TRUTH, whose="person"), _labels(county))
    want = read_findings(TRUTH, whose="person")[kind.value]

    have = {finding.label for finding in county.findings if finding.kind is kind}

    assert want, "the county holds an example of every kind"
    assert score_findings(want, have, persons=persons).f1 >= 0.99


def test_every_row_of_the_county_is_read(county_reading: Reading) -> None:
    assert all("rounded" in reject.reason for reject in county_reading.rejects), "and costs no row"
    assert len(county_reading.rejects) == 3
    assert county_reading.passed_over == 0
    assert {register.value: n for register, n in county_reading.counted.items()} == {
        "hukou": 5864,
        "enrolment": 5304,
        "in_school": 4952,
        "poverty": 686,
        "disability": 81,
        "suspects": 46,
    }


def test_every_row_belongs_to_exactly_one_child(county: Reconciliation, county_rows: list[Row]) -> None:
    counted = Counter(ref for child in county.children for ref in child.rows)
    assert set(counted) == {row.ref for row in county_rows}
    assert set(counted.values()) == {1}


def test_the_order_of_rows_changes_nothing(county: Reconciliation, county_rows: list[Row]) -> None:
    shuffled = county_rows[:]
    random.Random(7).shuffle(shuffled)  # noqa: S311

    again = reconcile(shuffled, as_of=AS_OF)

    assert again.children == county.children
    assert again.findings == county.findings
    assert again.doubtful == county.doubtful


def test_every_link_explains_itself_and_holds_the_child_together(county: Reconciliation) -> None:
    for child in county.children:
        assert len(child.links) == len(child.rows) - 1
        assert all(link.rule and 0 < link.score <= 1 and {link.a, link.b} <= set(child.rows) for link in child.links)


def test_every_finding_names_rows_of_its_child_and_an_owner(county: Reconciliation) -> None:
    rows = {child.label: set(child.rows) for child in county.children}
    for finding in county.findings:
        assert finding.reason
        assert finding.owner
        assert finding.evidence
        assert set(finding.evidence) <= rows[finding.label]


def test_the_accounted_states_agree_with_the_findings(county: Reconciliation) -> None:
    kinds: dict[str, set[FindingKind]] = defaultdict(set)
    for finding in county.findings:
        kinds[finding.label].add(finding.kind)
    for child in county.children:
        found = kinds[child.label]
        if child.state in {AccountedState.PLACED, AccountedState.ELSEWHERE, AccountedState.GONE}:
            assert FindingKind.NOT_IN_SEAT not in found
        if FindingKind.NOT_IN_SEAT in found or FindingKind.NOT_ENROLLED in found:
            assert child.state is AccountedState.SUSPECT


def test_reasons_and_doubts_hold_no_personal_data(county: Reconciliation) -> None:
    names = {child.facts.name for child in county.children if len(child.facts.name) > 2}
    texts = {finding.reason for finding in county.findings} | {doubt.reason for doubt in county.doubtful}
    assert not any(name in text for text in texts for name in names)
    assert not any(re.search(r"\d{5}", text) for text in texts)


def test_a_folder_is_reconciled_into_files_that_explain_themselves(tmp_path: Path) -> None:
    steps = []

    reconcile_directory(
        TRUTH.parent / "registers", as_of=AS_OF, out=tmp_path / "out", progress=lambda *step: steps.append(step)
    )

    heads = {path.name: path.read_text(encoding="utf-8").split("\n", 1)[0] for path in (tmp_path / "out").iterdir()}
    assert heads["links.csv"] == "register,row,child"
    assert heads["findings.csv"].startswith("child,kind")
    assert heads["rejects.csv"].startswith("register,row,column,reason")
    assert heads["reasons.csv"] == "child,register,row,other_register,other_row,rule,score"
    assert heads["doubts.csv"].startswith("child,register,row,file,sheet,line,other_child,other_register")
    assert steps
    assert all(0 <= done <= total for _, done, total in steps)
