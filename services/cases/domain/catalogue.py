"""The words of cases 词表: resolution codes, papers, causes, roles, departments - open lists as data, each with its name.

`catalogue.toml` is read once, when this module is imported. `known` refuses a word that is not on its list and says
which are; a new word needs a line of data and no code.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import msgspec

from services.chassis.errors import Refused

W = TypeVar("W", bound="Word")

_NUMBER_OF_A_PERSON = re.compile(r"\d{17}[\dXx]|(?<!\d)1[3-9]\d{9}(?!\d)")
"""A citizen number, alone or within a longer one, or a mobile phone; not the 13 digits of a postal receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of a list, with its Chinese name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening(Word):
    """Why a case was opened 立案来源."""

    finding: bool = False
    relapse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Word):
    """What an official answers as 责任人, the line it belongs to (四包一 or 双线三包), and the place it can be held for."""

    line: str
    unit: Literal["village", "township", "school", ""] = ""
    needed: Literal["child", "pupil", ""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Department(Word):
    """Whom the county asks 部门, and for what."""

    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Word):
    """What is asked of what is held about a child 权利请求: what may come of it, and what only the roster can tell of it."""

    outcomes: tuple[str, ...]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground(Word):
    """Why something is refused, with the law it rests on."""

    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Word):
    """A matter that is asked of its `lead` first, which hands it on 牵头移送."""

    lead: str
    then: tuple[str, ...]
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief(Word):
    """Help that a department decides about 救助事项, and what it may grant."""

    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Word):
    """A kind of document 文书: who may sign it, whether a term runs from its service, which step its service takes."""

    issuers: tuple[str, ...]
    legal_basis: str
    term: bool
    moves: str = ""

    @property
    def act(self) -> str:
        """The act on the case that issues such a paper."""
        return _ACTS.get(self.moves, "issue_document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceeding(Word):
    """What a court or the procuratorate did 司法进展; `filed`: it belongs into a file of proceedings."""

    filed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProceedingsKind(Word):
    """A way to go to court 程序种类: who may, after the service of which papers (by the state each brought its case to), how it
    may be decided, and the clocks that its filing and its being taken on start."""

    brought_by: tuple[str, ...]
    follows: tuple[str, ...]
    decisions: tuple[str, ...]
    on_filing: str
    on_acceptance: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtDecision(Word):
    """A decision 裁判结果: whether what was asked is granted, and the term in which it may be appealed, where it may."""

    grants: bool = False
    appeal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeDecision(Word):
    """What was decided of a suspected crime 刑事处理结果, and after which decision it comes; the first comes after none."""

    follows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseReason(Word):
    """Why a clock may stand 中止事由, and for how many calendar days at most."""

    longest_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution(Word):
    """A resolution code 销号代码; one with `instead` never clears a case."""

    evidence: tuple[str, ...]
    expires: bool = False
    instead: str = ""
    refused: str = ""


_ACTS: Final[Mapping[str, str]] = {
    "order": "issue_order",
    "penalty": "issue_penalty",
    "demand": "issue_demand",
    "justice": "take_to_justice",
}
_LISTS: Final[dict[str, dict[str, dict[str, Any]]]] = tomllib.loads(
    resources.files(__package__).joinpath("catalogue.toml").read_text("utf-8")
)


def _read(name: str, kind: type[W]) -> Mapping[str, W]:
    return MappingProxyType(msgspec.convert(_LISTS[name], dict[str, kind]))  # type: ignore[valid-type]  # kind is a class


OPENINGS: Final = _read("openings", Opening)
CAUSES: Final = _read("causes", Word)
PERSUASION_METHODS: Final = _read("persuasion_methods", Word)
PERSUASION_OUTCOMES: Final = _read("persuasion_outcomes", Word)
SEARCHES: Final = _read("searches", Word)
INQUIRIES: Final = _read("inquiries", Word)
SERVICE_METHODS: Final = _read("service_methods", Word)
ROLES: Final = _read("roles", Role)
DEPARTMENTS: Final = _read("departments", Department)
CHAINS: Final = _read("chains", Chain)
CRIME_DECISIONS: Final = _read("crime_decisions", CrimeDecision)
RELIEFS: Final = _read("reliefs", Relief)
RELIEF_REFUSALS: Final = _read("relief_refusals", Word)
RELIEF_PAPERS: Final = _read("relief_papers", Word)
PAPERS: Final = _read("documents", Paper)
FOCUS_GROUPS: Final = _read("focus_groups", Word)
SIGNATURES: Final = _read("signatures", Word)
INSPECTIONS: Final = _read("inspections", Word)
MEASURES: Final = _read("measures", Word)
LETTER_OUTCOMES: Final = _read("letter_outcomes", Word)
PAPER_RESULTS: Final = _read("paper_results", Word)
SET_ASIDE_BY: Final = _read("set_aside_by", Word)
REPORT_OUTCOMES: Final = _read("report_outcomes", Word)
EVIDENCE: Final = _read("evidence", Word)
PROCEEDINGS: Final = _read("proceedings", Proceeding)
PROCEEDINGS_KINDS: Final = _read("proceedings_kinds", ProceedingsKind)
COURT_DECISIONS: Final = _read("court_decisions", CourtDecision)
APPEAL_DECISIONS: Final = _read("appeal_decisions", CourtDecision)
APPELLANTS: Final = _read("appellants", Word)
UPHELD: Final = "upheld"
REMITTED: Final = "remitted"
"""The two decisions on appeal that leave what was asked to the decision appealed, or to another one."""
PAUSES: Final = _read("pauses", PauseReason)
DATA_REQUESTS: Final = _read("data_requests", Request)
CORRECTIONS: Final = _read("corrections", Word)
REQUESTERS: Final = _read("requesters", Word)
REQUESTER_PROOFS: Final = _read("requester_proofs", Word)
DATA_REQUEST_REFUSALS: Final = _read("data_request_refusals", Ground)
RESOLUTIONS: Final = _read("resolutions", Resolution)


def known(word: str, *, words: Mapping[str, W], what: str) -> W:
    """What a list says of a word; refuses a word that is not on it."""
    if word not in words:
        raise Refused(f"No {what} of that name; known are {listed(words)}.")
    return words[word]


def listed(words: Iterable[str]) -> str:
    """Words as a person reads them: a, b or c."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def in_the_clear(text: str, *, what: str) -> str:
    """A short text that will travel unsealed: refused when empty, over 500 characters, or holding a person's number."""
    text = text.strip()
    if not text or len(text) > 500:
        raise Refused(f"Say {what} in 1 to 500 characters.")
    if _NUMBER_OF_A_PERSON.search(text):
        raise Refused(f"There is a number in {what} that looks like a person's; it is read by many, so leave it out.")
    return text
