"""The commands of reports of the public 群众举报 (N3.5): taken in, looked into, and ended with a case or with a word of the list."""

from datetime import date
from uuid import UUID, uuid4

from services.cases.application import Cases
from services.cases.domain.case import Case, Place
from services.cases.domain.ladder import OPEN, OUT_OF_CLASS
from services.cases.domain.public_report import PublicReport
from services.chassis.aggregate import today
from services.chassis.application import Answer


class PublicReports:
    """Everything that can be asked of them."""

    def __init__(self, *, cases: Cases) -> None:
        self._cases = cases

    def receive_public_report(self, *, text: str, township: str, informant: str = "", follow_up: str = "") -> Answer:
        """Takes in what somebody of the public tells 群众举报; the informant may stay unnamed.

        `follow_up` is the SHA-256, in hex, of the secret that the informant may ask with.
        """
        report = PublicReport.receive(
            report_id=uuid4(),
            informant=informant,
            text=text,
            township=township,
            follow_up=follow_up,
            today=today(),
        )
        return self._cases.record(report)

    def supplement_public_report(self, *, report_id: UUID, secret: str, text: str) -> Answer:
        """Takes a word more of whoever told a report 补充举报, and holds the secret given with its receipt."""
        report = self._cases.get(PublicReport, report_id)
        report.supplement(secret=secret, text=text, today=today())
        return self._cases.record(report)

    def record_report_inquiry(self, *, report_id: UUID, method: str, note: str, made_on: date) -> Answer:
        """Keeps that somebody looked into a report 查访记录; `note` is sealed under the report's key."""
        report = self._cases.get(PublicReport, report_id)
        report.inquire(method=method, note=note, made_on=made_on, today=today())
        return self._cases.record(report)

    def open_case_of_report(
        self, *, report_id: UUID, child_id: UUID, township: str, village: str = "", school: str = "", stage: str = ""
    ) -> Answer:
        """It is known which child a report means 举报立案: its case opens, or is the open one; answers the case's id.

        A child who was thought to be back in class is gone again.
        """
        report = self._cases.get(PublicReport, report_id)
        latest = self._cases.find_latest_case(child_id)
        if latest is not None and latest.state in OUT_OF_CLASS:
            report.handle(outcome="known_already", case_id=latest.id, today=today())
            return self._cases.record(report, answer=latest.id)
        if latest is not None and latest.state in OPEN:
            case = latest.relapse(cause="public_report", finding_id=None, today=today())
            ended = [latest]
        else:
            place = Place(township=township, village=village, school=school, stage=stage)
            case = Case.open(
                child_id=child_id,
                earlier=latest,
                cause="public_report",
                place=place,
                finding_id=None,
                today=today(),
            )
            ended = []
        report.handle(outcome="case_opened", case_id=case.id, today=today())
        return self._cases.record(report, *ended, case, answer=case.id)

    def handle_public_report(self, *, report_id: UUID, outcome: str, case_id: UUID | None = None) -> Answer:
        """Says what came of a report of the public 举报办结."""
        report = self._cases.get(PublicReport, report_id)
        if case_id is not None:
            self._cases.get(Case, case_id)
        report.handle(outcome=outcome, case_id=case_id, today=today())
        return self._cases.record(report)
