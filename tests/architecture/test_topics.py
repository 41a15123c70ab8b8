"""Stored topics are for ever: what a county has stored has to be found again under the name it was stored by."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from eventsourcing.utils import get_topic

from services.chassis.aggregate import RecordedAggregate
from tests.architecture.sources import SERVICES, modules

BASE = RecordedAggregate.__module__
LISTED = Path(__file__).with_name("topics.txt")


def aggregates() -> Iterator[type[RecordedAggregate]]:
    """Every aggregate of every service, and those that the chassis keeps in each of their stores."""
    for module in modules(*(f"services/{service}/domain" for service in SERVICES), "services/chassis"):
        found = importlib.import_module(module.dotted)
        for _, member in inspect.getmembers(found, inspect.isclass):
            if issubclass(member, RecordedAggregate) and member.__module__ == module.dotted != BASE:
                yield member


def events(aggregate: type[RecordedAggregate]) -> Iterator[type]:
    """The events an aggregate can record."""
    for member in vars(aggregate).values():
        if inspect.isclass(member) and issubclass(member, RecordedAggregate.Event) and member.__name__ != "Event":
            yield member


def test_every_aggregate_and_every_event_pins_a_topic_of_its_service() -> None:
    astray = [
        kind.__qualname__
        for aggregate in aggregates()
        for kind in (aggregate, *events(aggregate))
        if get_topic(kind) != f"{kind.__module__.split('.')[1]}.{kind.__qualname__}"
    ]
    assert not astray, f"write TOPIC = '<service>.<Aggregate>.<Event>' into the class itself: {astray}"


def test_an_event_is_a_past_participle_and_an_aggregate_a_noun() -> None:
    assert [kind.__qualname__ for kind in aggregates() if not re.fullmatch(r"([A-Z][a-z]+)+", kind.__name__)] == []
    assert [
        event.__qualname__
        for aggregate in aggregates()
        for event in events(aggregate)
        if not re.fullmatch(r"([A-Z][a-z]+)+", event.__name__) or event.__name__.endswith("Event")
    ] == []


def test_every_topic_that_was_ever_stored_is_still_known() -> None:
    listed = LISTED.read_text(encoding="utf-8").split()
    known = {get_topic(kind) for aggregate in aggregates() for kind in (aggregate, *events(aggregate))}

    gone = sorted(set(listed) - known)
    assert not gone, (
        f"{gone} may stand in a county's store: keep the class with its TOPIC (rename the class if you like, never the"
        " topic), or upcast by `class_version`"
    )
    new = sorted(known - set(listed))
    assert not new, f"new topics are stored for ever once deployed; add these lines to {LISTED.name}: {new}"
    assert listed == sorted(listed), f"keep {LISTED.name} sorted"
