"""An envelope goes over a wire and comes back as it was."""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.log import decode, encode
from services.contracts.envelope import Envelope
from tests.chassis.things import NOON, ThingTold

WORDS = st.text(st.characters(codec="utf-8"))


@given(
    words=WORDS,
    actor=WORDS,
    position=st.integers(1, 2**53),
    causation=st.none() | st.uuids(),
    late=st.integers(0, 10**9),
)
def test_an_envelope_comes_back_as_it_was_sent(
    *, words: str, actor: str, position: int, causation: UUID | None, late: int
) -> None:
    envelope = Envelope(
        id=uuid4(),
        type=ThingTold.TYPE,
        producer="things",
        position=position,
        aggregate_id=uuid4(),
        version=1,
        stored_topic="things.Thing.Told",
        recorded_at=NOON + timedelta(microseconds=late),
        actor=actor,
        department="education_bureau:410326",
        purpose="dropout_control",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=causation,
        trace="",
        body=msgspec.Raw(msgspec.json.encode(ThingTold(thing_id=uuid4(), words=words))),
    )

    assert decode(encode(envelope)) == envelope


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"null", b"\xff", b'{"id": 1}', b'{"type": "\xff"}', b'{"x":' * 5000, b'{"position": 1e999}'],
    ids=range(8),
)
def test_what_is_no_envelope_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(raw)
