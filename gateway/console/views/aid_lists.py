"""Lists of aid: awards, payment lists, what the bank refused, and what does not agree (N6)."""

from typing import Final

from gateway.console.views.listing import (
    CHILD,
    PLACE,
    TERM,
    TOWNSHIP,
    Behind,
    Button,
    Column,
    List,
    Narrowing,
    Paper,
    in_state,
)

_PROGRAMME: Final = Narrowing("programme", "assistance.programme", "programmes")
_OF_ASSISTANCE: Final = ("/assistance", "assistance")
PAYMENT_LISTS: Final = List(
    "paymentLists",
    (
        Column("madeOn", "assistance.made_on", "date"),
        PLACE,
        Column("school", "child.school"),
        Column("programme", "assistance.programme", "programmes"),
        Column("term", "assistance.term"),
        Column("lines", "assistance.lines", "number"),
        Column("totalFen", "assistance.total", "money"),
        Column("state", "child.state", "payment_list_states"),
        Column("madeBy", "assistance.made_by"),
        Column("approvedBy", "assistance.approved_by"),
    ),
    (
        TERM,
        _PROGRAMME,
        TOWNSHIP,
        Narrowing("school", "arguments.school", "text"),
        Narrowing("state", "child.state", "payment_list_states"),
    ),
    (
        Button("approvePaymentList", {"listId": "id"}, in_state("made"), not_by="madeBy"),
        Button("withdrawPaymentList", {"listId": "id"}, in_state("made", "approved")),
    ),
    file="paymentLists",
    papers=(Paper("/files/payment-lists", "assistance.for_the_bank", "exportPaymentList", in_state("approved")),),
    behind=(Behind("/assistance/lists/", "lists.open", "id"),),
    part_of=_OF_ASSISTANCE,
)
REFUSALS: Final = List(
    "paymentRefusals",
    (
        Column("raisedOn", "assistance.refused_on", "date"),
        CHILD,
        PLACE,
        Column("reason", "assistance.refused_for"),
        Column("owner", "child.owner", "unit"),
        Column("dueOn", "my_day.due", "due"),
        Column("ending", "child.state", "refusal_endings"),
        Column("answer", "child.answer", "refusal_answers"),
        Column("closedOn", "assistance.closed_on", "date"),
    ),
    (
        Narrowing("open", "lists.still_open", "yes or no"),
        TOWNSHIP,
        Narrowing("overdue", "site.late", "flag"),
    ),
    (Button("answerRefusedPayment", {"refusalId": "id"}, lambda row: not row.get("closedOn")),),
    file="paymentRefusals",
    part_of=_OF_ASSISTANCE,
)
RECOGNITIONS: Final = List(
    "recognitionRuns",
    (
        Column("openedOn", "lists.since", "date"),
        PLACE,
        Column("programme", "assistance.programme", "programmes"),
        Column("term", "assistance.term"),
        Column("through", "assistance.through", "number"),
        Column("pupils", "assistance.pupils", "number"),
        Column("granted", "assistance.newly_granted", "number"),
        Column("grantedFen", "assistance.total", "money"),
        Column("state", "child.state", "recognition_states"),
        Column("openedBy", "assistance.opened_by"),
    ),
    (TERM, _PROGRAMME, Narrowing("state", "child.state", "recognition_states")),
    (Button("cancelRecognition", {"runId": "id"}, in_state("running")),),
    part_of=_OF_ASSISTANCE,
)
AWARDS: Final = List(
    "awards",
    (
        CHILD,
        PLACE,
        Column("programme", "assistance.programme", "programmes"),
        Column("term", "assistance.term"),
        Column("category", "assistance.category", "aid_categories"),
        Column("amountFen", "assistance.amount", "money"),
        Column("paidFen", "assistance.paid", "money"),
        Column("state", "child.state", "award_states"),
        Column("grantedOn", "assistance.granted_on", "date"),
        Column("legalBasis", "case.basis"),
    ),
    (TERM, _PROGRAMME, TOWNSHIP, Narrowing("state", "child.state", "award_states")),
    file="awards",
    part_of=_OF_ASSISTANCE,
)
AID_WATCH: Final = List(
    "aidWatch",
    (
        Column("kind", "child.kind", "aid_watch"),
        CHILD,
        PLACE,
        Column("school", "child.school"),
        Column("programme", "assistance.programme", "programmes"),
        Column("amountFen", "assistance.amount", "money"),
        Column("sinceOn", "lists.since", "date"),
        Column("owner", "child.owner", "unit"),
    ),
    (
        Narrowing("term", "assistance.term", "term", is_required=True),
        Narrowing("kind", "child.kind", "aid_watch"),
        TOWNSHIP,
        Narrowing("school", "arguments.school", "text"),
    ),
    file="aidWatch",
    part_of=_OF_ASSISTANCE,
)
