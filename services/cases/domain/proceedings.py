"""Proceedings 司法程序 on a child's case: one file for each time somebody goes to court, from its filing to the day it is carried out.

A file opens on a served paper whose term has run out (N2.6; `Case.allow_proceedings`), and says who brought it, which court has
it and under which number 案号. A decision binds from the day it is in force: a settlement and a court's ruling on enforcement
on their service, a judgment once the days to appeal have passed, the judgment on appeal on its service. What the law gives
the court and the parties as days stands in `rules.toml`; which kinds there are, who may bring them and what follows, in
`catalogue.toml`. The clock is the case's own: what is owed while a court has the matter is a step of the case.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.cases.domain.rules import RULES
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days

_ONE_DAY: Final = timedelta(days=1)


class Stage(StrEnum):
    """Where a file stands; the last four are its ends."""

    FILED = "filed"  # 已起诉
    ACCEPTED = "accepted"  # 已立案
    DECIDED = "decided"  # 已裁判,未送达
    SERVED = "served"  # 裁判文书已送达
    APPEALED = "appealed"  # 已上诉
    ENFORCED = "enforced"  # 已执行
    REFUSED = "refused"  # 不予受理
    WITHDRAWN = "withdrawn"  # 撤诉
    FALLEN = "fallen"  # 所依据的文书被撤销


ENDED: Final = frozenset({Stage.ENFORCED, Stage.REFUSED, Stage.WITHDRAWN, Stage.FALLEN})
"""The stages after which nothing more happens in a file."""


class Proceedings(RecordedAggregate):
    """One file of proceedings."""

    TOPIC = "cases.Proceedings"

    class Filed(RecordedAggregate.Event, Created):
        """Somebody went to court 起诉、申请: `ground` is the paper on which it stands, `supported_by` who supports the suit 支持起诉."""

        TOPIC = "cases.Proceedings.Filed"
        case_id: UUID
        child_id: UUID
        number_in_case: int
        kind: str
        brought_by: str
        supported_by: str
        authority: str
        ground: UUID
        legal_basis: str
        filed_on: date

    class Accepted(RecordedAggregate.Event):
        """The court took it on 立案受理, under its number 案号."""

        TOPIC = "cases.Proceedings.Accepted"
        case_id: UUID
        child_id: UUID
        docket: str
        accepted_on: date

    class Declined(RecordedAggregate.Event):
        """The court did not take it on 不予受理; `paper` is the number of its ruling."""

        TOPIC = "cases.Proceedings.Declined"
        case_id: UUID
        child_id: UUID
        paper: str
        declined_on: date

    class Heard(RecordedAggregate.Event):
        """The court heard the parties 开庭."""

        TOPIC = "cases.Proceedings.Heard"
        case_id: UUID
        child_id: UUID
        heard_on: date

    class Decided(RecordedAggregate.Event):
        """The court decided 裁判: settled, judged or ruled; `grants`: what was asked is granted, to be done by `comply_by`."""

        TOPIC = "cases.Proceedings.Decided"
        case_id: UUID
        child_id: UUID
        decision: str
        grants: bool
        on_appeal: bool
        paper: str
        decided_on: date
        comply_by: date | None

    class DecisionServed(RecordedAggregate.Event):
        """The decision reached the parties 送达: until when it may be appealed, and from when it is in force 生效."""

        TOPIC = "cases.Proceedings.DecisionServed"
        case_id: UUID
        child_id: UUID
        method: str
        receipt: str
        served_on: date
        appeal_until: date | None
        in_force_on: date
        grants: bool

    class Appealed(RecordedAggregate.Event):
        """A party appealed in time 上诉: nothing is in force until that is decided."""

        TOPIC = "cases.Proceedings.Appealed"
        case_id: UUID
        child_id: UUID
        appellant: str
        appealed_on: date

    class Remitted(RecordedAggregate.Event):
        """The judgment was quashed and goes back to the court that made it 发回重审."""

        TOPIC = "cases.Proceedings.Remitted"
        case_id: UUID
        child_id: UUID
        paper: str
        decided_on: date

    class Enforced(RecordedAggregate.Event):
        """What is in force was carried out 执行完毕."""

        TOPIC = "cases.Proceedings.Enforced"
        case_id: UUID
        child_id: UUID
        paper: str
        enforced_on: date

    class Withdrawn(RecordedAggregate.Event):
        """Whoever brought it took it back 撤诉."""

        TOPIC = "cases.Proceedings.Withdrawn"
        case_id: UUID
        child_id: UUID
        paper: str
        withdrawn_on: date

    class Fallen(RecordedAggregate.Event):
        """The paper on which it stood was set aside 撤销, and the file with it."""

        TOPIC = "cases.Proceedings.Fallen"
        case_id: UUID
        child_id: UUID
        ground: UUID
        fell_on: date

    @staticmethod
    def id_of(case_id: UUID, number: int) -> UUID:
        """The id of a case's n-th file, counted from 1."""
        return uuid5(case_id, f"proceedings/{number}")

    # Decisions

    @classmethod
    def file(
        cls,
        *,
        case_id: UUID,
        child_id: UUID,
        earlier: "Proceedings | None",
        kind: str,
        brought_by: str,
        supported_by: str,
        authority: str,
        ground: UUID,
        filed_on: date,
        today: date,
    ) -> Self:
        """Opens a file 起诉; units are written `kind:area`. One file of a case is open at a time."""
        act = "file_proceedings"
        of = catalogue.known(kind, words=catalogue.PROCEEDINGS_KINDS, what="kind of proceedings")
        if earlier is not None and not earlier.is_over(on=filed_on):
            raise Refused(f"{act}: the case's file {earlier.number_in_case} is {earlier.stage}; go on with that one.")
        if brought_by.partition(":")[0] not in of.brought_by:
            raise Refused(
                f"{act}: {kind} {of.name} is brought by {catalogue.listed(of.brought_by)} ({of.legal_basis})."
            )
        if supported_by and supported_by.partition(":")[0] != "procuratorate":
            raise Refused(f"{act}: who supports a suit of others is the procuratorate (支持起诉).")
        if authority.partition(":")[0] != "court":
            raise Refused(f"{act}: proceedings are brought before a court, written court:area.")
        if filed_on > today:
            raise Refused(f"{act}: a filing is recorded after it happened; {filed_on} is still to come.")
        number = 1 if earlier is None else earlier.number_in_case + 1
        return cls._create(
            cls.Filed,
            id=cls.id_of(case_id, number),
            case_id=case_id,
            child_id=child_id,
            number_in_case=number,
            kind=kind,
            brought_by=brought_by,
            supported_by=supported_by,
            authority=authority,
            ground=ground,
            legal_basis=of.legal_basis,
            filed_on=filed_on,
        )

    def accept(self, *, docket: str, accepted_on: date, today: date) -> None:
        """The court takes it on 立案, under its number 案号."""
        self._must_stand("accept_filing", {Stage.FILED}, "a court takes on what was filed")
        self._must_follow("accept_filing", accepted_on, today=today)
        self._step(
            self.Accepted,
            docket=catalogue.in_the_clear(docket, what="the court's number"),
            accepted_on=accepted_on,
        )

    def decline(self, *, paper: str, declined_on: date, today: date) -> None:
        """The court doesn't take it on 不予受理."""
        self._must_stand("decline_filing", {Stage.FILED}, "a court turns down what was filed")
        self._must_follow("decline_filing", declined_on, today=today)
        self._step(self.Declined, paper=self._number(paper), declined_on=declined_on)

    def hear(self, *, heard_on: date, today: date) -> None:
        """The court heard the parties 开庭; there may be several hearings, on appeal too."""
        self._must_stand("record_hearing", {Stage.ACCEPTED, Stage.APPEALED}, "a court hears what it has taken on")
        self._must_follow("record_hearing", heard_on, today=today)
        self._step(self.Heard, heard_on=heard_on)

    def decide(self, *, decision: str, paper: str, decided_on: date, comply_by: date | None, today: date) -> None:
        """The court decided 裁判, in a word of the list; `comply_by` is the day it sets, where it grants what was asked."""
        act = "record_decision"
        self._must_stand(act, {Stage.ACCEPTED, Stage.APPEALED}, "a court decides what it has taken on")
        words = (
            catalogue.APPEAL_DECISIONS
            if self.stage is Stage.APPEALED
            else {name: catalogue.COURT_DECISIONS[name] for name in catalogue.PROCEEDINGS_KINDS[self.kind].decisions}
        )
        word = catalogue.known(decision, words=words, what="decision in these proceedings")
        self._must_follow(act, decided_on, today=today)
        if decision == catalogue.REMITTED:
            self._step(self.Remitted, paper=self._number(paper), decided_on=decided_on)
            return
        grants = self.grants if decision == catalogue.UPHELD else word.grants
        if comply_by is not None and (not grants or comply_by < decided_on):
            raise Refused(
                f"{act}: a day to comply by is set by a decision that grants what was asked, and comes after it."
            )
        self._step(
            self.Decided,
            decision=decision,
            grants=grants,
            on_appeal=self.stage is Stage.APPEALED,
            paper=self._number(paper),
            decided_on=decided_on,
            comply_by=comply_by or (self.comply_by if decision == catalogue.UPHELD else None),
        )

    def serve(self, *, method: str, receipt: str, served_on: date, today: date) -> None:
        """The decision reached the parties 送达; the days to appeal begin, where it may be appealed, or it is in force."""
        act = "serve_decision"
        self._must_stand(act, {Stage.DECIDED}, "what is served is a decision that was not")
        catalogue.known(method, words=catalogue.SERVICE_METHODS, what="way of serving")
        self._must_follow(act, served_on, today=today)
        served_by = "" if self.on_appeal else catalogue.COURT_DECISIONS[self.decision].appeal
        appeal_until = _last_day_to_appeal(served_by, served_on=served_on) if served_by else None
        self._step(
            self.DecisionServed,
            method=method,
            receipt=catalogue.in_the_clear(receipt, what="the number of the receipt"),
            served_on=served_on,
            appeal_until=appeal_until,
            in_force_on=served_on if appeal_until is None else appeal_until + _ONE_DAY,
            grants=self.grants,
        )

    def appeal(self, *, appellant: str, appealed_on: date, today: date) -> None:
        """A party appeals within the term 上诉."""
        act = "appeal_decision"
        self._must_stand(act, {Stage.SERVED}, "what is appealed is a decision that was served")
        catalogue.known(appellant, words=catalogue.APPELLANTS, what="party that appeals")
        self._must_follow(act, appealed_on, today=today)
        if self.appeal_until is None:
            raise Refused(f"{act}: this decision is final; it is in force since {self.in_force_on}.")
        if appealed_on > self.appeal_until:
            raise Refused(
                f"{act}: the days to appeal ended on {self.appeal_until}, and the decision is in force since {self.in_force_on}."
            )
        self._step(self.Appealed, appellant=appellant, appealed_on=appealed_on)

    def enforce(self, *, paper: str, enforced_on: date, today: date) -> None:
        """What is in force was carried out 执行完毕."""
        act = "record_enforcement"
        self._must_stand(act, {Stage.SERVED}, "what is carried out is a decision that was served")
        self._must_follow(act, enforced_on, today=today)
        if not self.grants:
            raise Refused(f"{act}: this decision grants nothing that could be carried out.")
        if self.in_force_on is None or enforced_on < self.in_force_on:
            raise Refused(f"{act}: the decision is in force from {self.in_force_on} on, and isn't carried out before.")
        self._step(self.Enforced, paper=self._number(paper), enforced_on=enforced_on)

    def withdraw(self, *, paper: str, withdrawn_on: date, today: date) -> None:
        """Whoever brought it takes it back before it is decided 撤诉."""
        self._must_stand(
            "withdraw_proceedings", {Stage.FILED, Stage.ACCEPTED}, "proceedings are taken back before they are decided"
        )
        self._must_follow("withdraw_proceedings", withdrawn_on, today=today)
        self._step(self.Withdrawn, paper=self._number(paper), withdrawn_on=withdrawn_on)

    def fall(self, *, fell_on: date) -> None:
        """The paper on which it stands was set aside; what has ended stays as it ended."""
        if self.stage not in ENDED:
            self._step(self.Fallen, ground=self.ground, fell_on=fell_on)

    def is_over(self, *, on: date) -> bool:
        """Whether nothing more comes of this file: it ended, or a decision that grants nothing is in force."""
        lost = self.stage is Stage.SERVED and not self.grants
        return self.stage in ENDED or (lost and self.in_force_on is not None and self.in_force_on <= on)

    def _must_stand(self, act: str, stages: set[Stage], rule: str) -> None:
        if self.stage not in stages:
            raise Refused(f"{act}: {rule}; this file is {self.stage} since {self.changed_on}.")

    def _must_follow(self, act: str, day: date, *, today: date) -> None:
        if not self.changed_on <= day <= today:
            raise Refused(
                f"{act}: this file is {self.stage} since {self.changed_on}; what follows happened between then and today."
            )

    def _number(self, paper: str) -> str:
        return catalogue.in_the_clear(paper, what="the paper's number")

    def _step(self, event_class: type[RecordedAggregate.Event], **facts: object) -> None:
        self.trigger_event(event_class, case_id=self.case_id, child_id=self.child_id, **facts)

    # Evolution

    @event(Filed)
    def __init__(
        self, case_id: UUID, child_id: UUID, number_in_case: int, kind: str, ground: UUID, filed_on: date
    ) -> None:
        self.case_id = case_id
        self.child_id = child_id
        self.number_in_case = number_in_case
        self.kind = kind
        self.ground = ground
        self.stage = Stage.FILED
        self.changed_on = filed_on
        self.decision = ""
        self.grants = False
        self.on_appeal = False
        self.comply_by: date | None = None
        self.appeal_until: date | None = None
        self.in_force_on: date | None = None

    @event(Accepted)
    def _accepted(self, accepted_on: date) -> None:
        self._reach(Stage.ACCEPTED, accepted_on)

    @event(Declined)
    def _declined(self, declined_on: date) -> None:
        self._reach(Stage.REFUSED, declined_on)

    @event(Heard)
    def _heard(self, heard_on: date) -> None:
        self.changed_on = heard_on

    @event(Decided)
    def _decided(self, decision: str, grants: bool, on_appeal: bool, decided_on: date, comply_by: date | None) -> None:
        self.decision = decision
        self.grants = grants
        self.on_appeal = on_appeal
        self.comply_by = comply_by
        self._reach(Stage.DECIDED, decided_on)

    @event(DecisionServed)
    def _decision_served(self, served_on: date, appeal_until: date | None, in_force_on: date) -> None:
        self.appeal_until = appeal_until
        self.in_force_on = in_force_on
        self._reach(Stage.SERVED, served_on)

    @event(Appealed)
    def _appealed(self, appealed_on: date) -> None:
        self.in_force_on = None
        self._reach(Stage.APPEALED, appealed_on)

    @event(Remitted)
    def _remitted(self, decided_on: date) -> None:
        self.decision, self.grants, self.comply_by, self.appeal_until = "", False, None, None
        self._reach(Stage.ACCEPTED, decided_on)

    @event(Enforced)
    def _enforced(self, enforced_on: date) -> None:
        self._reach(Stage.ENFORCED, enforced_on)

    @event(Withdrawn)
    def _withdrawn(self, withdrawn_on: date) -> None:
        self._reach(Stage.WITHDRAWN, withdrawn_on)

    @event(Fallen)
    def _fallen(self, fell_on: date) -> None:
        self._reach(Stage.FALLEN, fell_on)

    def _reach(self, stage: Stage, on: date) -> None:
        self.stage = stage
        self.changed_on = on


def _last_day_to_appeal(trigger: str, *, served_on: date) -> date:
    """The last day of the term to appeal; one that ends on a day off ends with the next working day (民事诉讼法 期间)."""
    last = RULES.get(trigger, stage="", pupil=False, on=served_on).after(served_on)
    return add_working_days(last - _ONE_DAY, 1)
