"""A delivery is previewed, accepted by somebody who may, and over once; its content is who it is."""

from collections.abc import Callable

import pytest

from services.chassis.errors import Forbidden, Refused
from services.roster.domain.column_mapping import ColumnMapping
from services.roster.domain.delivery import Delivery
from tests.roster.given import BUREAU, MONDAY, SCHOOL, acting_on, days, happened

UNIT = f"school:{SCHOOL}"
FIELDS = {"name", "grade", "id_number"}


def a_delivery(*, unit: str = UNIT) -> Delivery:
    with acting_on(unit=unit):
        return Delivery.hand_in(unit=unit, sha256=("bb", "aa"), attempt=1, today=MONDAY)


def previewed(delivery: Delivery) -> Delivery:
    with acting_on():
        delivery.preview(
            rows=3,
            rejected=1,
            children_new=2,
            children_changed=1,
            children_missed=0,
            findings_raised=4,
            findings_resolved=0,
            doubts=1,
        )
    return delivery


def accepted(delivery: Delivery) -> Delivery:
    previewed(delivery)
    with acting_on():
        delivery.accept(by=UNIT)
    return delivery


def committed(delivery: Delivery) -> Delivery:
    accepted(delivery)
    with acting_on():
        delivery.commit(batches=(), today=MONDAY)
    return delivery


class TestHandingIn:
    def test_the_same_content_in_another_order_is_the_same_delivery(self) -> None:
        assert a_delivery().id == Delivery.id_of(part=UNIT, sha256=("aa", "bb"))

    def test_a_school_speaks_for_itself_and_an_office_for_the_county(self) -> None:
        assert a_delivery().part == UNIT
        assert a_delivery(unit="civil_affairs:410326").part == ""

    def test_is_forbidden_to_units_that_hand_in_no_registers(self) -> None:
        with pytest.raises(Forbidden):
            a_delivery(unit="village:410326103005")

    def test_of_another_offices_register_is_refused(self) -> None:
        with pytest.raises(Refused, match="hukou"):
            a_delivery().check_registers(["in_school", "hukou"])

    def test_of_any_register_is_the_bureaus_to_do(self) -> None:
        a_delivery(unit=BUREAU).check_registers(["hukou", "enrolment", "field_check"])


class TestAccepting:
    def test_comes_after_the_preview(self) -> None:
        with acting_on(), pytest.raises(Refused, match="预览"):
            a_delivery().accept(by=UNIT)

    def test_twice_is_once(self) -> None:
        delivery = accepted(a_delivery())

        with acting_on():
            delivery.accept(by=BUREAU)

        assert happened(delivery) == ["Previewed", "Accepted"]

    def test_is_forbidden_to_another_unit(self) -> None:
        with acting_on(), pytest.raises(Forbidden):
            previewed(a_delivery()).accept(by="school:3141000399")

    def test_is_remembered_with_who_did_it(self) -> None:
        delivery = accepted(a_delivery())

        assert delivery.accepted_by is not None
        assert delivery.accepted_by.actor == "officer-1"

    def test_what_is_over_is_refused(self) -> None:
        with acting_on(), pytest.raises(Refused, match="办结"):
            committed(a_delivery()).accept(by=UNIT)


class TestCancelling:
    @pytest.mark.parametrize("so_far", [lambda delivery: delivery, previewed, accepted])
    def test_is_possible_until_it_is_over(self, so_far: Callable[[Delivery], Delivery]) -> None:
        delivery = so_far(a_delivery())

        with acting_on():
            delivery.cancel(reason="送错了", by=UNIT, today=MONDAY)

        assert delivery.state == "cancelled"

    def test_is_refused_once_it_is_over_and_without_a_reason(self) -> None:
        with acting_on():
            with pytest.raises(Refused, match="办结"):
                committed(a_delivery()).cancel(reason="送错了", by=UNIT, today=MONDAY)
            with pytest.raises(Refused):
                a_delivery().cancel(reason=" ", by=UNIT, today=MONDAY)

    def test_is_not_quoting_a_persons_number(self) -> None:
        with acting_on(), pytest.raises(Refused):
            a_delivery().cancel(reason="41032620150607059X 写错", by=UNIT, today=MONDAY)


class TestTime:
    def test_withdraws_a_preview_and_nothing_else(self) -> None:
        waiting, wanted = previewed(a_delivery()), accepted(a_delivery())

        with acting_on(MONDAY + days(31)):
            for delivery in (waiting, wanted):
                delivery.lapse(reason="逾期", today=MONDAY + days(31))

        assert (waiting.state, wanted.state) == ("cancelled", "accepted")


class TestAMapping:
    def save(self, columns: dict[str, str], *, register: str = "in_school", unit: str = UNIT) -> ColumnMapping:
        with acting_on():
            return ColumnMapping.save(register=register, unit=unit, columns=columns, fields=FIELDS, by=unit)

    def test_of_the_same_columns_again_is_nothing_new(self) -> None:
        mapping = self.save({"娃娃": "name", "几年级": "grade"})

        with acting_on():
            mapping.replace({"几年级": "grade", "娃娃": "name"}, fields=FIELDS, by=UNIT)
            mapping.replace({"娃娃": "name"}, fields=FIELDS, by=UNIT)

        assert happened(mapping) == ["Replaced"]

    def test_is_deleted_once_and_may_be_saved_again(self) -> None:
        mapping = self.save({"娃娃": "name"})

        with acting_on():
            mapping.delete(by=UNIT)
            with pytest.raises(Refused, match="nothing to delete"):
                mapping.delete(by=UNIT)
            assert mapping.columns == {}
            mapping.replace({"娃娃": "name"}, fields=FIELDS, by=UNIT)
            with pytest.raises(Forbidden):
                mapping.delete(by="school:3141000399")

        assert happened(mapping) == ["Deleted", "SavedAgain"]
        assert mapping.columns == {"娃娃": "name"}

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"娃娃": "name", "学生": "name"}, "one field: name"),
            ({"娃娃": "name", "工资": "salary"}, "no field salary"),
            ({"几年级": "grade"}, "who a row is of"),
            ({}, "1 to"),
            ({" ": "name"}, "has a name"),
            ({"41032620150607059X": "name"}, "no long number"),
        ],
    )
    def test_is_refused_where_it_leads_nowhere_or_twice_to_one_field(self, columns: dict[str, str], words: str) -> None:
        with pytest.raises(Refused, match=words):
            self.save(columns)

    def test_of_a_register_that_is_not_the_units_is_refused(self) -> None:
        with pytest.raises(Refused):
            self.save({"姓名": "name"}, register="hukou")

    def test_is_forbidden_to_another_unit_but_not_to_the_bureau(self) -> None:
        mapping = self.save({"娃娃": "name"})

        with acting_on():
            mapping.replace({"学娃": "name"}, fields=FIELDS, by=BUREAU)
            with pytest.raises(Forbidden):
                mapping.replace({"娃": "name"}, fields=FIELDS, by="school:3141000399")

        assert mapping.columns == {"学娃": "name"}
