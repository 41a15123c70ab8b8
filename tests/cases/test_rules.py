"""The clocks as data: what holds on a day, and what a rule file may not say."""

from dataclasses import asdict
from datetime import date
from typing import get_args

import pytest

from services.cases.domain.rules import RULES, TRIGGERS, Rules, Unit, owed
from tests.cases.given import MONDAY, days

SHIPPED = [asdict(rule) for rule in RULES.rules]


def test_every_trigger_has_a_rule_on_every_day_for_every_child() -> None:
    for trigger in TRIGGERS:
        for pupil in (True, False):
            for on in (date(2000, 1, 1), MONDAY, date(2090, 1, 1)):
                assert RULES.get(trigger, stage="junior", pupil=pupil, on=on).trigger == trigger


def test_every_rule_names_its_legal_basis_and_its_source() -> None:
    assert all(rule.legal_basis and rule.source for rule in RULES.rules)


def line_above(unit: Unit) -> list[Unit]:
    """Who gets what a unit lets run out, one after the other, until nobody new is above."""
    line = [unit]
    while (above := RULES.get(f"{line[-1]}_late", stage="primary", pupil=True, on=MONDAY).by) not in line:
        line.append(above)
    return line


def test_all_ways_of_handing_up_end_at_the_county_which_owes_again_what_it_let_run_out() -> None:
    assert {line_above(unit)[-1] for unit in get_args(Unit)} == {"county"}
    assert RULES.get("county_late", stage="junior", pupil=True, on=MONDAY).by == "county"


def test_teacher_school_township_bureau_county_is_the_order_of_handing_up() -> None:
    assert line_above("teacher") == ["teacher", "school", "township", "bureau", "county"]


def test_a_child_with_a_school_is_verified_by_its_teacher_and_one_without_by_its_township_within_a_week() -> None:
    of_pupil = owed(RULES.get("opened", stage="junior", pupil=True, on=MONDAY), counted_from=MONDAY)
    of_unenrolled = owed(RULES.get("opened", stage="junior", pupil=False, on=MONDAY), counted_from=MONDAY)

    assert (of_pupil.by, of_unenrolled.by) == ("teacher", "township")
    assert of_pupil.due_on == of_unenrolled.due_on == MONDAY + days(7)


def superseded(*, trigger: str = "reported", on: date, term: int) -> list[dict[str, object]]:
    """The shipped rules with one clock changed from a day on."""
    old = next(rule for rule in SHIPPED if rule["trigger"] == trigger)
    rest = [rule for rule in SHIPPED if rule is not old]
    new = old | {"id": "new", "from_on": on, "term": term}
    return [*rest, old | {"until_on": on}, new]


def test_a_new_term_holds_from_its_day_on_and_the_old_one_until_the_day_before() -> None:
    rules = Rules.of(superseded(on=MONDAY, term=99))

    assert rules.get("reported", stage="", pupil=True, on=MONDAY - days(1)).term == 7
    assert rules.get("reported", stage="", pupil=True, on=MONDAY).term == 99


def test_a_rule_for_a_stage_wins_over_the_rule_for_any_stage() -> None:
    any_stage = next(rule for rule in SHIPPED if rule["trigger"] == "reported")
    rules = Rules.of([*SHIPPED, any_stage | {"id": "junior", "stage": "junior", "term": 2}])

    assert rules.get("reported", stage="junior", pupil=True, on=MONDAY).term == 2
    assert rules.get("reported", stage="primary", pupil=True, on=MONDAY).term == 7


def test_two_rules_for_the_same_child_on_the_same_day_are_an_error_that_names_both() -> None:
    with pytest.raises(ValueError, match=r"N2\.5-order and other"):
        Rules.of([*SHIPPED, next(rule for rule in SHIPPED if rule["trigger"] == "reported") | {"id": "other"}])


def test_a_trigger_without_a_rule_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="no rule at all for reported"):
        Rules.of([rule for rule in SHIPPED if rule["trigger"] != "reported"])


def test_a_rule_with_no_such_trigger_or_no_term_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="rule odd"):
        Rules.of([*SHIPPED, SHIPPED[0] | {"id": "odd", "trigger": "full_moon"}])
    with pytest.raises(ValueError, match="rule odd"):
        Rules.of([*SHIPPED, SHIPPED[0] | {"id": "odd", "term": 0}])
