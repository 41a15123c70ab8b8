"""A case's timeline is told in the words of offices: whatever can happen is a sentence without a code of the program."""

import random
import re
from typing import get_args

from gateway.readmodel.timeline import TimelineEvent, in_words
from gateway.words import WORDS
from tests.gateway.readmodel.telling import stories

CODES = {code for codes in WORDS.values() for code in codes if re.fullmatch(r"[a-z_]{4,}", code)}


def test_whatever_happens_in_a_case_is_told_without_a_code() -> None:
    told = {
        type(event): in_words(event)
        for story in stories(children=300, chance=random.Random(7))  # noqa: S311  # an invented county
        for event in story.events
        if isinstance(event, TimelineEvent)
    }

    assert told.keys() == set(get_args(TimelineEvent)), "everything that can happen has happened"
    with_codes = {line for line in told.values() if CODES & set(re.findall(r"[a-z_]+", line))}
    assert with_codes == set()
