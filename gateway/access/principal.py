"""Who asks: a person's account, acting for a unit, for one purpose. Tokens are RFC 9068 access tokens.

A token carries `unit` (`kind:area`) and `purpose` beside the registered claims; one token, one purpose. It may say that its
bearer is the unit's `head` or a `developer`, and name the one `case` or `referral` it is about. Verified tokens are kept by the hash of
their text, at most a minute and never past their end: a token withdrawn is one not renewed, and what a purpose rests on
besides (an approval, an open case) is asked again each minute, see `Standing`.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.access.policy import WARRANTED, Grants, Policy, Relation
from gateway.access.rules import RULES
from gateway.readmodel.reading import Claims, claims
from services.chassis.clock import Clock, china_date
from services.chassis.errors import Forbidden

ALGORITHMS = ["EdDSA", "Ed25519"]
_UNIT = re.compile(r"([a-z_]{1,40}):([0-9A-Za-z]{1,20})")
_ACTOR = re.compile(r"[A-Za-z0-9_.:@-]{1,80}")
_OURS = frozenset({"clock", "public"})
"""Who is recorded where nobody's account acted; policies go by `policy:` and their service."""
_DIGITS_OF_A_COUNTY = 6
_DIGITS: Mapping[str, int] = {"township": 9, "village": 12}
"""How long the code of a unit's area is: a shorter one would widen in silence, so it is refused."""
_WIDEST_S = 60.0
_TIMED = WARRANTED | {Relation.REFERRAL}
"""What opens rows for a time, by claims that say what time it is: they are made anew each minute."""
_MOST_TOKENS = 4096
_MOST_BYTES = 8192


class Unauthenticated(Exception):
    """The token is missing, out of time, or not one of our issuer's; why is not told to the caller."""


@dataclass(frozen=True, slots=True)
class About:
    """The one matter a token is for: a case, or a referral to the unit."""

    kind: str
    id: UUID


class NotApproved(Forbidden):
    """The purpose is not approved for this officer, or what the token is about has ended."""

    def __init__(self, principal: "Principal") -> None:
        super().__init__(
            f"{principal.purpose} is not approved for this officer of {principal.grants.kind}, or what the token is about"
            " has ended: ask the head of your unit. 该用途未经本单位负责人审批，或所涉事项已办结。"
        )
        self.principal = principal


class Standing(Protocol):
    """Knows what a purpose rests on besides the token: approvals, and whether the matter it is about is still open."""

    async def of(self, principal: "Principal", *, now: datetime) -> "Principal":
        """The principal as it may look now; raises `NotApproved`."""
        ...


@dataclass(frozen=True)
class Principal:
    """Who asks, for whom, on what ground, and what that opens."""

    actor: str
    unit: str
    purpose: str
    client: str
    grants: Grants
    claims: Claims
    """The session settings of row security, see `readmodel/tables.sql`; a claim that opens nothing is empty."""
    is_head: bool = False
    """Whether this is the unit's head 单位负责人, who approves purposes and reviews break-glass."""
    about: About | None = None
    is_developer: bool = False
    """Whether this account may ask for the schema itself 开发人员; it sees no more of anybody for it."""

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The same, as the compiler's statements name them: lo, hi, village …"""
        return {name.removeprefix("app."): text for name, text in self.claims}

    @property
    def kind(self) -> str:
        """The kind of department, such as `township`."""
        return self.unit.partition(":")[0]


def principal_of(
    *,
    actor: str,
    unit: str,
    purpose: str,
    client: str,
    policy: Policy,
    now: datetime,
    is_head: bool = False,
    about: About | None = None,
    is_developer: bool = False,
) -> Principal:
    """The principal of these claims; raises `Unauthenticated` where a unit or an area is not of its form."""
    match = _UNIT.fullmatch(unit)
    if match is None or not _ACTOR.fullmatch(actor):
        raise Unauthenticated
    kind, area = match.groups()
    grants = policy.grants_of(kind=kind, purpose=purpose)
    opened = _claims(kind, area, unit=unit, actor=actor, grants=grants, now=now)
    return Principal(actor, unit, purpose, client, grants, opened, is_head, about, is_developer)


def _claims(kind: str, area: str, *, unit: str, actor: str, grants: Grants, now: datetime) -> Claims:
    reach = grants.reach
    digits = _DIGITS.get(kind, _DIGITS_OF_A_COUNTY)
    if reach not in {None, Relation.SCHOOL} and not re.fullmatch(rf"[0-9]{{{digits}}}", area):
        raise Unauthenticated
    low, high = area_range(area) if reach is Relation.AREA else ("", "")
    open_low, open_high = area_range(area) if reach is Relation.CASE else ("", "")
    referral, warranted = reach is Relation.REFERRAL, reach in WARRANTED
    since = china_date(now) - timedelta(days=RULES.referral.grace_days)
    return claims(
        lo=low,
        hi=high,
        village=area if reach is Relation.VILLAGE else "",
        school=area if reach is Relation.SCHOOL else "",
        unit=unit,
        kind=kind if referral else "",
        area=area if referral else "",
        receipts="on" if ("Query", "receipts") in grants.fields else "",
        journal="on" if ("Query", "replayCase") in grants.fields else "",
        open_lo=open_low,
        open_hi=open_high,
        since=since.isoformat() if referral else "",
        warrant=str(reach) if warranted else "",
        actor=actor if warranted else "",
        purpose=grants.purpose if warranted else "",
        # The minute's end: claims that stay equal stay on their connection, and nothing lasts longer than it was given for.
        at=_end_of_minute(now).isoformat() if warranted else "",
    )


def _end_of_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def area_range(code: str) -> tuple[str, str]:
    """The codes of an area as a range [low, high): a county (6 digits) holds its townships, a township (9) itself."""
    return code, str(int(code) + 1).zfill(len(code))


Keys = Callable[[], Awaitable[Mapping[str, Any]]]
"""Gives an issuer's JWKS document."""


class Tokens:
    """Verifies access tokens against their issuers' keys: no issuer's key is good for another's token."""

    def __init__(
        self,
        *,
        issuers: Mapping[str, Keys],
        audience: str,
        policy: Policy,
        clock: Clock,
        standing: Standing | None = None,
    ) -> None:
        """`issuers` are those whose tokens are taken, by name; one's keys are asked for again at a key not known yet, at most once a minute.

        Without `standing` a purpose that needs an approval, and a token about one matter, open nothing.
        """
        self._issuers = {name: _Issuer(keys) for name, keys in issuers.items()}
        self._audience = audience
        self._policy = policy
        self._clock = clock
        self._standing = standing or _Nothing()
        self._verified: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """The principal of a token; raises `Unauthenticated` and `NotApproved`."""
        now = self._clock.now().timestamp()
        digest = hashlib.sha256(token.encode()).digest()
        until, principal = self._verified.get(digest, (0.0, None))
        if principal is not None and now < until:
            return principal
        claims = await self._claims(token, now=now)
        principal = principal_of(
            actor=_person(claims),
            unit=_text(claims, "unit"),
            purpose=_text(claims, "purpose"),
            client=_text(claims, "client_id"),
            policy=self._policy,
            now=datetime.fromtimestamp(now, UTC),
            is_head=claims.get("role") == "head",
            about=_about(claims),
            is_developer=claims.get("role") == "developer",
        )
        principal = await self._standing.of(principal, now=datetime.fromtimestamp(now, UTC))
        until = min(float(claims["exp"]), now + _WIDEST_S)
        if principal.grants.reach in _TIMED:
            until = min(until, _end_of_minute(datetime.fromtimestamp(now, UTC)).timestamp())
        self._verified[digest] = (until, principal)
        while len(self._verified) > _MOST_TOKENS:
            self._verified.popitem(last=False)
        return principal

    async def _claims(self, token: str, *, now: float) -> dict[str, Any]:
        if len(token) > _MOST_BYTES:
            raise Unauthenticated
        try:
            shown = jws.extract_compact(token.encode())
            header = shown.headers()
            issuer = self._issuers[msgspec.json.decode(shown.payload)["iss"]]
            known = await issuer.keys_with(str(header.get("kid")), now=now)
            claims = jwt.decode(token, known, algorithms=ALGORITHMS).claims
        except (JoseError, msgspec.DecodeError, ValueError, KeyError, TypeError):
            raise Unauthenticated from None
        audience = claims.get("aud")
        mine = self._audience in audience if isinstance(audience, list) else self._audience == audience
        expires, begins = claims.get("exp"), claims.get("nbf", 0)
        timely = isinstance(expires, int | float) and isinstance(begins, int | float) and begins <= now < expires
        if header.get("typ") != "at+jwt" or not mine or not timely:
            raise Unauthenticated
        _text(claims, "jti")
        return dict(claims)


class _Issuer:
    """One issuer, and the keys it was last seen to have."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known = KeySet([])
        self._asked_at = float("-inf")

    async def keys_with(self, kid: str, *, now: float) -> KeySet:
        """Its keys, asked for again where `kid` is none of them."""
        if all(key.kid != kid for key in self._known.keys) and now - self._asked_at >= _WIDEST_S:
            self._asked_at = now
            self._known = KeySet.import_key_set({"keys": list((await self._keys())["keys"])})
        return self._known


class _Nothing:
    """What a purpose rests on where nobody knows: nothing."""

    async def of(self, principal: Principal, *, now: datetime) -> Principal:  # noqa: ARG002  # the protocol's
        if principal.about is not None or principal.grants.needs_head:
            raise NotApproved(principal)
        return principal


def _about(claims: Mapping[str, Any]) -> About | None:
    named = [kind for kind in ("case", "referral") if kind in claims]
    if not named:
        return None
    try:
        [kind] = named
        return About(kind, UUID(_text(claims, kind)))
    except ValueError:
        raise Unauthenticated from None


def _person(claims: Mapping[str, Any]) -> str:
    """Whose account it is; raises `Unauthenticated` for a name under which the system itself acts."""
    actor = _text(claims, "sub")
    if actor in _OURS or actor.startswith("policy:"):
        raise Unauthenticated
    return actor


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Unauthenticated
    return value
