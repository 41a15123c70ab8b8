"""What there is to know of findings 比对发现: whose they are, by when they are answered, which words close them, and how one stands.

The catalogue stands in `findings.toml`, is read once when this module is imported, and stops the service there when it
contradicts itself. The day a finding is due, and why, are kept in its event, so that a term changed later changes nothing
that was owed before.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any, Final, Literal, Self
from uuid import UUID

import msgspec

from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days
from services.roster.domain.facts import Ground

NO_LONGER_FOUND: Final = "no_longer_found"
"""Resolution of a finding whose cause has ended: no comparison makes it any more, or time no longer brings it 复核已消除."""

TAKEN_OVER: Final = "taken_over"
"""Resolution of a finding of an entry that goes on as another one, which owes it from then on 并入同一儿童."""

OWN_RECORDS: Final = frozenset({"transfer", "deferral", "term", "term_check_in", "placement", "letter"})
"""Grounds that are no register's row but the roster's own: a comparison has nothing to say about what rests on them."""

APPROVER: Final = "education_bureau"
"""Who owes the next step while an answer waits to be accepted."""

ACCEPT_WITHIN: Final = 5
"""Working days until a waiting answer must be accepted or returned; county default."""

_NUMBER_OF_A_PERSON = re.compile(r"\d{17}[\dXx]|(?<!\d)1[3-9]\d{9}(?!\d)")
_LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts 经办人: a person's identifier, never a name, for a unit such as `public_security:410326`."""

    person: str
    unit: str

    @property
    def kind(self) -> str:
        """The kind of the unit."""
        return self.unit.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of finding, in force from `from_on` until the day before `until_on`."""

    kind: str
    name: str
    owner: str
    made_by: Literal["comparison", "time"]
    term: int
    again: int
    legal_basis: str
    source: str
    answers: tuple[str, ...]
    resolutions: tuple[str, ...]
    from_on: date
    until_on: date | None = None
    unit: Literal["working_days", "days"] = "working_days"

    def due_on(self, day: date) -> date:
        """The last day in time of an answer owed from a day on."""
        return self._after(day, self.term)

    def due_again_on(self, day: date) -> date:
        """The same of an answer that was returned on a day."""
        return self._after(day, self.again)

    def code(self, word: str) -> "Code":
        """An answer or resolution this kind allows; refuses any other word."""
        if word not in self.answers + self.resolutions:
            allowed = ", ".join(f"{code} {CATALOGUE.codes[code].name}" for code in self.answers + self.resolutions)
            raise Refused(
                f"A finding {self.kind} {self.name} isn't answered or closed by {word}; it may be: {allowed}."
            )
        return CATALOGUE.codes[word]

    def _after(self, day: date, term: int) -> date:
        return add_working_days(day, term) if self.unit == "working_days" else day + timedelta(days=term)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An answer, or a resolution code R1-R13 销号代码; one with `instead` never closes a finding."""

    name: str
    evidence: str
    approvers: tuple[str, ...]
    by: tuple[str, ...] = ()
    expires: bool = False
    instead: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Kinds and codes that don't contradict each other."""

    kinds: tuple[Kind, ...]
    codes: Mapping[str, Code]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """Reads a catalogue; a fault is a `ValueError` that names the kind."""
        catalogue = cls(
            msgspec.convert(told["kind"], tuple[Kind, ...]), msgspec.convert(told["codes"], dict[str, Code])
        )
        for kind in catalogue.kinds:
            if unknown := set(kind.answers + kind.resolutions) - catalogue.codes.keys():
                message = f"finding {kind.kind}: no code is called {', '.join(sorted(unknown))}"
                raise ValueError(message)
            together = [other for other in catalogue.kinds if other.kind == kind.kind and other is not kind]
            if any(_overlap(kind, other) for other in together):
                message = f"finding {kind.kind}: two entries are in force on one day"
                raise ValueError(message)
        return catalogue

    def find(self, kind: str, *, on: date) -> Kind | None:
        """The entry of a kind on a day, the first one before all of them began; None for what is not listed."""
        entries = sorted((entry for entry in self.kinds if entry.kind == kind), key=lambda entry: entry.from_on)
        begun = [entry for entry in entries if entry.from_on <= on and (entry.until_on is None or on < entry.until_on)]
        if begun:
            return begun[-1]
        return entries[0] if entries else None

    def get(self, kind: str, *, on: date) -> Kind:
        """The entry of a kind on a day; refuses what is not listed."""
        found = self.find(kind, on=on)
        if found is None:
            raise Refused(f"No finding is of the kind {kind}; see services/roster/domain/findings.toml.")
        return found


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What the owner answered 答复, and who of it."""

    code: str
    evidence: str
    by: Officer
    on: date


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding that holds now: `due_on` is the last day in time of the step that is owed, `overdue` once that was told."""

    finding_id: UUID
    reason: str
    grounds: tuple[Ground, ...]
    owner: str
    raised_on: date
    legal_basis: str
    due_on: date | None = None
    answer: GivenAnswer | None = None
    overdue: bool = False

    @property
    def of_a_comparison(self) -> bool:
        """Whether it rests on rows of registers, so that a comparison may say that it no longer holds."""
        return not any(ground.register in OWN_RECORDS for ground in self.grounds)

    def is_late(self, today: date) -> bool:
        """Whether its last day has passed and nobody was told yet."""
        return self.due_on is not None and self.due_on < today and not self.overdue

    def may_be_answered(self, *, kind: Kind, code: str, by: Officer) -> None:
        """Refuses an answer of anybody but the owner, one that waits already, and words that aren't the owner's to say."""
        if by.unit != self.owner:
            raise Refused(f"This finding is owed by {self.owner}; only that unit answers it.")
        if self.answer is not None:
            raise Refused("This finding is answered already; accept_answer or return_answer comes first.")
        said = kind.code(code)
        if said.by and by.kind not in said.by:
            raise Refused(f"{code} {said.name} is an answer of {' or '.join(said.by)}.")

    def may_be_accepted(self, *, kind: Kind, by: Officer) -> GivenAnswer:
        """The answer that waits; refuses where none does, the person who gave it, and codes that never close."""
        answer = self.waiting("accept_answer")
        if by.person == answer.by.person:
            raise Refused("Who answered a finding can't accept the answer; a second person has to (销号).")
        may_close(kind=kind, code=answer.code, by=by)
        return answer

    def may_be_resolved(self, *, kind: Kind, code: str, by: Officer) -> None:
        """Refuses to settle by hand what is answered and waits, and what the settling unit owes itself."""
        if self.answer is not None:
            raise Refused("This finding is answered; accept_answer or return_answer says what is made of it.")
        if by.unit == self.owner:
            raise Refused("A unit doesn't settle what it owes: answer_finding, and a second person accepts it (销号).")
        may_close(kind=kind, code=code, by=by)

    def waiting(self, act: str) -> GivenAnswer:
        """The answer that waits to be accepted; refused where none does."""
        if self.answer is None:
            raise Refused(f"{act}: nobody has answered this finding yet.")
        return self.answer


def may_close(*, kind: Kind, code: str, by: Officer) -> None:
    """Refuses a code that doesn't close a finding of this kind, and a unit that may not approve it."""
    said = kind.code(code)
    if said.instead:
        raise Refused(f"{code} {said.name} closes no finding: {said.refused}. The way is {said.instead}.")
    may_approve(code=code, by=by)


def may_approve(*, code: str, by: Officer) -> None:
    """Refuses a unit that a code doesn't name as its approver."""
    said = CATALOGUE.codes[code]
    if by.kind not in said.approvers:
        raise Refused(f"{code} {said.name} is approved by {' or '.join(said.approvers)}.")


def in_the_clear(text: str, *, what: str) -> str:
    """A short text that will travel unsealed: refused when empty, over 500 characters, or holding a person's number."""
    text = text.strip()
    if not text or len(text) > _LONGEST_TEXT:
        raise Refused(f"Say {what} in 1 to {_LONGEST_TEXT} characters.")
    if _NUMBER_OF_A_PERSON.search(text):
        raise Refused(f"There is a number in {what} that looks like a person's; it is read by many, so leave it out.")
    return text


def unit_for(kind: str, *, school: str, township: str) -> str:
    """The unit of a kind that answers for a child; the bureau where the child has no school."""
    if kind == "township":
        return f"township:{township}"
    if kind == "school" and school:
        return f"school:{school}"
    return f"{APPROVER if kind == 'school' else kind}:{township[:6]}"


def _overlap(one: Kind, other: Kind) -> bool:
    return (one.until_on is None or other.from_on < one.until_on) and (
        other.until_on is None or one.from_on < other.until_on
    )


CATALOGUE: Final = Catalogue.of(
    tomllib.loads(resources.files(__package__).joinpath("findings.toml").read_text("utf-8"))
)
"""The catalogue as shipped."""

(EXCUSED,) = (word for word, code in CATALOGUE.codes.items() if code.expires)
"""The resolution by an approved deferral, R9; it holds as long as the deferral does."""
