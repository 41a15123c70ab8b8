"""What one producer tells, read by several readers of a process: each hears all of it, and it is put into words once."""

from uuid import UUID

import pytest

from services.chassis.publication import Publication
from services.contracts.envelope import Published
from tests.chassis.things import Thing, Things, acted, publish

OWNER = UUID("0b0c7a86-51f1-4f0e-8a2d-6a3a0f0a7e77")


@pytest.fixture
def told(things: Things) -> list[str]:
    """Thirty things that were begun."""
    with acted():
        for number in range(30):
            things.record(Thing.begin(thing_id=UUID(int=number + 1), owner_id=OWNER, name=""))
    return [str(UUID(int=number + 1)) for number in range(30)]


def follow(publication: Publication, *, limit: int) -> list[str]:
    """Everything, as a reader hears it that takes so many at once."""
    heard: list[str] = []
    after = 0
    while envelopes := publication.read(after=after, limit=limit):
        assert [envelope.position for envelope in envelopes] == list(range(after + 1, after + len(envelopes) + 1))
        heard += [str(envelope.aggregate_id) for envelope in envelopes]
        after = envelopes[-1].position
    return heard


def test_each_of_several_readers_hears_everything_once_however_much_it_takes(things: Things, told: list[str]) -> None:
    publication = Publication(producer="things", application=things, publish=publish)

    assert [follow(publication, limit=limit) for limit in (7, 1, 100, 10)] == [told] * 4


def test_what_one_reader_has_put_into_words_the_next_is_given(things: Things, told: list[str]) -> None:
    words: list[object] = []

    def put_into_words(event: object) -> Published | None:
        words.append(event)
        return publish(event)

    publication = Publication(producer="things", application=things, publish=put_into_words)
    follow(publication, limit=10)
    follow(publication, limit=3)

    assert len(words) == len(told)


def test_what_is_no_longer_at_hand_is_read_again_and_pushes_nothing_out(things: Things, told: list[str]) -> None:
    words: list[object] = []

    def put_into_words(event: object) -> Published | None:
        words.append(event)
        return publish(event)

    publication = Publication(producer="things", application=things, publish=put_into_words, shared_max=10)

    assert follow(publication, limit=7) == told
    assert follow(publication, limit=4) == told
    assert len(words) == 2 * len(told) - 10


def test_the_head_is_the_last_position(things: Things, told: list[str]) -> None:
    publication = Publication(producer="things", application=things, publish=publish)

    assert publication.head() == things.position() == len(told)
