"""Commands are carried out once, reactions with their tracking, and what fails leaves nothing behind."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import Tracking

from services.chassis.aggregate import NobodyActing
from services.chassis.application import Answer
from services.chassis.errors import NotFound, Refused, Stale
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from tests.chassis.things import ASKED, Label, Thing, Things, acted, somebody


@pytest.fixture
def other_things(open_recorder: Callable[..., Recorder], vault: Vault) -> Things:
    """The same things as another process has them."""
    return Things(recorder=open_recorder(), mapper=SealingMapper(vault=vault))


def a_thing(things: Things, **given: UUID) -> UUID:
    with acted():
        return things.begin_thing(owner_id=uuid4(), name="a thing", **given).id


def words_of(things: Things, thing_id: UUID) -> list[str]:
    return things.get(Thing, thing_id).told


class TestWhatIsAskedFor:
    def test_is_there_as_it_was_recorded(self, things: Things) -> None:
        thing_id = a_thing(things)

        assert things.get(Thing, thing_id).name == "a thing"
        assert things.find(Thing, thing_id) is not None

    def test_is_not_found_in_words_that_tell_nothing_of_it(self, things: Things) -> None:
        nowhere = uuid4()

        assert things.find(Thing, nowhere) is None
        with pytest.raises(NotFound, match="There is no thing of this id") as refusal:
            things.get(Thing, nowhere)
        assert str(nowhere) not in str(refusal.value)

    def test_is_there_among_many_that_are_read_at_once(self, things: Things) -> None:
        first, second = a_thing(things), a_thing(things)
        with acted():
            things.tell_thing(thing_id=second, words="once")

        found = things.find_all(Thing, [first, uuid4(), second, first])

        assert {id_: thing.told for id_, thing in found.items()} == {first: [], second: ["once"]}
        assert things.find_all(Label, [first]) == {}
        assert things.find_all(Thing, []) == {}

    def test_is_not_found_where_it_is_of_another_kind(self, things: Things) -> None:
        assert things.find(Label, a_thing(things)) is None


class TestACommand:
    def test_answers_with_what_it_changed_and_the_position_of_its_last_event(self, things: Things) -> None:
        with acted():
            begun = things.begin_thing(owner_id=uuid4(), name="a thing")
            told = things.tell_thing(thing_id=begun.id, words="once")

        assert (begun.position, told) == (1, Answer(begun.id, 2))
        assert things.position() == 2

    def test_of_nobody_is_not_carried_out(self, things: Things) -> None:
        with pytest.raises(NobodyActing):
            things.begin_thing(owner_id=uuid4(), name="a thing")

        assert things.position() == 0

    def test_that_is_refused_leaves_nothing(self, things: Things) -> None:
        thing_id = a_thing(things)

        with acted(), pytest.raises(Refused):
            things.tell_thing(thing_id=thing_id, words="")

        assert things.position() == 1

    def test_decided_on_what_has_changed_meanwhile_is_stale(self, things: Things) -> None:
        mine, theirs = (things.get(Thing, thing_id) for thing_id in [a_thing(things)] * 2)
        with acted():
            mine.tell("mine")
            theirs.tell("theirs")
            things.record(theirs)

            with pytest.raises(Stale, match="read it again"):
                things.record(mine)

        assert words_of(things, mine.id) == ["theirs"]

    def test_that_changes_several_things_changes_all_or_none(self, things: Things) -> None:
        stale = things.get(Thing, a_thing(things))
        with acted():
            things.tell_thing(thing_id=stale.id, words="quicker")
            stale.tell("too late")
            fresh = Thing.begin(owner_id=uuid4(), name="with it")

            with pytest.raises(Stale):
                things.record(fresh, stale)

        assert things.find(Thing, fresh.id) is None
        assert words_of(things, stale.id) == ["quicker"]


@pytest.mark.parametrize("only_records", [False, True])
class TestARequest:
    """A command under an id, as it comes over the wire; whether the store is asked first makes no difference."""

    @pytest.fixture(autouse=True)
    def way(self, only_records: bool) -> None:
        self.only_records = only_records

    def obey(self, things: Things, *, command_id: UUID, hash: bytes = b"1" * 32, name: str = "a thing") -> Answer:  # noqa: A002
        return things.obey(
            caused=somebody(command_id=command_id),
            request=replace(ASKED, hash=hash),
            do=lambda: things.begin_thing(owner_id=uuid4(), name=name),
            only_records=self.only_records,
        )

    def test_sent_again_gets_the_first_answer_and_changes_nothing(self, things: Things, other_things: Things) -> None:
        command_id = uuid4()
        first = self.obey(things, command_id=command_id)
        a_thing(things)

        assert self.obey(things, command_id=command_id) == first
        assert self.obey(other_things, command_id=command_id) == first
        assert things.position() == 2

    def test_under_a_used_id_is_refused_when_it_asks_for_something_else(self, things: Things) -> None:
        command_id = uuid4()
        self.obey(things, command_id=command_id)

        with pytest.raises(Refused, match="idempotency key"):
            self.obey(things, command_id=command_id, hash=b"2" * 32)
        assert things.position() == 1

    def test_sent_at_once_from_many_sides_is_carried_out_once(self, things: Things, other_things: Things) -> None:
        command_id = uuid4()
        together = threading.Barrier(8)

        def send(number: int) -> Answer:
            together.wait(timeout=10)
            return self.obey((things, other_things)[number % 2], command_id=command_id)

        with ThreadPoolExecutor(8) as threads:
            answers = set(threads.map(send, range(8)))

        assert len(answers) == 1
        assert things.position() == 1
        assert things.get(Thing, answers.pop().id).name == "a thing"

    def test_raced_by_another_request_under_its_id_is_refused(self, things: Things, other_things: Things) -> None:
        """The other is recorded while this one is being carried out."""
        command_id = uuid4()

        def overtaken() -> Answer:
            self.obey(other_things, command_id=command_id, hash=b"2" * 32)
            return things.begin_thing(owner_id=uuid4(), name="late")

        with pytest.raises(Refused, match="idempotency key"):
            things.obey(
                caused=somebody(command_id=command_id), request=ASKED, do=overtaken, only_records=self.only_records
            )
        assert things.position() == 1

    def test_that_was_refused_may_be_sent_again(self, things: Things) -> None:
        thing_id, command_id = a_thing(things), uuid4()

        def tell(words: str) -> Answer:
            return things.obey(
                caused=somebody(command_id=command_id),
                request=ASKED,
                do=lambda: things.tell_thing(thing_id=thing_id, words=words),
                only_records=self.only_records,
            )

        with pytest.raises(Refused, match="in words"):
            tell("")
        assert tell("after all").position == 2

    def test_that_changes_nothing_is_answered_alike_each_time(self, things: Things) -> None:
        thing_id, command_id = a_thing(things), uuid4()

        def nothing() -> Answer:
            return things.obey(
                caused=somebody(command_id=command_id),
                request=ASKED,
                do=lambda: things.record(answer=thing_id),
                only_records=self.only_records,
            )

        assert nothing() == Answer(thing_id, 1)
        a_thing(things)
        assert nothing() == Answer(thing_id, 1)

    def test_sent_again_is_not_refused_for_what_it_has_brought_about(self, things: Things) -> None:
        command_id, thing_id = uuid4(), a_thing(things)

        def tell_once() -> Answer:
            if words_of(things, thing_id):
                raise Refused("This was told before.")
            return things.tell_thing(thing_id=thing_id, words="once")

        def send() -> Answer:
            return things.obey(
                caused=somebody(command_id=command_id), request=ASKED, do=tell_once, only_records=self.only_records
            )

        assert send() == send()
        assert words_of(things, thing_id) == ["once"]

    def test_leaves_nobody_acting_behind(self, things: Things) -> None:
        self.obey(things, command_id=uuid4())

        with pytest.raises(NobodyActing):
            things.begin_thing(owner_id=uuid4(), name="a thing")


class TestWhatIsDoneTogether:
    def test_is_stored_in_one_transaction_each_seeing_what_came_before(self, things: Things) -> None:
        known, fresh = a_thing(things), uuid4()
        with acted(), things.together(reading=[known, uuid4()]):
            things.tell_thing(thing_id=known, words="one")
            things.begin_thing(owner_id=uuid4(), name="fresh", thing_id=fresh)
            things.tell_thing(thing_id=fresh, words="two")
            things.tell_thing(thing_id=known, words="three")
            assert things.position() == 1

        assert things.position() == 5
        assert (words_of(things, known), words_of(things, fresh)) == (["one", "three"], ["two"])

    def test_leaves_nothing_where_one_of_it_fails(self, things: Things) -> None:
        known = a_thing(things)

        def tell_both() -> None:
            with acted(), things.together():
                things.tell_thing(thing_id=known, words="one")
                things.tell_thing(thing_id=uuid4(), words="of nothing")

        with pytest.raises(NotFound):
            tell_both()

        assert (things.position(), words_of(things, known)) == (1, [])

    def test_is_stale_as_a_whole_where_somebody_was_quicker(self, things: Things, other_things: Things) -> None:
        ids = [a_thing(things) for _ in range(2)]

        def tell_too_late() -> None:
            with acted(), things.together(reading=ids):
                for thing_id in ids:
                    things.tell_thing(thing_id=thing_id, words="late")
                self.told_elsewhere(other_things, ids[1])

        with pytest.raises(Stale):
            tell_too_late()

        assert [words_of(things, thing_id) for thing_id in ids] == [[], ["quicker"]]

    def test_may_be_nothing_at_all(self, things: Things) -> None:
        with things.together():
            pass

        assert things.position() == 0

    def told_elsewhere(self, other_things: Things, thing_id: UUID) -> None:
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(self.tell, other_things, thing_id).result()

    def tell(self, things: Things, thing_id: UUID) -> None:
        with acted():
            things.tell_thing(thing_id=thing_id, words="quicker")


class TestAHeardMessage:
    def hear(self, things: Things, react: Callable[[], object], *, position: int = 1) -> bool:
        def policy() -> None:
            react()

        return things.hear(caused=somebody(), tracking=Tracking("others/0", position), react=policy)

    def heard(self, things: Things) -> int | None:
        return things.recorder_of_commands.max_tracking_id("others/0")

    def test_has_its_effect_and_is_tracked(self, things: Things) -> None:
        assert self.hear(things, lambda: things.begin_thing(owner_id=uuid4(), name="heard"))

        assert (things.position(), self.heard(things)) == (1, 1)

    def test_told_again_has_no_second_effect(self, things: Things, other_things: Things) -> None:
        for process in (things, other_things, things):
            begin = partial(process.begin_thing, owner_id=uuid4(), name="heard")
            assert self.hear(process, begin)

        assert (things.position(), self.heard(things)) == (1, 1)

    def test_that_comes_after_a_later_one_was_tracked_has_no_effect(self, things: Things) -> None:
        things.track(Tracking("others/0", 7))

        self.hear(things, lambda: things.begin_thing(owner_id=uuid4(), name="heard"), position=5)

        assert (things.position(), self.heard(things)) == (0, 7)

    def test_that_causes_nothing_is_left_to_be_tracked(self, things: Things) -> None:
        assert not self.hear(things, lambda: None)
        assert self.heard(things) is None

        things.track(Tracking("others/0", 1))
        things.track(Tracking("others/0", 1))

        assert self.heard(things) == 1

    def test_changes_several_things_in_one_transaction(self, things: Things) -> None:
        ids = [a_thing(things) for _ in range(3)]

        def react() -> None:
            for thing_id in ids:
                things.tell_thing(thing_id=thing_id, words="heard")
                things.tell_thing(thing_id=thing_id, words="and heard")

        self.hear(things, react)

        assert [words_of(things, thing_id) for thing_id in ids] == [["heard", "and heard"]] * 3
        assert (things.position(), self.heard(things)) == (9, 1)

    def test_sees_what_it_has_already_caused(self, things: Things) -> None:
        thing_id = uuid4()

        def react() -> None:
            things.begin_thing(owner_id=uuid4(), name="heard", thing_id=thing_id)
            things.tell_thing(thing_id=thing_id, words="seen")
            assert things.get(Thing, thing_id).told == ["seen"]
            assert things.find(Label, thing_id) is None

        self.hear(things, react)

        assert words_of(things, thing_id) == ["seen"]

    def test_that_fails_half_way_leaves_nothing_and_can_be_heard_again(self, things: Things) -> None:
        thing_id = a_thing(things)

        def crash() -> None:
            things.tell_thing(thing_id=thing_id, words="half")
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.hear(things, crash)
        assert (things.position(), self.heard(things)) == (1, None)

        self.hear(things, lambda: things.tell_thing(thing_id=thing_id, words="whole"))
        assert words_of(things, thing_id) == ["whole"]

    def test_that_meets_somebody_quicker_is_stale_as_a_whole(self, things: Things, other_things: Things) -> None:
        thing_id = a_thing(things)

        def react() -> None:
            things.begin_thing(owner_id=uuid4(), name="with it")
            things.tell_thing(thing_id=thing_id, words="slow")
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(overtake).result()

        def overtake() -> None:
            with acted():
                other_things.tell_thing(thing_id=thing_id, words="quick")

        with pytest.raises(Stale):
            self.hear(things, react)
        assert (things.position(), self.heard(things)) == (2, None)
        assert words_of(things, thing_id) == ["quick"]

    def test_is_caused_by_the_policy_that_heard_it(self, things: Things) -> None:
        caused = replace(somebody(), actor="policy:things", causation_id=uuid4())

        def policy() -> None:
            things.begin_thing(owner_id=uuid4(), name="heard")

        things.hear(caused=caused, tracking=Tracking("others/0", 1), react=policy)

        (notification,) = things.recorder_of_commands.follow(0, 10)
        assert notification.event.caused == caused


def test_a_retry_that_meets_its_own_first_try_gets_the_first_answer(things: Things) -> None:
    """The first try was on its way; when it was carried out, the retry was refused for what it had done."""
    caused = somebody()
    answers: list[Answer] = []

    def first() -> Answer:
        return things.begin_thing(owner_id=uuid4(), name="a thing")

    def meanwhile() -> Answer:
        answers.append(things.obey(caused=caused, request=ASKED, do=first))
        raise Refused("There is such a thing already.")

    again = things.obey(caused=caused, request=ASKED, do=meanwhile)

    assert [again] == answers
