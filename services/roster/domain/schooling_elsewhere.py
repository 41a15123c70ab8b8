"""The proof that a child is at school outside the county in a term 外地就读核实 (N1.2); the next term asks for a new one."""

from datetime import date
from functools import cache
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.school_terms import Term, next_term, term_named, term_on
from services.chassis.working_days import add_working_days
from services.roster.domain.facts import Excuse
from services.roster.domain.findings import in_the_clear

PROVE_WITHIN: Final = 20
"""Working days from the first day of a term until the proof must be there; county default."""


@cache
def proof_due_after(term: Term, since: date) -> date:
    """The last day in time of a proof for a term, of a child who has been elsewhere since a day."""
    return add_working_days(max(term.starts_on, since), PROVE_WITHIN)


class SchoolingElsewhere(RecordedAggregate):
    """One child in one term."""

    TOPIC = "roster.SchoolingElsewhere"

    class Proved(RecordedAggregate.Event, Created):
        """A paper of the school there was shown 核实."""

        TOPIC = "roster.SchoolingElsewhere.Proved"
        child_id: UUID
        term: str
        place: str
        school_name: str
        proof: str
        proved_on: date

    @staticmethod
    def id_of(*, child_id: UUID, term: str) -> UUID:
        """The id of a child's proof for a term: there is one."""
        return uuid5(child_id, f"schooling-elsewhere/{term}")

    @classmethod
    def prove(
        cls, *, child_id: UUID, term: str, place: str, school_name: str, proof: str, today: date, known: bool = False
    ) -> "SchoolingElsewhere":
        """Keeps the proof for a term; refused where one is `known`, and for any term but the one that runs and the next."""
        if known:
            raise Refused(f"That this child is at school elsewhere in {term} was proved already.")
        if term_named(term) not in {term_on(today), next_term(term_on(today))}:
            raise Refused(f"Schooling elsewhere is proved for {term_on(today).name}, or the term after it.")
        return cls._create(
            cls.Proved,
            id=cls.id_of(child_id=child_id, term=term),
            child_id=child_id,
            term=term,
            place=in_the_clear(place, what="where the school is"),
            school_name=in_the_clear(school_name, what="the school's name"),
            proof=in_the_clear(proof, what="the number of the school's proof"),
            proved_on=today,
        )

    def excuse(self) -> Excuse:
        """What the child is accounted for by: until the proof for the next term is due."""
        following = next_term(term_named(self.term))
        until_on = proof_due_after(following, following.starts_on)
        return Excuse(self.id, "elsewhere", f"外地就读，{self.term}学期已核实", self.proved_on, until_on, self.proof)

    @event(Proved)
    def __init__(self, child_id: UUID, term: str, proof: str, proved_on: date) -> None:
        self.child_id = child_id
        self.term = term
        self.proof = proof
        self.proved_on = proved_on
