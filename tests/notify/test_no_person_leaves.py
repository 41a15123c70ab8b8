"""No message that leaves the house names a person: whatever stands in the events that are heard, none of it is in a body.

Each text of each heard event is, in turn and all at once, what no message may hold: a name, a telephone number, an ID number. Where
that is no place and no unit, the notice is refused; where it is heard all the same, the bodies of every channel are searched.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.contracts.envelope import Published
from services.notify.channels.email import EmailChannel, MailServer
from services.notify.channels.webhook import cloud_event
from services.notify.domain.message import Message, compose
from services.notify.domain.notice import Notice
from services.notify.policy import HEEDS
from tests.notify.given import CASE, DAY, SCHOOL, TOWNSHIP, NoticesInMemory, opened
from tests.notify.test_channels import address_of

CANARIES = ("欧阳金丝雀", "13900112233", "410326201001011234")
KINDS = sorted(HEEDS, key=lambda kind: kind.TYPE)
TEXTS = {
    "township": TOWNSHIP,
    "school": SCHOOL,
    "village": "410326103201",
    "owner": f"school:{SCHOOL}",
    "unit": f"township:{TOWNSHIP}",
    "owed_by": f"school:{SCHOOL}",
    "up_to": "township",
    "asked_by": f"township:{TOWNSHIP}",
    "issuer": f"township:{TOWNSHIP}",
    "to": "civil_affairs",
    "by": "school",
    "kind": "interview",
    "step": "verify",
}
"""What stands in a field where its word decides whom a notice goes to; everywhere else the field's own name."""
MAIL = EmailChannel(MailServer(host="mail.example", port=465, security="tls", sender="baoxue@county.example"))


def filled(hint: Any, name: str, canaries: dict[str, str], path: str) -> Any:
    """A value of a type: texts of the table, or the canary that stands at this path."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return filled(next(one for one in arguments if one is not NoneType), name, canaries, path)
    if origin is Literal:
        return TEXTS[name] if TEXTS.get(name) in arguments else arguments[0]
    if origin is tuple:
        return (filled(arguments[0], name, canaries, path),)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return an_event(hint, canaries, f"{path}.")
    simple: dict[Any, Any] = {
        UUID: CASE if name == "case_id" else uuid5(CASE, path),
        date: DAY,
        datetime: datetime(2026, 9, 14, tzinfo=UTC),
        bool: False,
        int: 3,
        float: 0.5,
        str: canaries.get(path, TEXTS.get(name, name)),
    }
    return simple[getattr(hint, "__supertype__", hint)]


def an_event(kind: type[Any], canaries: dict[str, str], path: str = "") -> Any:
    """An event of a kind, with a canary at each of the paths given."""
    hints = get_type_hints(kind)
    fields = msgspec.structs.fields(kind)
    return kind(**{one.name: filled(hints[one.name], one.name, canaries, f"{path}{one.name}") for one in fields})


def texts_of(kind: type[Any], path: str = "") -> Iterator[str]:
    """The paths of a kind's texts."""
    hints = get_type_hints(kind)
    for one in msgspec.structs.fields(kind):
        for part in (hints[one.name], *get_args(hints[one.name])):
            if getattr(part, "__supertype__", part) is str:  # a sealed text, too
                yield f"{path}{one.name}"
            elif isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from texts_of(part, f"{path}{one.name}.")


def bodies(message: Message) -> Iterator[str]:
    """Everything that leaves the house with a message, whatever its way."""
    yield from (message.subject, message.text, message.short)
    mail = MAIL._written(message, to=address_of("email", "office@school.example"))  # as it is handed over
    yield f"{mail.as_string()} {mail['subject']} {mail.get_content()}"
    for item in message.items:
        event = cloud_event(Message(key=message.key, unit=message.unit, items=(item,)))
        yield json.dumps(json.loads(msgspec.json.encode(event)), ensure_ascii=False)


def raised_by(event: Published) -> list[Notice]:
    """The notices that an event raises; none where it is refused."""
    app = NoticesInMemory()
    app.hear(opened())
    before = len(app.stored)
    try:
        app.hear(event, version=2)
    except Refused:
        return []
    ids = [one.originator_id for one in app.stored[before:] if isinstance(one, Notice.Raised)]
    return [app.get(Notice, notice_id) for notice_id in ids]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.TYPE)
def test_every_event_that_is_heard_raises_a_notice_so_that_there_is_something_to_search(kind: type[Published]) -> None:
    event = opened() if kind.TYPE == "cases.case-opened.v1" else an_event(kind, {})
    app = NoticesInMemory()
    if kind.TYPE != "cases.case-opened.v1":
        app.hear(opened())
    before = len(app.recipients)

    app.hear(event, version=2)

    assert len(app.recipients) > before


@settings(max_examples=15)
@given(data=st.data(), canary=st.sampled_from(CANARIES))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.TYPE)
def test_no_text_of_any_event_leaves_the_house(kind: type[Published], data: st.DataObject, canary: str) -> None:
    paths = sorted(set(texts_of(kind)))
    chosen = data.draw(st.sets(st.sampled_from(paths), min_size=1)) if paths else set()

    for notice in raised_by(an_event(kind, dict.fromkeys(chosen, canary))):
        for body in bodies(compose([notice], key=notice.id, unit=notice.recipient)):
            assert canary not in body
