"""Commands as forms 办理: made from what the command takes in the schema, sent as any partner sends it, and kept as typed where refused.

`/acts/{command}` shows the form of a command, with what the address gives already filled in; pages put the same forms on
themselves. Who is not granted a command has no such form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from graphql import GraphQLArgument, GraphQLList, GraphQLNonNull, get_named_type
from starlette.responses import Response

from gateway.console.asking import Said
from gateway.console.caller import Caller
from gateway.console.document import arguments_of, default_of, schema
from gateway.words import WORDS
from services.contracts.divisions import DIVISIONS

LISTS: Final[Mapping[str, str]] = {
    "confirmCase.causes": "causes",
    "recordPersuasion.method": "persuasion_methods",
    "recordPersuasion.outcome": "persuasion_outcomes",
    "recordVisit.method": "persuasion_methods",
    "recordVisit.attitude": "persuasion_outcomes",
    "recordSearch.method": "searches",
    "serveDocument.method": "service_methods",
    "serveLetter.method": "letter_services",
    "openLetterRun.kind": "letters",
    "recordDocumentResult.result": "paper_results",
    "recordProceeding.proceeding": "court_orders",
    "fileProceedings.kind": "proceedings_kinds",
    "recordDecision.decision": "court_decisions",
    "serveDecision.method": "service_methods",
    "appealDecision.appellant": "appellants",
    "recordCrimeDecision.decision": "crime_decisions",
    "setAsideDocument.decidedBy": "set_aside_by",
    "openReferral.to": "departments",
    "openReferral.purpose": "referral_purposes",
    "requestClearance.resolution": "resolutions",
    "requestClearance.evidenceKind": "clearance_papers",
    "pauseStep.reason": "pauses",
    "issueDocument.kind": "documents",
    "planVisits.reason": "focus_groups",
    "answerAssistanceLetter.outcome": "letter_outcomes",
    "handlePublicReport.outcome": "report_outcomes",
    "recordReportInquiry.method": "inquiries",
    "openCase.cause": "openings",
    "decideDoubt.decision": "doubt_decisions",
    "recordConsent.unitKind": "mentors",
    "recordConsent.purpose": "consented_purposes",
    "recordConsent.givenBy": "consent_givers",
    "recordConsent.form": "consent_forms",
    "recordConsent.ownView": "own_views",
    "withdrawConsent.withdrawnBy": "consent_givers",
    "withdrawConsent.form": "consent_forms",
    "receiveDataRequest.kind": "data_requests",
    "receiveDataRequest.about": "corrections",
    "receiveDataRequest.askedBy": "consent_givers",
    "checkRequester.shown": "requester_proofs",
    "answerDataRequest.outcome": "data_request_answers",
    "declineDataRequest.ground": "data_request_refusals",
    "assignResponsibility.role": "roles",
    "fillPost.role": "roles",
    "openRecognition.programme": "programmes",
    "answerReferral.decision": "relief_decisions",
    "answerReferral.granted": "relief_grants",
    "answerReferral.refusedFor": "relief_refusals",
    "answerReferral.papers": "relief_papers",
    "answerRefusedPayment.answer": "refusal_answers",
    "settleFieldCheck.found": "found",
    "setAddress.channel": "channels",
    "setAddress.holder": "holders",
    "setAddress.matters": "notice_matters",
    "openInspection.matter": "inspections",
    "issueAdmonition.kind": "admonitions",
    "decideAccountability.measure": "measures",
}
"""Which list an argument's value is chosen from."""
OTHER_ACTS: Final[Mapping[str, frozenset[str]]] = {"requestClearance.resolution": frozenset({"R11", "R12", "R13"})}
"""Codes of a list that the command refuses, as they are acts of their own."""
LONG: Final = frozenset(
    {"note", "promise", "request", "outcome", "reason", "remark", "evidence", "answer", "finding", "ground"}
)
"""Arguments that are written in sentences."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that came back: what was typed, by name, and the key under which it is one command."""

    values: Mapping[str, list[str]]
    key: UUID
    ticket: str = ""

    def value(self, name: str) -> str:
        """The one value of a field; empty where it was not sent."""
        return "".join(self.values.get(name, [""])[:1]).strip()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: how it is shown, what may be chosen, and what stands in it."""

    name: str
    label: str
    kind: str
    """hidden, text, area, date, time, number, check, choice or choices."""
    is_required: bool
    options: tuple[tuple[str, str], ...] = ()
    values: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """What stands in it."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command's form as it is shown."""

    command: str
    title: str
    hint: str
    fields: tuple[Field, ...]
    back: str
    name: str
    """What tells it from another of the same command on its page."""


def blank(caller: Caller, command: str, *, about: Mapping[str, str], back: str = "", name: str = "") -> Shown:
    """The form of a command about something, to be filled in; with a `name` where its page has another of the same command."""
    given = {argument: [value] for argument, value in about.items() if value}
    return _form(caller, command, given, back=back or caller.request.url.path, name=name)


async def show(caller: Caller) -> Response:
    """The form of a command by itself."""
    command = _command(caller)
    given = {name: [value] for name, value in caller.request.query_params.items() if name in arguments_of(command)}
    return caller.page("act.html", form=_form(caller, command, given, back=_back(caller.given("back"))), message="")


async def send(caller: Caller, form: Form) -> Response:
    """Sends the command; what is refused is said on the form, with what was typed."""
    command, back = _command(caller), _back(form.value("back"))
    try:
        await caller.send(command, _arguments(command, form), key=form.key)
    except Said as error:
        said = said_on_form(caller, error, form)
        shown = _form(caller, command, form.values, back=back)
        return caller.page("act.html", status=422, form=shown, code=said.code, message=str(said))
    return caller.go(f"{back}?done={command}")


def said_on_form(caller: Caller, error: Said, form: Form) -> Said:
    """What is said on the form that was sent, which keeps its ticket where no answer came; raises what is no answer to what was typed."""
    if error.code in {"UNAUTHENTICATED", "FORBIDDEN", "THROTTLED"}:
        raise error
    if error.code == "UNCERTAIN":
        caller.ticket = form.ticket  # sent again it is the same command
    return error


def _command(caller: Caller) -> str:
    command = str(caller.request.path_params["command"])
    mutations = schema().mutation_type
    if mutations is None or command not in mutations.fields or not caller.granted.may(command):
        raise Said("NOT_FOUND", "")
    return command


def _back(path: str) -> str:
    """The page a form came from; the first one for anything else."""
    is_ours = (
        path.startswith("/")
        and not path.startswith(("//", "/\\", "/acts/"))
        and path.replace("/", "").replace("-", "").isalnum()
    )
    return path if is_ours else "/"


def _form(caller: Caller, command: str, given: Mapping[str, list[str]], *, back: str, name: str = "") -> Shown:
    t = caller.texts
    fields = tuple(
        _field(caller, command, argument, of, tuple(given.get(argument, ())))
        for argument, of in arguments_of(command).items()
    )
    hint = f"act_hints.{command}"
    return Shown(command, title_of(caller, command), t(hint) if t.has(hint) else "", fields, back, name or command)


def title_of(caller: Caller, command: str) -> str:
    """What a command is called, as the schema describes it: Chinese before the first blank, English behind it."""
    mutations = schema().mutation_type
    description = "" if mutations is None else mutations.fields[command].description or command
    return _said(caller, description)


def _said(caller: Caller, description: str) -> str:
    chinese, _, english = description.strip().partition(" ")
    return chinese if caller.texts.language == "zh" else english or chinese


def _field(caller: Caller, command: str, name: str, of: GraphQLArgument, values: tuple[str, ...]) -> Field:
    t = caller.texts
    label = t(f"arguments.{name}") if t.has(f"arguments.{name}") else name
    default = default_of(of)
    required = isinstance(of.type, GraphQLNonNull) and default is None
    listed = LISTS.get(f"{command}.{name}")
    if not values and isinstance(default, str | int) and not isinstance(default, bool):
        values = (str(default),)
    if listed is not None:
        refused = OTHER_ACTS.get(f"{command}.{name}", frozenset())
        options = tuple((code, t.word(listed, code)) for code in WORDS[listed] if code not in refused)
        return Field(name, label, "choices" if _is_list(of) else "choice", required, options, values)
    if name == "township":
        kind, _, area = caller.session.unit.partition(":")
        values = values or ((area,) if kind == "township" else ())
        return Field(name, label, "choice", required, tuple(DIVISIONS.townships().items()), values)
    kind = {"UUID": "hidden", "Date": "date", "Time": "time", "Int": "number", "Boolean": "check"}.get(
        get_named_type(of.type).name, "text"
    )
    if name == "scanId":
        kind = "text"  # its number is on the page that took the scan in
    if kind == "date" and required and not values:
        values = (caller.today,)
    if name == "issuer" and not values:
        values = (caller.session.unit,)
    return Field(name, label, "area" if kind == "text" and name in LONG else kind, required, (), values)


def _is_list(of: GraphQLArgument) -> bool:
    inner = of.type.of_type if isinstance(of.type, GraphQLNonNull) else of.type
    return isinstance(inner, GraphQLList)


def _arguments(command: str, form: Form) -> dict[str, Any]:
    """What was typed, in the types of the schema; what is left out or can't be read is the gateway's to refuse."""
    arguments: dict[str, Any] = {}
    for name, of in arguments_of(command).items():
        typed = [value.strip() for value in form.values.get(name, []) if value.strip()]
        kind = get_named_type(of.type).name
        if kind == "Boolean":
            arguments[name] = bool(typed)
        elif typed and _is_list(of):
            arguments[name] = typed
        elif typed:
            arguments[name] = int(typed[0]) if kind == "Int" and typed[0].lstrip("-").isdigit() else typed[0]
    return arguments
