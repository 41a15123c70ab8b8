"""The commands of public disclosure 信息公开 (N9.2): prepared from what was counted, approved by another, released, withdrawn."""

from uuid import UUID, uuid4

from services.cases.application import Cases
from services.cases.domain.disclosure import Body, CountedTable, Disclosure, Reached
from services.cases.domain.disclosure_ledger import DisclosureLedger
from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer
from services.chassis.school_terms import term_on


class Disclosures:
    """Everything that can be asked of them."""

    def __init__(self, *, cases: Cases) -> None:
        self._cases = cases

    def prepare_disclosure(
        self,
        *,
        counted: tuple[CountedTable, ...],
        reached: tuple[Reached, ...],
        tasks: tuple[str, ...],
        methods: tuple[str, ...],
        bodies: tuple[Body, ...],
    ) -> Answer:
        """Makes up what may be shown of what was counted 拟公开, held against everything the office has released."""
        unit = who_acts().department
        Disclosure.must_be_made_by(unit)
        ledger = self._ledger(unit)
        prepared = Disclosure.prepare(
            disclosure_id=uuid4(),
            unit=unit,
            counted=counted,
            reached=reached,
            tasks=tasks,
            methods=methods,
            bodies=bodies,
            earlier=[self._cases.get(Disclosure, each) for each in (ledger.entries if ledger else ())],
            school_year=term_on(today()).school_year,
            preparer=who_acts().actor,
            today=today(),
        )
        return self._cases.record(prepared)

    def approve_disclosure(self, *, disclosure_id: UUID) -> Answer:
        """Approves it as another person than who prepared it 审核."""
        disclosure = self._of_own(disclosure_id)
        disclosure.approve(approver=who_acts().actor, today=today())
        return self._cases.record(disclosure)

    def release_disclosure(self, *, disclosure_id: UUID) -> Answer:
        """Makes it public 公开, and enters it in the ledger."""
        disclosure = self._of_own(disclosure_id)
        ledger = self._ledger(disclosure.unit) or DisclosureLedger.open(disclosure.unit)
        number = ledger.enter(disclosure_id=disclosure.id, sha256=disclosure.content.sha256)
        disclosure.release(number=number, releaser=who_acts().actor, today=today())
        return self._cases.record(disclosure, ledger)

    def withdraw_disclosure(self, *, disclosure_id: UUID, reason: str) -> Answer:
        """Takes it off the page 撤回, with the reason that stands there instead."""
        disclosure = self._of_own(disclosure_id)
        disclosure.withdraw(reason=reason, today=today())
        return self._cases.record(disclosure)

    def discard_disclosure(self, *, disclosure_id: UUID, reason: str) -> Answer:
        """Lets go of one that was not released 弃用."""
        disclosure = self._of_own(disclosure_id)
        disclosure.discard(reason=reason, today=today())
        return self._cases.record(disclosure)

    def _of_own(self, disclosure_id: UUID) -> Disclosure:
        disclosure = self._cases.get(Disclosure, disclosure_id)
        disclosure.must_be_of(who_acts().department)
        return disclosure

    def _ledger(self, unit: str) -> DisclosureLedger | None:
        return self._cases.find(DisclosureLedger, DisclosureLedger.id_of(unit))
