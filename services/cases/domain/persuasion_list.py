"""A township's monthly list of dropouts who were persuaded 劝返清单: who came back, who did not, signed by six persons in order.

The six are village secretary, head of the township's central school, head of the junior school, the township's deputy in
charge, its head, and the bureau's leader of the area (a form in use in several counties). Whoever signs signs for all
before.
"""

import re
from datetime import date
from typing import Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

_LISTS = UUID("5d2b8a3e-6b0b-5a0f-9a54-6d0f3b1c7e21")
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


def month_of(text: str, *, act: str) -> str:
    """A month as `2026-10`; refuses anything else."""
    if not _MONTH.fullmatch(text):
        raise Refused(f"{act}: write the month as 2026-10.")
    return text


class PersuasionList(RecordedAggregate):
    """One township's list of one month."""

    TOPIC = "cases.PersuasionList"

    class Opened(RecordedAggregate.Event, Created):
        """The list was made up 造册."""

        TOPIC = "cases.PersuasionList.Opened"
        township: str
        month: str
        returned: tuple[UUID, ...]
        not_returned: tuple[UUID, ...]
        opened_on: date

    class Signed(RecordedAggregate.Event):
        """One of the six signed 签字."""

        TOPIC = "cases.PersuasionList.Signed"
        township: str
        month: str
        role: str
        signer: str
        complete: bool
        signed_on: date

    @staticmethod
    def id_of(*, township: str, month: str) -> UUID:
        """The id of a township's list of a month: there is one."""
        return uuid5(_LISTS, f"{township}/{month}")

    # Decisions

    @classmethod
    def open(
        cls, *, township: str, month: str, returned: tuple[UUID, ...], not_returned: tuple[UUID, ...], today: date
    ) -> Self:
        """Makes up a list of the month's cases; each stands in one half only."""
        if set(returned) & set(not_returned):
            raise Refused("open_persuasion_list: a child has come back or it has not; no case stands in both halves.")
        month = month_of(month, act="open_persuasion_list")
        return cls._create(
            cls.Opened,
            id=cls.id_of(township=township, month=month),
            township=township,
            month=month,
            returned=returned,
            not_returned=not_returned,
            opened_on=today,
        )

    def sign(self, *, role: str, signer: str, holders: frozenset[str], today: date) -> None:
        """Signs in one's turn; refused out of turn, for who signed in another role, and for who isn't among `holders`.

        `holders` are the accounts that answer today in the post of this role within the township.
        """
        catalogue.known(role, words=catalogue.SIGNATURES, what="signature")
        order = list(catalogue.SIGNATURES)
        if len(self.signers) == len(order):
            raise Refused("sign_persuasion_list: all six have signed this list.")
        turn = order[len(self.signers)]
        if role != turn:
            raise Refused(f"sign_persuasion_list: it is the turn of {turn} {catalogue.SIGNATURES[turn].name}.")
        if signer in self.signers:
            raise Refused("sign_persuasion_list: six persons sign; who signed in one role doesn't sign in another.")
        if signer not in holders:
            raise Refused(
                f"sign_persuasion_list: you don't hold the post {role} {catalogue.SIGNATURES[role].name} in this township; "
                "fill_post or hand_over_post says who does (N2.2)."
            )
        self.trigger_event(
            self.Signed,
            township=self.township,
            month=self.month,
            role=role,
            signer=signer,
            complete=role == order[-1],
            signed_on=today,
        )

    # Evolution

    @event(Opened)
    def __init__(self, township: str, month: str) -> None:
        self.township = township
        self.month = month
        self.signers: list[str] = []

    @event(Signed)
    def _signed(self, signer: str) -> None:
        self.signers.append(signer)
