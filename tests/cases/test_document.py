"""Papers: issued by whoever may sign them, served once, their term counted from service."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.domain.case import id_of_case
from services.cases.domain.catalogue import PAPERS
from services.cases.domain.document import LONGEST_TERM_DAYS, Document, id_of_document
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days

CASE = id_of_case(CHILD, 1)


def issued(
    kind: str = "order_to_correct", *, issuer: str = "township:410326103", term_days: int = 15, number: str = "令 1"
) -> Document:
    """A paper just issued."""
    with acting_on(MONDAY):
        return Document.issue(
            document_id=id_of_document(CASE, kind=kind, number_in_case=1),
            case_id=CASE,
            child_id=CHILD,
            kind=kind,
            number=number,
            issuer=issuer,
            term_days=term_days,
            today=MONDAY,
        )


def served(document: Document, *, on: date, recorded_on: date | None = None, method: str = "direct") -> date:
    """Serves a paper; the last day of its term."""
    with acting_on(recorded_on or on):
        return document.serve(method=method, receipt="receipt 1", served_on=on, today=recorded_on or on)


@given(waited=st.integers(0, 400), term_days=st.integers(1, LONGEST_TERM_DAYS))
def test_the_term_runs_from_service_however_long_the_paper_lay(waited: int, term_days: int) -> None:
    assert served(issued(term_days=term_days), on=MONDAY + days(waited)) == MONDAY + days(waited + term_days)


def test_a_paper_is_served_once() -> None:
    document = issued()
    served(document, on=MONDAY + days(1))

    with pytest.raises(Refused, match=r"served on 2026-09-15.*served once"):
        served(document, on=MONDAY + days(2))


def test_a_paper_is_not_served_before_its_issue_nor_in_the_future() -> None:
    with pytest.raises(Refused, match="from its issue"):
        served(issued(), on=MONDAY - days(1), recorded_on=MONDAY)
    with pytest.raises(Refused, match="from its issue"):
        served(issued(), on=MONDAY + days(1), recorded_on=MONDAY)


def test_a_way_of_serving_that_is_on_no_list_is_refused() -> None:
    with pytest.raises(Refused, match="way of serving"):
        served(issued(), on=MONDAY, method="pigeon")


@pytest.mark.parametrize("issuer", ["township:410326103", "education_bureau:410326"])
def test_township_or_bureau_may_order(issuer: str) -> None:
    assert issued(issuer=issuer).version == 1


@pytest.mark.parametrize("issuer", ["school:3141000300", "townships:1", ""])
def test_nobody_else_may_order(issuer: str) -> None:
    with pytest.raises(Refused, match="signed by township or education_bureau"):
        issued(issuer=issuer)


@pytest.mark.parametrize("term_days", [0, -1, LONGEST_TERM_DAYS + 1])
def test_an_order_sets_a_term(term_days: int) -> None:
    with pytest.raises(Refused, match="sets a term of 1 to 180 days"):
        issued(term_days=term_days)


def test_a_written_report_sets_no_term() -> None:
    with pytest.raises(Refused, match="sets no term"):
        issued("written_report", issuer="school:3141000300", term_days=3)


def test_a_paper_is_numbered_and_of_a_kind_of_the_catalogue() -> None:
    with pytest.raises(Refused, match="document's number"):
        issued(number=" ")
    with pytest.raises(Refused, match="No document of that name"):
        issued("love_letter")


def test_every_kind_of_paper_names_its_legal_basis_and_who_signs_it() -> None:
    assert all(paper.legal_basis and paper.issuers and paper.name for paper in PAPERS.values())


def test_papers_of_a_case_are_told_apart_by_kind_and_number() -> None:
    ids: set[UUID] = {id_of_document(CASE, kind=kind, number_in_case=number) for kind in PAPERS for number in (1, 2)}
    assert len(ids) == 2 * len(PAPERS)


# What came of it


def found(document: Document, result: str, *, on: date, recorded_on: date | None = None) -> None:
    """Says what came of a paper."""
    with acting_on(recorded_on or on):
        document.find_result(result=result, found_on=on, found_by="clerk-1", today=recorded_on or on)


def test_that_nobody_complied_is_known_once_the_last_day_is_over() -> None:
    document = issued(term_days=15)
    last_day = served(document, on=MONDAY)

    with pytest.raises(Refused, match="last day is"):
        found(document, "not_complied", on=last_day)
    found(document, "not_complied", on=last_day + days(1))

    assert (document.result, document.found_on) == ("not_complied", last_day + days(1))


def test_who_complies_early_has_complied_and_late_is_better_than_never() -> None:
    early, late = issued(), issued()
    served(early, on=MONDAY)
    last_day = served(late, on=MONDAY)
    found(early, "complied", on=MONDAY)
    found(late, "partly_complied", on=last_day + days(1))
    found(late, "complied", on=last_day + days(9))

    assert [document.result for document in (early, late)] == ["complied", "complied"]


def test_who_complied_may_cease_to_and_an_older_word_does_not_come_after_a_newer() -> None:
    document = issued()
    last_day = served(document, on=MONDAY)
    found(document, "complied", on=MONDAY + days(3))
    found(document, "not_complied", on=last_day + days(5))

    assert document.result == "not_complied"
    with pytest.raises(Refused, match="can be said of a day from"):
        found(document, "complied", on=last_day + days(2), recorded_on=last_day + days(6))


def test_of_a_paper_that_reached_nobody_nothing_can_come_but_that_it_was_taken_back() -> None:
    document = issued()
    with pytest.raises(Refused, match="serve_document comes first"):
        found(document, "complied", on=MONDAY)
    found(document, "withdrawn", on=MONDAY)

    with pytest.raises(Refused, match="taken back before its service"):
        served(document, on=MONDAY)


def test_what_was_served_is_not_taken_back() -> None:
    document = issued()
    served(document, on=MONDAY)

    with pytest.raises(Refused, match="served on 2026-09-14"):
        found(document, "withdrawn", on=MONDAY)


@pytest.mark.parametrize("on", [MONDAY - days(1), MONDAY + days(1)])
def test_a_result_is_of_a_day_between_service_and_today(on: date) -> None:
    document = issued()
    served(document, on=MONDAY)

    with pytest.raises(Refused, match="until today"):
        found(document, "complied", on=on, recorded_on=MONDAY)


def test_a_result_is_a_word_of_the_list() -> None:
    document = issued()
    served(document, on=MONDAY)

    with pytest.raises(Refused, match="result of a paper"):
        found(document, "ignored", on=MONDAY)


def test_the_same_result_again_leaves_no_event() -> None:
    document = issued()
    served(document, on=MONDAY)
    for _ in range(2):
        found(document, "complied", on=MONDAY)

    assert [type(event) for event in document.pending_events].count(Document.ResultFound) == 1
