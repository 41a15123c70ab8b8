"""An office's identity provider 统一身份认证, asked by OpenID Connect: authorization code with PKCE, and nothing else.

What the provider says of itself is read from its discovery document when it is first needed, and its keys when a token names
one that is not known. Every answer has to come in five seconds and be small. A token is good by its signature (of `ALGORITHMS`
only), issuer, audience, time and nonce, and for nothing else; why one was not is logged by one word, and told to nobody.
"""

import asyncio
import hashlib
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode

import httpx
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from gateway.identity.posts import SignIn, is_safe
from services.chassis.clock import Clock

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Signatures that are taken: never none, and none by a secret that is shared."""
TIMEOUT_S: Final = 5.0
SKEW_S: Final = 60
"""How far the provider's clock may be from ours."""
_MOST_BYTES: Final = 256 * 1024
_KNOWN_FOR: Final = timedelta(hours=1)
_KINDS_OF_KEYS: Final = frozenset({"RSA", "EC", "OKP"})
_log = logging.getLogger("baoxue.gateway.identity")
T = TypeVar("T")


class Unreachable(Exception):
    """The provider gives no answer, or none of its form."""


class NotVouched(Exception):
    """The provider does not vouch for whoever came back, or what came back is not the provider's word; why is a word for the log."""


class Way(msgspec.Struct, frozen=True):
    """One try to sign in: what must come back with it, and what only whoever began it knows."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> "Way":
        """A new one, which nobody can guess."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for: its id there, all it says, and by what it can be asked again."""

    subject: str
    claims: Mapping[str, Any]
    refresh: str


class _Discovered(msgspec.Struct, frozen=True):
    """What a provider says of itself: OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str = ""
    refresh_token: str = ""


class _Error(msgspec.Struct, frozen=True):
    error: str = ""


class Provider:
    """Asks one provider in the name of the console."""

    def __init__(
        self, *, sign_in: SignIn, secret: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`secret` is what the provider knows the console by."""
        self._sign_in = sign_in
        self._auth = httpx.BasicAuth(quote_plus(sign_in.client_id), quote_plus(secret))  # RFC 6749, 2.3.1
        self._clock = clock
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT_S, transport=transport, follow_redirects=False, limits=httpx.Limits(max_connections=16)
        )
        self._discovered: tuple[datetime, _Discovered] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    async def close(self) -> None:
        """Lets go of its connections."""
        await self._http.aclose()

    async def way_in(self, way: Way) -> str:
        """The provider's address that a browser is sent to; raises `Unreachable`."""
        challenge = urlsafe_b64encode(hashlib.sha256(way.verifier.encode()).digest()).decode().rstrip("=")
        return _with(
            (await self._discover()).authorization_endpoint,
            response_type="code",
            client_id=self._sign_in.client_id,
            redirect_uri=self._sign_in.callback,
            scope=" ".join(("openid", *self._sign_in.scopes)),
            state=way.state,
            nonce=way.nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )

    async def way_out(self) -> str:
        """Where a browser signs out at the provider; empty where it has no such place. Raises `Unreachable`."""
        place = (await self._discover()).end_session_endpoint
        # No id_token_hint: it would carry who somebody is in an address. The provider asks its user once more instead.
        client, back = self._sign_in.client_id, self._sign_in.after_sign_out
        return _with(place, client_id=client, post_logout_redirect_uri=back) if place else ""

    async def arrived(self, given: Mapping[str, str], way: Way) -> Vouched:
        """Whom the provider vouches for, by what a browser brought back from it; raises `NotVouched`, `Unreachable`."""
        discovered = await self._discover()
        if not secrets.compare_digest(given.get("state", "").encode(), way.state.encode()):
            raise NotVouched("state")
        issuer = given.get("iss", "")
        if (issuer or discovered.authorization_response_iss_parameter_supported) and issuer != self._sign_in.issuer:
            raise NotVouched("iss of the answer")  # RFC 9207: another provider's answer
        if "code" not in given:
            raise NotVouched("no code")
        return await self._ask_for_token(
            {
                "grant_type": "authorization_code",
                "code": given["code"],
                "redirect_uri": self._sign_in.callback,
                "code_verifier": way.verifier,
            },
            nonce=way.nonce,
        )

    async def again(self, refresh: str, *, subject: str) -> Vouched:
        """Whether the provider still vouches for somebody, and what it says of them now; raises `NotVouched`, `Unreachable`."""
        vouched = await self._ask_for_token({"grant_type": "refresh_token", "refresh_token": refresh}, nonce=None)
        if vouched.subject != subject:
            raise NotVouched("sub")
        return vouched

    async def _ask_for_token(self, form: Mapping[str, str], *, nonce: str | None) -> Vouched:
        place = (await self._discover()).token_endpoint
        status, raw = await self._call("POST", place, data=form, auth=self._auth)
        if status == 400 and (why := _read(raw, _Error).error) in {"invalid_grant", "invalid_request"}:
            raise NotVouched(why)
        if status != 200:
            _log.error(
                "the provider answers %d where tokens are given: are client_id and sign-in.secret right?", status
            )
            raise Unreachable
        tokens = _read(raw, _Tokens)
        claims = await self._checked(tokens.id_token, nonce=nonce)
        return Vouched(claims["sub"], claims, tokens.refresh_token or form.get("refresh_token", ""))

    async def _checked(self, token: str, *, nonce: str | None) -> dict[str, Any]:
        """The claims of an ID token: OpenID Connect Core 1.0, sections 3.1.3.7 and 12.2."""
        try:
            kid = str(jws.extract_compact(token.encode()).headers().get("kid"))
            claims = dict(jwt.decode(token, await self._keys_with(kid), algorithms=ALGORITHMS).claims)
            one = {"essential": True}
            JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=SKEW_S,
                iss={"essential": True, "value": self._sign_in.issuer},
                aud={"essential": True, "value": self._sign_in.client_id},
                **dict.fromkeys(("sub", "exp", "iat"), one),  # type: ignore[arg-type]
            ).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotVouched(type(error).__name__) from None
        if claims["aud"] not in (self._sign_in.client_id, [self._sign_in.client_id]):
            raise NotVouched("aud")  # for others as well: whom we don't know
        if claims.get("azp", self._sign_in.client_id) != self._sign_in.client_id:
            raise NotVouched("azp")
        if nonce is not None and not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotVouched("nonce")
        return claims

    async def _keys_with(self, kid: str) -> KeySet:
        """The provider's keys, asked for again where `kid` is none of them: only its own token can name one."""
        now = self._clock.now()
        if self._keys is not None:
            asked_at, known = self._keys
            if now - asked_at < _KNOWN_FOR and any(key.kid == kid for key in known.keys):
                return known
        found = await self._get((await self._discover()).jwks_uri, dict[str, Any])
        keys = [key for key in found.get("keys", []) if key.get("kty") in _KINDS_OF_KEYS and key.get("use") != "enc"]
        self._keys = (now, KeySet.import_key_set({"keys": keys}))
        return self._keys[1]

    async def _discover(self) -> _Discovered:
        now = self._clock.now()
        if self._discovered is not None and now - self._discovered[0] < _KNOWN_FOR:
            return self._discovered[1]
        place = f"{self._sign_in.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._get(place, _Discovered)
        places = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.end_session_endpoint]
        if found.issuer != self._sign_in.issuer or not all(is_safe(one) for one in places if one):
            _log.error("the provider calls itself another name than BAOXUE_SIGN_IN does, or has a place without TLS")
            raise Unreachable
        self._discovered = (now, found)
        return found

    async def _get(self, place: str, kind: type[T]) -> T:
        status, raw = await self._call("GET", place)
        if status != 200:
            raise Unreachable
        return _read(raw, kind)

    async def _call(self, method: str, place: str, **sent: Any) -> tuple[int, bytes]:
        raw = bytearray()
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._http.stream(method, place, headers={"accept": "application/json"}, **sent) as answer,
            ):
                async for part in answer.aiter_bytes():
                    raw += part
                    if len(raw) > _MOST_BYTES:
                        raise Unreachable
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            _log.warning("the provider gives no answer: %s", type(error).__name__)
            raise Unreachable from None
        return answer.status_code, bytes(raw)


def _read(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreachable from None


def _with(place: str, **parameters: str) -> str:
    return f"{place}{'&' if '?' in place else '?'}{urlencode(parameters)}"
