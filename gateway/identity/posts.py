"""From what a provider says of somebody to the posts 岗位 they may sign in for: the file that BAOXUE_SIGN_IN names.

    issuer = "https://id.example.gov.cn/realms/county"    the provider, as it calls itself
    client_id = "baoxue"                                  how it calls the console
    address = "https://baoxue.example.gov.cn"             where offices reach the console
    account = "preferred_username"                        the claim that names an account; `sub` where it is left out

    [[posts]]
    claim = "groups"                                      a claim, or the path to one: ["realm_access", "roles"]
    value = "/bureau/office"                              what it says, or one of the values it holds
    unit = "education_bureau:410326"
    purposes = ["dropout_control", "assistance"]
    role = "head"                                         where the post is that of the unit's head

    [[posts]]
    claim = "groups"
    value = "/villages"
    kind = "village"                                      a kind of unit whose areas another claim names
    area_claim = "village_code"
    purposes = ["dropout_control"]

Whoever no line fits has no post and is not let in. A post that the policy grants nothing is refused when the gateway starts.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from gateway.access.policy import Policy
from gateway.access.principal import Principal, Unauthenticated, principal_of
from services.chassis.clock import Clock
from services.chassis.errors import Refused

Claim = str | tuple[str, ...]
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_AREAS: Final = 50
"""How many areas one claim may name: a list of all villages is no post."""


class Post(msgspec.Struct, frozen=True, order=True):
    """One of the posts somebody holds: for which unit, for what, as whom."""

    unit: str
    purpose: str
    role: str = "officer"


class PostRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who holds a post: those of whom `claim` says `value`."""

    claim: Claim
    value: str
    unit: str = ""
    kind: str = ""
    area_claim: Claim = ""
    purposes: tuple[str, ...]
    role: Literal["officer", "head", "developer"] = "officer"

    @property
    def kind_of_unit(self) -> str:
        """The kind of unit it is a post of."""
        return self.kind or self.unit.partition(":")[0]

    def units(self, claims: Mapping[str, Any]) -> Iterator[str]:
        """The units for which the claims give this post."""
        if self.value not in _texts(claims, self.claim):
            return
        if self.unit:
            yield self.unit
        else:
            yield from (f"{self.kind}:{area}" for area in _texts(claims, self.area_claim)[:_MOST_AREAS])


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: the provider, and who holds which post."""

    issuer: str
    client_id: str
    address: str
    account: Claim = "sub"
    scopes: tuple[str, ...] = ()
    """What is asked for besides `openid`."""
    posts: tuple[PostRule, ...]

    @property
    def callback(self) -> str:
        """Where the provider sends the browser back to; it has to be registered there."""
        return f"{self.address.rstrip('/')}/sign-in/callback"

    @property
    def after_sign_out(self) -> str:
        """Where the provider sends the browser after signing out; it has to be registered there too."""
        return f"{self.address.rstrip('/')}/sign-in"

    def account_of(self, claims: Mapping[str, Any]) -> str:
        """How the account is called in receipts; empty where the claims don't name it."""
        named = _texts(claims, self.account)
        return named[0] if len(named) == 1 else ""

    def posts_of(self, claims: Mapping[str, Any], *, policy: Policy, clock: Clock) -> tuple[Post, ...]:
        """The posts that the claims give, in the order of the file, each once; those whose area is no area of their kind are none."""
        account = self.account_of(claims)
        found = dict.fromkeys(
            Post(unit, purpose, rule.role)
            for rule in self.posts
            for unit in rule.units(claims)
            for purpose in rule.purposes
        )
        return tuple(post for post in found if _principal(post, account, policy=policy, clock=clock) is not None)


def read_sign_in(file: Path, *, policy: Policy, clock: Clock) -> SignIn | None:
    """The file, or None where nothing is set in it; raises `Refused` naming what can't be."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
        if not given:
            return None
        sign_in = msgspec.convert(given, SignIn)
    except FileNotFoundError:
        raise Refused(f"{file.name}, which BAOXUE_SIGN_IN names, is not there.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise Refused(f"{file.name} can't be read: {error}.") from None
    for name, address in (("issuer", sign_in.issuer), ("address", sign_in.address)):
        if not is_safe(address) or urlsplit(address).query or urlsplit(address).fragment:
            raise Refused(f"{file.name}: {name} is an https address without query or fragment.")
    for number, rule in enumerate(sign_in.posts, start=1):
        if why := _wrong_in(rule, policy=policy, clock=clock):
            raise Refused(f"{file.name}, post {number}: {why}")
    return sign_in


def is_safe(address: str) -> bool:
    """Whether an address is one of https; plain http only to this host itself."""
    parts = urlsplit(address)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or plain)


def _wrong_in(rule: PostRule, *, policy: Policy, clock: Clock) -> str:
    """What is wrong in a line; empty where nothing is."""
    if bool(rule.unit) == bool(rule.kind) or bool(rule.kind) != bool(rule.area_claim):
        return "give either unit, or kind and area_claim."
    if not rule.purposes:
        return "name a purpose."
    for purpose in rule.purposes:
        grants = policy.grants_of(kind=rule.kind_of_unit, purpose=purpose)
        if not grants.fields and not grants.commands:
            return f"the policy grants {rule.kind_of_unit!r} nothing for {purpose!r}."
        if rule.unit and _principal(Post(rule.unit, purpose), "someone", policy=policy, clock=clock) is None:
            return f"{rule.unit!r} is no unit, kind:area."
    return ""


def _principal(post: Post, account: str, *, policy: Policy, clock: Clock) -> Principal | None:
    try:
        return principal_of(
            actor=account, unit=post.unit, purpose=post.purpose, client="console", policy=policy, now=clock.now()
        )
    except Unauthenticated:
        return None


def _texts(claims: Mapping[str, Any], claim: Claim) -> list[str]:
    """What a claim says: one text, or each of a list; nothing else is a text."""
    found: Any = claims
    for name in (claim,) if isinstance(claim, str) else claim:
        found = found.get(name) if isinstance(found, Mapping) else None
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str) and one]
