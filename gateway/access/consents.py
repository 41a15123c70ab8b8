"""The register of consents 同意登记: what a warrant of kind `consent` rests on, and its being taken back (PIPL 14, 15, 31).

Departments with a duty by statute need no consent. Partners without one (mentors of the women's federation and the youth
league) see a child only while somebody who may say so has agreed: to this department, this purpose and these fields, for a
time, on paper or by word of mouth before a second official. From fourteen on the child is asked too, and a consent that was
given before ends on the eve of that birthday. Whoever may take a consent in may take its withdrawal in, for any child of its
area, whoever took the consent in: it has to be as easy to take back as it was to give.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from gateway.access.policy import Grants
from gateway.access.principal import Principal
from gateway.access.rules import RULES
from services.chassis.clock import CHINA, china_date
from services.chassis.errors import Refused

GIVERS: Final = ("father", "mother", "other_guardian")
"""Who agrees for a child 同意人: 父亲 / 母亲 / 其他监护人. Names stand on the paper, not here."""
WITHDRAWERS: Final = (*GIVERS, "child")
"""Who takes it back; from fourteen on the child itself may."""
FORMS: Final = ("paper", "spoken")
"""How it was said 方式: 书面 / 口头."""
WITHHELD: Final = frozenset({"name", "guardianName", "guardianPhone", "ageBand"})
"""Fields of a child that are shown only where the consent names them. What else the purpose is granted stands in every consent: a
department that must not know where a child goes to school can't look after it."""

_REGISTER: Final = b"""
    insert into consent (warrant_id, child_id, given_by, own_view, form, scan_id, witness, fields, stated_on, registered_at)
    values (%(warrant_id)s, %(child_id)s, %(consent_by)s, %(own_view)s, %(form)s, %(scan_id)s, %(witness)s, %(fields)s, %(stated_on)s,
      %(from_at)s) on conflict (warrant_id) do nothing"""
WITHDRAW: Final = b"""
    with ended as (
      insert into warrant_end (warrant_id, ended_at, ended_by, ended_for, end_reason)
      values (%(id)s, %(now)s, %(actor)s, %(unit)s, 'consent_withdrawn') on conflict (warrant_id) do nothing)
    insert into consent_withdrawal (warrant_id, withdrawn_by, form, stated_on, registered_at)
    values (%(id)s, %(withdrawn_by)s, %(form)s, %(stated_on)s, %(now)s) on conflict (warrant_id) do nothing"""
"""Ends the warrant and keeps who took it back, in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What somebody said: who, for which fields, how, on which day, and what the child itself thinks of it."""

    given_by: str
    form: str
    fields: tuple[str, ...]
    stated_on: date
    own_view: str = ""
    """`agrees` where the child was asked; it has to be from fourteen on."""
    scan_id: UUID | None = None
    """The attachment that shows the paper 同意书扫描件, sealed where it lies."""
    witness: str = ""
    """Account of the second official before whom it was said."""

    def parameters(self) -> dict[str, object]:
        """As the register takes it."""
        return {
            "consent_by": self.given_by,
            "own_view": self.own_view,
            "form": self.form,
            "scan_id": self.scan_id,
            "witness": self.witness,
            "fields": list(self.fields),
            "stated_on": self.stated_on,
        }


def registered(give: bytes) -> bytes:
    """The statement that gives a warrant, with the line of the register written beside it."""
    return b"with given as (" + give + b")" + _REGISTER


def fields_of(asked: Sequence[str] | None, *, grants: Grants) -> tuple[str, ...]:
    """The fields of a child a consent is about, as the purpose is granted them; all of them where none are named.

    Raises `Refused` for one the purpose has no grant for, and for one left out that the purpose can't do without.
    """
    granted = tuple(sorted(name for kind, name in grants.fields if kind == "Child"))
    if asked is None:
        return granted
    if foreign := sorted(set(asked) - set(granted)):
        raise Refused(
            f"This purpose shows no {', '.join(foreign)}; it shows {', '.join(granted)}. 该用途不含所列字段。"
        )
    if lacking := sorted(set(granted) - WITHHELD - set(asked)):
        raise Refused(
            f"Without {', '.join(lacking)} nothing can be done for this purpose; what may be left out is "
            f"{', '.join(sorted(WITHHELD & set(granted)))}. 同意书须包含该用途必需的字段。"
        )
    return tuple(sorted(set(asked)))


def require_consent(consent: Consent, *, birth: date | None, until_at: datetime, by: Principal, now: datetime) -> None:
    """Raises `Refused` where what was said is no consent the law knows."""
    today = china_date(now)
    if consent.given_by not in GIVERS:
        raise Refused(f"A consent is given by {', '.join(GIVERS)}. 同意须由监护人作出。")
    _require_form(consent.form, stated_on=consent.stated_on, today=today)
    if consent.form == "paper" and consent.scan_id is None:
        raise Refused(
            "A consent on paper is shown by its scan: put it in first (/files/attachments). 请先上传同意书扫描件。"
        )
    if consent.form == "spoken" and consent.witness.strip() in {"", by.actor}:
        raise Refused(
            "What is said is said before a second official: name that account. 口头同意须有另一名工作人员在场见证。"
        )
    if consent.own_view not in {"", "agrees"}:
        raise Refused(
            "A child that does not agree has given no consent; leave it empty or say `agrees`. 未成年人本人不同意的，不得登记。"
        )
    if consent.own_view == "agrees":
        return
    if birth is None:
        raise Refused("It isn't known how old the child is, so its own view is needed. 年龄不详的，须征求本人意见。")
    fourteen = _birthday(birth, RULES.consent.own_view_from_years)
    if fourteen <= today:
        raise Refused("From fourteen on the child's own view is needed. 已满十四周岁的，须本人同意。")
    if until_at > datetime.combine(fourteen, datetime.min.time(), tzinfo=CHINA):
        raise Refused(
            f"The child turns fourteen on {fourteen} and is asked itself from then on: the last day is "
            f"{fourteen - timedelta(days=1)}. 期限不得超过本人满十四周岁之前一日。"
        )


def require_withdrawal(*, withdrawn_by: str, form: str, stated_on: date, now: datetime) -> None:
    """Raises `Refused` where what was said is no withdrawal; no reason is asked for, and none is kept."""
    if withdrawn_by not in WITHDRAWERS:
        raise Refused(f"A consent is taken back by {', '.join(WITHDRAWERS)}. 同意由监护人或本人撤回。")
    _require_form(form, stated_on=stated_on, today=china_date(now))


def _require_form(form: str, *, stated_on: date, today: date) -> None:
    if form not in FORMS:
        raise Refused(f"It is said on {' or '.join(FORMS)}. 方式为书面或口头。")
    if stated_on > today:
        raise Refused("It was said today or before. 日期不得晚于今日。")


def _birthday(birth: date, years: int) -> date:
    """The day somebody turns an age; born on a 29 February, on 1 March of other years."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)
