"""Every rule of the engine reads in both languages, for whoever reviews what it linked."""

import re
from itertools import chain

import pytest

from services.roster.reconcile.births import BirthLevel
from services.roster.reconcile.decided import DECIDED
from services.roster.reconcile.evidence import NumberLevel
from services.roster.reconcile.identity import Likeness
from services.roster.reconcile.model import Reconciliation
from services.roster.reconcile.seats import ANYWHERE, SEAT_RULES
from services.roster.reconcile.wording import SAID_IN_CHINESE, in_words


def test_a_rule_keeps_its_name_and_says_it_in_chinese_beside() -> None:
    assert in_words("citizen number, name homophone") == "citizen number, name homophone (身份证号相同、姓名同音)"


def test_a_rule_that_says_it_itself_is_left_alone() -> None:
    rule = "name, birth, guardian, telephone of two registrations (双重户籍)"
    assert in_words(rule) == rule


@pytest.mark.parametrize(
    "rule",
    [
        *(f"name {level.name.lower()}" for level in Likeness if level is not Likeness.DIFFERENT),
        *(f"birth {level.value}" for level in (BirthLevel.SAME, BirthLevel.SWAPPED, BirthLevel.SLIP)),
        *(f"number {word}" for word in ("same", "near", "close", "cut", "older") if NumberLevel(word)),
        *(rule.name for rule in (*SEAT_RULES, ANYWHERE)),
        DECIDED,
    ],
)
def test_every_piece_that_a_rule_is_made_of_has_its_words(rule: str) -> None:
    assert set(rule.split(", ")) <= SAID_IN_CHINESE.keys()


def test_every_rule_and_every_doubt_of_the_county_reads_in_chinese(county: Reconciliation) -> None:
    """No piece of a rule is left in English within the brackets."""
    rules = {link.rule for child in county.children for link in child.links}
    said = chain(map(in_words, rules), (doubt.reason for doubt in county.doubtful))

    assert len(rules) > 10
    assert [words for words in said if not re.search(r"[（(][^A-Za-z]*[一-龥][^A-Za-z]*[)）]$", words)] == []
