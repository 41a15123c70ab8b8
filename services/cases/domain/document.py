"""A paper 文书 on a child's case: issued with a number and a legal basis, served once; its term runs from service.

What came of it is said when it is known: done from the day of service on, not done once the term is over. Somebody who complied
may cease to, and late is better than never, so the last word counts.

Kinds stand in `catalogue.toml`: who may sign, on what legal basis, whether a term runs. That a paper's time has come is
for the case to say (`Case.allow_paper`), not for the paper.
"""

from datetime import date, timedelta
from typing import Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

LONGEST_TERM_DAYS = 180
COMPLIED = "complied"
WITHDRAWN = "withdrawn"
SET_ASIDE = "set_aside"


def id_of_document(case_id: UUID, *, kind: str, number_in_case: int) -> UUID:
    """The id of a case's n-th paper of a kind, counted from 1."""
    return uuid5(case_id, f"document/{kind}/{number_in_case}")


class Document(RecordedAggregate):
    """One numbered paper."""

    TOPIC = "cases.Document"

    class Issued(RecordedAggregate.Event, Created):
        TOPIC = "cases.Document.Issued"
        case_id: UUID
        child_id: UUID
        kind: str
        number: str
        issuer: str
        legal_basis: str
        term_days: int
        issued_on: date

    class Served(RecordedAggregate.Event):
        TOPIC = "cases.Document.Served"
        case_id: UUID
        child_id: UUID
        kind: str
        method: str
        receipt: str
        served_on: date
        expires_on: date

    class ResultFound(RecordedAggregate.Event):
        """It is known what came of it 办理结果; `found_by` is an account. Set aside, `decided_by` says by whom, `decision` is its number."""

        TOPIC = "cases.Document.ResultFound"
        case_id: UUID
        child_id: UUID
        kind: str
        result: str
        found_on: date
        found_by: str
        decided_by: str = ""
        decision: str = ""

    # Decisions

    @classmethod
    def issue(
        cls,
        *,
        document_id: UUID,
        case_id: UUID,
        child_id: UUID,
        kind: str,
        number: str,
        issuer: str,
        term_days: int,
        today: date,
    ) -> Self:
        """Issues a paper 签发; `number` is the office's own 文号, `issuer` a unit written `kind:area`, `term_days` 0 for none."""
        paper = catalogue.known(kind, words=catalogue.PAPERS, what="document")
        if issuer.partition(":")[0] not in paper.issuers:
            raise Refused(f"{kind} {paper.name} is signed by {catalogue.listed(paper.issuers)} ({paper.legal_basis}).")
        if paper.term and not 1 <= term_days <= LONGEST_TERM_DAYS:
            raise Refused(f"{kind} {paper.name} sets a term of 1 to {LONGEST_TERM_DAYS} days from its service.")
        if not paper.term and term_days:
            raise Refused(f"{kind} {paper.name} sets no term: give 0 days.")
        return cls._create(
            cls.Issued,
            id=document_id,
            case_id=case_id,
            child_id=child_id,
            kind=kind,
            number=catalogue.in_the_clear(number, what="the document's number"),
            issuer=issuer,
            legal_basis=paper.legal_basis,
            term_days=term_days,
            issued_on=today,
        )

    def serve(self, *, method: str, receipt: str, served_on: date, today: date) -> date:
        """The paper reached its addressee 送达, with the number of the receipt 送达回证; returns the last day of its term."""
        if self.served_on is not None:
            raise Refused(
                f"serve_document: this paper was served on {self.served_on}, and a paper is served once; "
                "its term runs from that day."
            )
        if self.result == WITHDRAWN:
            raise Refused("serve_document: this paper was taken back before its service; issue another one.")
        catalogue.known(method, words=catalogue.SERVICE_METHODS, what="way of serving")
        if not self.issued_on <= served_on <= today:
            raise Refused(
                f"serve_document: a paper is served from its issue on {self.issued_on} until today, and recorded then."
            )
        expires_on = served_on + timedelta(days=self.term_days)
        self.trigger_event(
            self.Served,
            case_id=self.case_id,
            child_id=self.child_id,
            kind=self.kind,
            method=method,
            receipt=catalogue.in_the_clear(receipt, what="the number of the receipt"),
            served_on=served_on,
            expires_on=expires_on,
        )
        return expires_on

    def find_result(self, *, result: str, found_on: date, found_by: str, today: date) -> None:
        """Says what came of the paper 登记结果, in a word of the list."""
        catalogue.known(result, words=catalogue.PAPER_RESULTS, what="result of a paper")
        if result == SET_ASIDE:
            raise Refused(
                "record_document_result: that a paper was set aside is told by set_aside_document, with its decision."
            )
        self._refuse_set_aside("record_document_result")
        self._must_be_known(result, on=found_on, today=today)
        if (result, found_on) != (self.result, self.found_on):
            self.trigger_event(
                self.ResultFound,
                case_id=self.case_id,
                child_id=self.child_id,
                kind=self.kind,
                result=result,
                found_on=found_on,
                found_by=found_by,
            )

    def set_aside(self, *, decided_by: str, decision: str, decided_on: date, found_by: str, today: date) -> None:
        """A court, a review or the level above set the served paper aside 撤销; nothing comes of it any more."""
        act = "set_aside_document"
        catalogue.known(decided_by, words=catalogue.SET_ASIDE_BY, what="authority that sets a paper aside")
        if self.served_on is None:
            raise Refused(f"{act}: this paper reached nobody; record_document_result with withdrawn takes it back.")
        self._refuse_set_aside(act)
        if not self.served_on <= decided_on <= today:
            raise Refused(f"{act}: the paper was served on {self.served_on}; it is set aside after that, and by today.")
        self.trigger_event(
            self.ResultFound,
            case_id=self.case_id,
            child_id=self.child_id,
            kind=self.kind,
            result=SET_ASIDE,
            found_on=decided_on,
            found_by=found_by,
            decided_by=decided_by,
            decision=catalogue.in_the_clear(decision, what="the number of the decision"),
        )

    def _refuse_set_aside(self, act: str) -> None:
        if self.result == SET_ASIDE:
            raise Refused(
                f"{act}: this paper was set aside on {self.found_on}; issue another one where its ground still holds."
            )

    def _must_be_known(self, result: str, *, on: date, today: date) -> None:
        """Refuses a result before its day: of what was not served, or that is not done while it may still be."""
        act = "record_document_result"
        if result == WITHDRAWN:
            if self.served_on is not None:
                raise Refused(f"{act}: this paper was served on {self.served_on}; what was served is not taken back.")
            since = self.issued_on
        elif self.served_on is None or self.expires_on is None:
            raise Refused(f"{act}: nothing can come of a paper that reached nobody; serve_document comes first (N2.6).")
        else:
            since = self.served_on if result == COMPLIED else self.expires_on + timedelta(days=1)
        since = max(since, self.found_on or since)
        if not since <= on <= today:
            raise Refused(
                f"{act}: {result} can be said of a day from {since} until today, and is recorded then; a term's last day is "
                "still the guardian's (N2.6)."
            )

    def must_concern(self, child_id: UUID, *, act: str) -> None:
        """Refuses what is brought to this paper about another child."""
        if child_id != self.child_id:
            raise Refused(f"{act}: this paper is about another child.")

    # Evolution

    @event(Issued)
    def __init__(self, case_id: UUID, child_id: UUID, kind: str, term_days: int, issued_on: date) -> None:
        self.case_id = case_id
        self.child_id = child_id
        self.kind = kind
        self.term_days = term_days
        self.issued_on = issued_on
        self.served_on: date | None = None
        self.expires_on: date | None = None
        self.result = ""
        self.found_on: date | None = None

    @event(Served)
    def _served(self, served_on: date, expires_on: date) -> None:
        self.served_on = served_on
        self.expires_on = expires_on

    @event(ResultFound)
    def _result_found(self, result: str, found_on: date) -> None:
        self.result = result
        self.found_on = found_on
