"""The registers in force are compared again whenever somebody asks, as of any day; nothing new leaves no event."""

from pathlib import Path
from uuid import UUID

import pytest

from services.chassis.clock import china_date
from services.roster.counting import COUNTS, by_village
from services.roster.domain.child import Child
from services.roster.domain.four_checks import FourChecks
from services.roster.reconcile.model import FindingKind, Register
from tests.roster.comparing import children_of, compare, load, told_since
from tests.roster.conftest import AS_OF, Office
from tests.roster.given import BUREAU, SCHOOL
from tests.roster.test_deliveries_api import CHILD, HUKOU, Counter, a_list, counter

__all__ = ["counter"]  # the fixture is used by its name

COUNTY = f"{HUKOU}\n{CHILD}\n2,燕小乙,男,,2016-03-04,燕青,小店镇,小店村,正常\n"


@pytest.fixture
def compared(counter: Counter) -> Counter:  # pytest hands fixtures over by name
    """A desk at which a household register was taken in and compared."""
    counter.commit(counter.taken({"hukou.csv": COUNTY.encode()}))
    return counter


def ask(desk: Counter, *, as_of: str | None = None) -> UUID:
    answer = desk.command("compare-registers", **({"as_of": as_of} if as_of else {}))
    assert answer.status_code == 200, answer.text
    return UUID(answer.json()["id"])


def seen(desk: Counter, comparison_id: UUID, *, unit: str = BUREAU) -> dict[str, object]:
    answer = desk.api.get(f"/comparisons/{comparison_id}", headers=desk.headers(unit))
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


class TestComparingAgain:
    def test_without_new_data_emits_no_event_and_says_that_it_was_made(self, compared: Counter) -> None:
        head = compared.office.roster.position()
        comparison_id = ask(compared)
        assert seen(compared, comparison_id)["made"] is False
        compared.worker.compare()

        assert seen(compared, comparison_id) | {"since": ""} == {
            "id": str(comparison_id),
            "as_of": str(china_date(compared.clock.now())),
            "step": "made",
            "done": 1,
            "total": 1,
            "since": "",
            "made": True,
        }
        assert compared.office.roster.position() == head

    def test_may_be_asked_for_again_and_again(self, compared: Counter) -> None:
        head = compared.office.roster.position()
        for _ in range(3):
            comparison_id = ask(compared)
            assert ask(compared) == comparison_id, "what waits is made once"
            compared.worker.compare()
        assert compared.office.roster.position() == head

    def test_as_of_an_earlier_day_is_counted_and_states_nothing_of_children(self, compared: Counter) -> None:
        head = compared.office.roster.position()
        ask(compared, as_of="2026-06-30")
        compared.worker.compare()
        ask(compared, as_of="2026-06-30")
        compared.worker.compare()

        topics = [topic for topic, _ in told_since(compared.office, head)]
        assert topics == ["roster.FourChecks.Begun", "roster.FourChecks.Counted"]

    def test_as_of_a_day_to_come_is_refused_in_words(self, compared: Counter) -> None:
        answer = compared.command("compare-registers", as_of="2030-01-01")

        assert answer.is_client_error
        assert "as of today" in answer.text

    def test_is_seen_by_who_asked_for_it_and_by_nobody_else(self, compared: Counter) -> None:
        comparison_id = ask(compared)
        answer = compared.api.get(f"/comparisons/{comparison_id}", headers=compared.headers(f"school:{SCHOOL}"))

        assert answer.status_code == 404

    def test_goes_on_after_a_restart(self, compared: Counter) -> None:
        """What waits stands in the database, so another worker makes it."""
        comparison_id = ask(compared)
        another = compared.hired(compared.office.lookup)
        another.compare()

        assert seen(compared, comparison_id)["made"] is True


POVERTY = "姓名,性别,出生日期,户类型"


class TestWhyRowsAreOneChild:
    """Which rows, which rule, what score: of a child whom two registers name without a number."""

    SAME_NAME = tuple(f"{house},燕小乙,男,,201{house}-01-11,赵某,付店镇,付店村,正常" for house in range(3, 6))

    @pytest.fixture
    def linked(self, compared: Counter) -> Counter:
        poor = a_list("燕小乙,男,2016-03-04,脱贫户", header=POVERTY)
        compared.commit(compared.taken({"poverty.csv": poor}))
        return compared

    @staticmethod
    def child_of(desk: Counter) -> Child:
        (child,) = [
            child
            for child in children_of(desk.office).values()
            if (child.identity.name, child.identity.guardian_name) == ("燕小乙", "燕青")
        ]
        return child

    def test_is_kept_pair_by_pair(self, linked: Counter) -> None:
        child = self.child_of(linked)
        (link,) = child.links

        assert {link.one.register, link.other.register} == {"hukou", "poverty"}
        assert (link.one.row, link.other.row) in {(2, 1), (1, 2)}
        assert link.rule == "name exact, birth same"
        assert 0.99 < link.score < 1
        assert {(place.register, place.batch_id, place.row) for place in (link.one, link.other)} == {
            (ground.register, ground.batch_id, ground.row) for ground in child.grounds
        }

    def test_is_not_told_again_where_only_the_score_is_another(self, linked: Counter) -> None:
        before, head = self.child_of(linked), linked.office.roster.position()
        linked.commit(linked.taken({"hukou.csv": a_list(*COUNTY.splitlines()[1:], *self.SAME_NAME)}))
        with_namesakes = compare(linked.office).reconciliation

        (score,) = {
            link.score
            for child in with_namesakes.children
            if child.facts.guardian_name == "燕青" and child.facts.name == "燕小乙"
            for link in child.links
        }
        assert score < before.links[0].score, "the name is common now"
        assert before.id not in {aggregate for _, aggregate in told_since(linked.office, head)}

    def test_is_told_again_where_a_register_names_the_child_no_more(self, linked: Counter) -> None:
        before, head = self.child_of(linked), linked.office.roster.position()
        linked.commit(linked.taken({"poverty.csv": a_list("别人,女,2015-01-04,脱贫户", header=POVERTY)}))

        assert ("roster.Child.RowsLinked", before.id) in told_since(linked.office, head)
        assert self.child_of(linked).links == ()


class TestTheCounts:
    def test_are_of_the_comparison_village_by_village_and_sum(self, module_office: Office, registers: Path) -> None:
        load(module_office, registers)
        result = compare(module_office).reconciliation
        places = by_village(result)
        sums = {name: sum(getattr(place, name) for place in places) for name in COUNTS}
        within = [child for child in result.children if child.in_window]
        kinds = {
            kind: len({finding.label for finding in result.findings if finding.kind is kind}) for kind in FindingKind
        }

        assert len({(place.township, place.village) for place in places}) == len(places) > 10
        assert sums["in_window"] == len(within)
        assert sums["hukou"] == sum(any(ref.register is Register.HUKOU for ref in child.rows) for child in within)
        assert sums["hukou"] < sums["in_window"], "some are in no household register"
        assert (sums["not_enrolled"], sums["not_in_seat"], sums["poverty_out"]) == (
            kinds[FindingKind.NOT_ENROLLED],
            kinds[FindingKind.NOT_IN_SEAT],
            kinds[FindingKind.POVERTY_OUT_OF_SCHOOL],
        )
        kept = module_office.roster.get(FourChecks, FourChecks.id_of(as_of=AS_OF))
        assert kept.places == places
