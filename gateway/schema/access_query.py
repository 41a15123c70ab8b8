"""What Query tells of access itself 授权: warrants, and questions with a yes or a no. Its resolvers are plain."""

# mypy: disable-error-code="untyped-decorator"

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID, uuid5

import strawberry

from gateway.access.predicates import TriesNumbers
from gateway.schema.access import Consent, Verdict, Warrant
from gateway.schema.access_map import UNREVIEWED
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection, Info, Looking, page
from gateway.schema.supervision import Receipt
from services.chassis.errors import Refused

_TRIED: Final = UUID("5d9f6f2e-4b0a-4a63-9c1d-1f0c8f9a7b21")
Number = Annotated[str, strawberry.argument(name="idNumber", description="公民身份号码 the whole citizen number")]


async def _ask(info: Info, predicate: str, *, name: str, number: str) -> Verdict:
    looking = info.context
    if looking.predicates is None:
        raise Refused("This gateway answers no such questions.")
    try:
        verdict = await looking.predicates.ask(
            predicate, name=name, number=number, by=looking.principal, today=looking.today
        )
    except TriesNumbers:
        await _tell_supervision(looking)  # the notice may not have got through when the alarm was raised
        raise
    if verdict.child_id is not None:
        looking.touched.add(verdict.child_id)
        looking.rows_read += 1
    if verdict.alarm:
        await _tell_supervision(looking)
    return Verdict(answer=verdict.said, as_of=looking.today)


async def _tell_supervision(looking: Looking) -> None:
    """That somebody seems to try numbers out: one notice for an officer and a day, however often it is told."""
    if looking.commands is None:
        return
    by = looking.principal
    county = by.unit.partition(":")[2][:6]
    about = uuid5(_TRIED, f"{looking.today}/{by.unit}/{by.actor}")
    await looking.commands.tell(f"supervision:{county}", reason="numbers_tried", area=county, principal=by, about=about)


@strawberry.type(description="授权查询 what may be asked of access itself, and with a yes or a no for an answer.")
class AccessQuery:
    """What may be asked of access itself."""

    @strawberry.field(
        description="凭据 warrants of my area, or to my unit, newest first; `unreviewed`: break-glass not reviewed"
    )
    async def warrants(
        self,
        info: Info,
        kind: str | None = None,
        unreviewed: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Warrant]:
        """Warrants by kind, and whether break-glass was reviewed."""
        principal = info.context.principal
        where = "true" if principal.grants.relation("Warrant") == "area" else "unit = %(unit)s"
        if kind is not None:
            where += " and kind = %(kind)s"
        if unreviewed is not None:
            where += f" and {UNREVIEWED} = %(unreviewed)s"
        return await page(
            info.context,
            Warrant,
            where,
            keys={"coalesce(given_at, 'epoch'::timestamptz)": "timestamptz", "warrant_id": "uuid"},
            first=first,
            after=after,
            descending=True,
            given={"unit": principal.unit, "kind": kind, "unreviewed": unreviewed},
        )

    @strawberry.field(
        description="同意登记 consents for children of my area, or taken in by my unit, newest first; `ended`: taken back or ended"
    )
    async def consents(
        self,
        info: Info,
        child_id: UUID | None = None,
        ended: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Consent]:
        """The register of consents, by child and whether they still stand."""
        principal = info.context.principal
        where = "true" if principal.grants.relation("Consent") == "area" else "taken_for = %(unit)s"
        if child_id is not None:
            where += " and child_id = %(child)s"
        if ended is not None:
            where += " and (ended_at is not null) = %(ended)s"
        return await page(
            info.context,
            Consent,
            where,
            keys={"coalesce(given_at, 'epoch'::timestamptz)": "timestamptz", "warrant_id": "uuid"},
            first=first,
            after=after,
            descending=True,
            given={"unit": principal.unit, "child": child_id, "ended": ended},
        )

    @strawberry.field(
        description="查阅留痕 looks at children of my area, and what was asked by its units of nobody in particular or refused them, newest first;"
        " `since` included, `until` not"
    )
    async def looks(
        self,
        info: Info,
        department: str | None = None,
        actor: str | None = None,
        child_id: UUID | None = None,
        about: UUID | None = None,
        decision: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Receipt]:
        """Looks by unit, officer, child, report of the public, decision and time."""
        given = {"department": department, "actor": actor, "about": about, "decision": decision}
        conditions = [f"{name} = %({name})s" for name, value in given.items() if value is not None]
        conditions.append(
            "(exists (select from child where child_id = any(child_ids))"
            " or child_ids = '{}' and starts_with(split_part(department, ':', 2), %(lo)s))"
        )
        if child_id is not None:
            conditions.append("child_ids @> array[%(child)s::uuid]")
        if since is not None:
            conditions.append("at >= %(since)s")
        if until is not None:
            conditions.append("at < %(until)s")
        return await page(
            info.context,
            Receipt,
            " and ".join(conditions),
            keys={"at": "timestamptz", "receipt_id": "uuid"},
            first=first,
            after=after,
            descending=True,
            given={
                **given,
                "child": child_id,
                "since": since,
                "until": until,
                "lo": info.context.principal.parameters["lo"],
            },
        )

    @strawberry.field(
        description="身份相符 whether name and number belong together; unknown where nobody has the number"
    )
    async def identity_matches(self, info: Info, name: str, id_number: Number) -> Verdict:
        """Whether the county knows somebody of this name under this number."""
        return await _ask(info, "identityMatches", name=name, number=id_number)

    @strawberry.field(description="持残疾证 whether it holds a disability certificate")
    async def holds_disability_certificate(self, info: Info, name: str, id_number: Number) -> Verdict:
        """Whether the registers name a grade of disability."""
        return await _ask(info, "holdsDisabilityCertificate", name=name, number=id_number)

    @strawberry.field(description="享受低保 whether it lives on the minimum living allowance today")
    async def in_minimum_living(self, info: Info, name: str, id_number: Number) -> Verdict:
        """Whether its eligibility as 低保 is in force."""
        return await _ask(info, "inMinimumLiving", name=name, number=id_number)

    @strawberry.field(
        description="本学期在校 whether it is at school this term; unknown where that is being looked into"
    )
    async def enrolled_this_term(self, info: Info, name: str, id_number: Number) -> Verdict:
        """Whether it is accounted for at a school."""
        return await _ask(info, "enrolledThisTerm", name=name, number=id_number)
