"""The commands of proceedings 司法程序 (N2.6): a file from its filing to the day it is carried out, and its case along with it.

What a court does is a fact and is kept whatever became of the child; it moves the case only while the case stands on the
paper that the file stands on.
"""

from datetime import date
from uuid import UUID

from services.cases.application import Cases
from services.cases.domain import catalogue
from services.cases.domain.case import Case
from services.cases.domain.document import COMPLIED, Document
from services.cases.domain.proceedings import Proceedings, Stage
from services.chassis.aggregate import today
from services.chassis.application import Answer


class Courts:
    """Everything that can be asked of proceedings."""

    def __init__(self, *, cases: Cases) -> None:
        self._cases = cases

    def file_proceedings(
        self, *, case_id: UUID, kind: str, brought_by: str, authority: str, filed_on: date, supported_by: str = ""
    ) -> Answer:
        """Opens a file 起诉、申请, on a served paper whose term has run out; the court owes a word whether it takes it on."""
        case = self._cases.get(Case, case_id)
        before = None if case.stands_on is None else self._cases.get(Document, case.stands_on)
        complied_with = before is not None and before.result == COMPLIED
        ground = case.allow_proceedings(kind=kind, filed_on=filed_on, complied_with=complied_with)
        proceedings = Proceedings.file(
            case_id=case_id,
            child_id=case.child_id,
            earlier=self._cases.find_latest_proceedings(case_id),
            kind=kind,
            brought_by=brought_by,
            supported_by=supported_by,
            authority=authority,
            ground=ground,
            filed_on=filed_on,
            today=today(),
        )
        return self._followed(proceedings, case, catalogue.PROCEEDINGS_KINDS[kind].on_filing, counted_from=filed_on)

    def accept_filing(self, *, proceedings_id: UUID, docket: str, accepted_on: date) -> Answer:
        """The court takes it on 立案; `docket` is its number 案号."""
        proceedings, case = self._found(proceedings_id)
        proceedings.accept(docket=docket, accepted_on=accepted_on, today=today())
        started = catalogue.PROCEEDINGS_KINDS[proceedings.kind].on_acceptance
        return self._followed(proceedings, case, started, counted_from=accepted_on)

    def decline_filing(self, *, proceedings_id: UUID, paper: str, declined_on: date) -> Answer:
        """The court doesn't take it on 不予受理; the case stands on its paper again."""
        proceedings, case = self._found(proceedings_id)
        proceedings.decline(paper=paper, declined_on=declined_on, today=today())
        return self._failed(proceedings, case, "declined", decided_on=declined_on)

    def record_hearing(self, *, proceedings_id: UUID, heard_on: date) -> Answer:
        """The court heard the parties 开庭."""
        proceedings, _ = self._found(proceedings_id)
        proceedings.hear(heard_on=heard_on, today=today())
        return self._cases.record(proceedings)

    def record_decision(
        self, *, proceedings_id: UUID, decision: str, paper: str, decided_on: date, comply_by: date | None = None
    ) -> Answer:
        """The court decided 裁判, at first or on appeal; remitted, the court below owes a decision again."""
        proceedings, case = self._found(proceedings_id)
        proceedings.decide(decision=decision, paper=paper, decided_on=decided_on, comply_by=comply_by, today=today())
        if proceedings.stage is Stage.DECIDED:
            return self._cases.record(proceedings)
        started = catalogue.PROCEEDINGS_KINDS[proceedings.kind].on_acceptance
        return self._followed(proceedings, case, started, counted_from=decided_on)

    def serve_decision(self, *, proceedings_id: UUID, method: str, receipt: str, served_on: date) -> Answer:
        """The decision reached the parties 送达: what it grants is owed from the day it is in force and its own term is over."""
        proceedings, case = self._found(proceedings_id)
        proceedings.serve(method=method, receipt=receipt, served_on=served_on, today=today())
        if not proceedings.grants:
            return self._failed(proceedings, case, "dismissed", decided_on=served_on)
        days = [day for day in (proceedings.in_force_on, proceedings.comply_by) if day is not None]
        return self._followed(proceedings, case, "judicial_ran_out", counted_from=max(days))

    def appeal_decision(self, *, proceedings_id: UUID, appellant: str, appealed_on: date) -> Answer:
        """A party appealed in time 上诉; the court above owes its decision."""
        proceedings, case = self._found(proceedings_id)
        proceedings.appeal(appellant=appellant, appealed_on=appealed_on, today=today())
        return self._followed(proceedings, case, "decision_appealed", counted_from=appealed_on)

    def record_enforcement(self, *, proceedings_id: UUID, paper: str, enforced_on: date) -> Answer:
        """What is in force was carried out 执行完毕; somebody sees to it that the child is back."""
        proceedings, case = self._found(proceedings_id)
        proceedings.enforce(paper=paper, enforced_on=enforced_on, today=today())
        return self._followed(proceedings, case, "decision_enforced", counted_from=enforced_on)

    def withdraw_proceedings(self, *, proceedings_id: UUID, paper: str, withdrawn_on: date) -> Answer:
        """Whoever brought it takes it back 撤诉; the case stands on its paper again."""
        proceedings, case = self._found(proceedings_id)
        proceedings.withdraw(paper=paper, withdrawn_on=withdrawn_on, today=today())
        return self._failed(proceedings, case, "withdrawn", decided_on=withdrawn_on)

    def _found(self, proceedings_id: UUID) -> tuple[Proceedings, Case]:
        proceedings = self._cases.get(Proceedings, proceedings_id)
        return proceedings, self._cases.get(Case, proceedings.case_id)

    def _followed(self, proceedings: Proceedings, case: Case, trigger: str, *, counted_from: date) -> Answer:
        case.follow_proceedings(
            proceedings_id=proceedings.id,
            ground=proceedings.ground,
            trigger=trigger,
            counted_from=counted_from,
            today=today(),
        )
        return self._cases.record(proceedings, case)

    def _failed(self, proceedings: Proceedings, case: Case, outcome: str, *, decided_on: date) -> Answer:
        case.proceedings_failed(proceedings_id=proceedings.id, outcome=outcome, decided_on=decided_on, today=today())
        return self._cases.record(proceedings, case)
