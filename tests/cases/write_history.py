"""Writes a history file from the lives told in tests, for review: run once when an event or a version is new.

    python -m tests.cases.write_history NAME

A file once written is never written again: it stands for what a county has stored, and has to load for ever. Personal
fields hold a token's place only.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
from eventsourcing.utils import get_topic

from services.chassis.aggregate import RecordedAggregate
from tests.cases.lives import (
    a_child_searched_for,
    a_disclosure_withdrawn_and_one_discarded,
    a_long_way_back,
    a_lost_child_deferred,
    a_paper_that_was_ignored,
    a_report_followed_up,
    a_report_to_the_county,
    an_answer_that_came_late,
    around_a_case,
)

LIVES = {
    "long-way-back": a_long_way_back,
    "lost-child-deferred": a_lost_child_deferred,
    "around-a-case": around_a_case,
    "a-report-to-the-county": a_report_to_the_county,
    "a-paper-that-was-ignored": a_paper_that_was_ignored,
    "a-report-followed-up": a_report_followed_up,
    "an-answer-that-came-late": an_answer_that_came_late,
    "a-child-searched-for": a_child_searched_for,
    "a-disclosure-withdrawn-and-one-discarded": a_disclosure_withdrawn_and_one_discarded,
}
BESIDE = {"originator_id", "originator_version", "timestamp", "caused"}


def version_of(event: object) -> dict[str, int]:
    """What says in a state which version of its event it is, from the second one on."""
    version = getattr(event, "class_version", 1)
    return {"v": version} if version > 1 else {}


def stored(aggregate: RecordedAggregate) -> list[dict[str, Any]]:
    """An aggregate's events as a store keeps them."""
    return [
        {
            "topic": get_topic(type(event)),
            "originator_id": event.originator_id,
            "version": event.originator_version,
            "recorded_at": event.timestamp,
            "state": {name: value for name, value in vars(event).items() if name not in BESIDE} | version_of(event),
        }
        for event in aggregate.pending_events
    ]


if __name__ == "__main__":
    path = Path(__file__).parent / "histories" / f"{sys.argv[1]}.json"
    with path.open("xb") as file:
        history = [event for aggregate in LIVES[sys.argv[1]]() for event in stored(aggregate)]
        file.write(msgspec.json.format(msgspec.json.encode(history)) + b"\n")
