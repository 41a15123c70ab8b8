"""Referrals: asked once for one thing, handled by the department asked, taken back by the side that asked."""

from collections.abc import Callable

import pytest

from services.cases.domain.case import id_of_case
from services.cases.domain.catalogue import CRIME_DECISIONS, DEPARTMENTS, RELIEF_PAPERS, RELIEF_REFUSALS, RELIEFS
from services.cases.domain.referral import Referral, ReferralState
from services.cases.domain.relief import Decision
from services.chassis.errors import Forbidden, Refused
from tests.cases.given import CHILD, GRANTED, MONDAY, acting_on, days

CASE = id_of_case(CHILD, 1)
TOWNSHIP = "township:410326103"
BUREAU = "education_bureau:410326"
CIVIL_AFFAIRS = "civil_affairs:410326"


def asked(
    *,
    to: str = "civil_affairs",
    purpose: str = "social_assistance",
    earlier: Referral | None = None,
    request: str = "check relief",
    reply_in: int = 10,
) -> Referral:
    """A referral just opened by the township."""
    with acting_on(MONDAY):
        return Referral.open(
            case_id=CASE,
            child_id=CHILD,
            earlier=earlier,
            to=to,
            purpose=purpose,
            request=request,
            asked_by=TOWNSHIP,
            reply_by=MONDAY + days(reply_in),
            today=MONDAY,
        )


def accepted() -> Referral:
    """A referral the department has taken on."""
    referral = asked()
    with acting_on(MONDAY):
        referral.accept(department=CIVIL_AFFAIRS)
    return referral


def answered() -> Referral:
    """A referral the department has answered."""
    referral = accepted()
    with acting_on(MONDAY):
        referral.answer(outcome="granted", department=CIVIL_AFFAIRS, today=MONDAY, decision=GRANTED)
    return referral


def revoked() -> Referral:
    """A referral taken back."""
    referral = asked()
    with acting_on(MONDAY):
        referral.revoke(reason="asked by mistake", department=TOWNSHIP)
    return referral


def given_back() -> Referral:
    """A referral the department gave back."""
    referral = asked()
    with acting_on(MONDAY):
        referral.give_back(reason="the address is missing", department=CIVIL_AFFAIRS)
    return referral


ACTS: dict[str, Callable[[Referral], None]] = {
    "accept_referral": lambda referral: referral.accept(department=CIVIL_AFFAIRS),
    "answer_referral": lambda referral: referral.answer(
        outcome="done", department=CIVIL_AFFAIRS, today=MONDAY, decision=GRANTED
    ),
    "return_referral": lambda referral: referral.give_back(reason="not ours", department=CIVIL_AFFAIRS),
    "revoke_referral": lambda referral: referral.revoke(reason="not needed", department=TOWNSHIP),
}
ALLOWED = {
    ReferralState.OPENED: {"accept_referral", "return_referral", "revoke_referral"},
    ReferralState.ACCEPTED: {"answer_referral", "return_referral", "revoke_referral"},
    ReferralState.ANSWERED: set(),
    ReferralState.REVOKED: set(),
    ReferralState.RETURNED: set(),
}
BROUGHT_TO = {
    ReferralState.OPENED: asked,
    ReferralState.ACCEPTED: accepted,
    ReferralState.ANSWERED: answered,
    ReferralState.REVOKED: revoked,
    ReferralState.RETURNED: given_back,
}


@pytest.mark.parametrize("state", ReferralState)
@pytest.mark.parametrize("act", ACTS)
def test_a_referral_is_accepted_then_answered_and_revoked_only_while_it_stands(act: str, state: ReferralState) -> None:
    referral = BROUGHT_TO[state]()
    with acting_on(MONDAY):
        if act in ALLOWED[state]:
            ACTS[act](referral)
            return
        with pytest.raises(Refused, match=f"{act}: this referral is {state}"):
            ACTS[act](referral)


def test_the_same_thing_is_not_asked_twice_of_one_department() -> None:
    with pytest.raises(Refused, match="asked for social_assistance already"):
        asked(earlier=asked())


@pytest.mark.parametrize("ended", [answered, revoked])
def test_what_was_answered_or_taken_back_can_be_asked_again_under_the_next_number(
    ended: Callable[[], Referral],
) -> None:
    first = ended()

    second = asked(earlier=first)

    assert (first.number, second.number) == (1, 2)
    assert first.id != second.id


def test_only_the_department_asked_or_the_bureau_for_it_handles_a_referral() -> None:
    referral = asked()
    with acting_on(MONDAY):
        with pytest.raises(Forbidden, match="civil_affairs or education_bureau"):
            referral.accept(department="justice:410326")
        referral.accept(department=BUREAU)
        with pytest.raises(Forbidden, match="civil_affairs or education_bureau"):
            referral.answer(outcome="done", department=TOWNSHIP, today=MONDAY)
        referral.answer(outcome="relief granted", department=CIVIL_AFFAIRS, today=MONDAY, decision=GRANTED)

    assert referral.state is ReferralState.ANSWERED


def test_only_the_side_that_asked_or_the_bureau_takes_a_referral_back() -> None:
    referral = asked()
    with acting_on(MONDAY):
        with pytest.raises(Forbidden, match="education_bureau or township"):
            referral.revoke(reason="no time", department=CIVIL_AFFAIRS)
        referral.revoke(reason="settled", department=BUREAU)

    assert referral.state is ReferralState.REVOKED


def test_a_department_is_asked_for_what_is_its_duty_and_gets_time_to_reply() -> None:
    with pytest.raises(Refused, match="No department of that name"):
        asked(to="astrology")
    with pytest.raises(Refused, match="is asked for social_assistance or guardianship"):
        asked(purpose="child_labour")
    with pytest.raises(Refused, match="at least a day"):
        asked(reply_in=0)


def test_a_request_names_nobody() -> None:
    with pytest.raises(Refused, match="looks like a person's"):
        asked(request="visit the family, phone 13800000000")


def test_every_department_has_a_name_and_a_purpose() -> None:
    assert all(department.name and department.purposes for department in DEPARTMENTS.values())


class TestASuspectedCrime:
    """What is handed over to the police (N2.6): what they, the procuratorate and the court decide is kept, nothing is decided here."""

    POLICE = "public_security:410326"

    def handed_over(self) -> Referral:
        """A suspected crime that the police have taken on."""
        referral = asked(to="public_security", purpose="suspected_crime")
        with acting_on(MONDAY):
            referral.accept(department=self.POLICE)
        return referral

    def decide(self, referral: Referral, *decisions: str, department: str = POLICE) -> None:
        """One decision after the other, all of the same day."""
        for decision in decisions:
            with acting_on(MONDAY):
                referral.record_crime_decision(
                    decision=decision, paper="2026-7", decided_on=MONDAY, department=department, today=MONDAY
                )

    def test_is_filed_charged_and_judged_each_with_its_number(self) -> None:
        referral = self.handed_over()
        self.decide(referral, "filed", "charged", "convicted")

        decided = [event for event in referral.pending_events if isinstance(event, Referral.CrimeDecided)]
        assert [(event.decision, event.paper) for event in decided] == [
            ("filed", "2026-7"),
            ("charged", "2026-7"),
            ("convicted", "2026-7"),
        ]

    @pytest.mark.parametrize("decision", CRIME_DECISIONS)
    @pytest.mark.parametrize("before", [(), ("not_filed",), ("filed",), ("filed", "charged"), ("filed", "dropped")])
    def test_each_decision_comes_after_what_the_law_puts_before_it(
        self, before: tuple[str, ...], decision: str
    ) -> None:
        referral = self.handed_over()
        self.decide(referral, *before)
        if (before[-1] if before else "") in CRIME_DECISIONS[decision].follows:
            self.decide(referral, decision)
            assert referral.decision == decision
        else:
            with pytest.raises(Refused, match="what may follow"):
                self.decide(referral, decision)

    def test_is_answered_only_once_it_is_known_whether_it_was_filed(self) -> None:
        referral = self.handed_over()
        with acting_on(MONDAY):
            with pytest.raises(Refused, match="record_crime_decision comes first"):
                referral.answer(outcome="we look into it", department=self.POLICE, today=MONDAY)
            self.decide(referral, "filed")
            referral.answer(outcome="filed", department=self.POLICE, today=MONDAY)
        self.decide(referral, "charged", department=BUREAU)

        assert (referral.state, referral.decision) == (ReferralState.ANSWERED, "charged")

    def test_is_decided_by_nobody_here(self) -> None:
        with pytest.raises(Forbidden, match="education_bureau or public_security"):
            self.decide(self.handed_over(), "filed", department=TOWNSHIP)

    def test_is_not_decided_before_it_was_handed_over_nor_in_days_to_come(self) -> None:
        for on in (MONDAY - days(1), MONDAY + days(1)):
            with acting_on(MONDAY), pytest.raises(Refused, match="when the one before was, and today"):
                self.handed_over().record_crime_decision(
                    decision="filed", paper="2026-7", decided_on=on, department=self.POLICE, today=MONDAY
                )

    def test_no_other_referral_has_such_a_decision(self) -> None:
        with pytest.raises(Refused, match="a crime is handed over for suspected_crime"):
            self.decide(accepted(), "filed", department=CIVIL_AFFAIRS)


# Asked for help, a department says what it decided 救助决定.


def asked_for(purpose: str) -> Referral:
    """A referral for a purpose that a department has taken on."""
    to = next(word for word, department in DEPARTMENTS.items() if purpose in department.purposes)
    referral = asked(to=to, purpose=purpose)
    with acting_on(MONDAY):
        referral.accept(department=BUREAU)
    return referral


def answer(referral: Referral, decision: Decision | None) -> Decision | None:
    """What the answer's event says was decided."""
    with acting_on(MONDAY):
        referral.answer(outcome="as decided", department=BUREAU, today=MONDAY, decision=decision)
    told = referral.pending_events[-1]
    assert isinstance(told, Referral.Answered)
    assert told.purpose == referral.purpose
    return told.decision


@pytest.mark.parametrize(
    ("purpose", "granted"), [(purpose, granted) for purpose, relief in RELIEFS.items() for granted in relief.grants]
)
def test_each_kind_of_help_is_granted_by_who_decides_about_it(purpose: str, granted: str) -> None:
    decision = Decision(decision="granted", granted=granted, granted_from=MONDAY)
    assert answer(asked_for(purpose), decision) == decision


@pytest.mark.parametrize("purpose", RELIEFS)
def test_help_is_refused_for_a_reason_or_waits_for_papers(purpose: str) -> None:
    for decision in (
        *(Decision(decision="refused", refused_for=reason) for reason in RELIEF_REFUSALS),
        Decision(decision="papers_missing", papers=tuple(RELIEF_PAPERS)),
    ):
        assert answer(asked_for(purpose), decision) == decision


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (None, "says what was decided: granted, refused or papers_missing"),
        (Decision(decision="maybe"), "not 'maybe'"),
        (Decision(decision="granted", granted="legal_aid", granted_from=MONDAY), "社会救助 grants minimum_living"),
        (Decision(decision="granted", granted="orphan"), "from which day"),
        (Decision(decision="granted", granted="orphan", granted_from=MONDAY, amount_fen=0), "above 0"),
        (
            Decision(decision="granted", granted="orphan", granted_from=MONDAY, refused_for="withdrawn"),
            "no refused_for",
        ),
        (Decision(decision="refused"), "No reason to refuse of that name"),
        (Decision(decision="refused", refused_for="withdrawn", granted_from=MONDAY), "no granted_from"),
        (Decision(decision="papers_missing"), "which papers are missing"),
        (Decision(decision="papers_missing", papers=("diary",)), "No paper of that name"),
    ],
)
def test_a_decision_that_is_not_whole_is_refused_in_words(decision: Decision | None, words: str) -> None:
    referral = asked_for("social_assistance")
    with pytest.raises(Refused, match=words):
        answer(referral, decision)
    assert referral.state is ReferralState.ACCEPTED


def test_nothing_is_decided_where_nobody_asked_for_help() -> None:
    assert answer(asked_for("find_child"), None) is None
    with pytest.raises(Refused, match="nothing is decided about find_child"):
        answer(asked_for("find_child"), GRANTED)
