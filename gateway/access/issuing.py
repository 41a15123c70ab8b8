"""Who issues access tokens here: the console to whoever signed in at it, and in development anybody's demonstration accounts.

Partners' tokens come from the issuer of the installation, of which only the public keys are known; see `principal.Tokens`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from gateway.access.principal import ALGORITHMS
from services.chassis.clock import Clock


class Issuer:
    """Signs access tokens with one key."""

    def __init__(self, *, key: OKPKey, issuer: str, audience: str, client: str, clock: Clock) -> None:
        """`client` is what the tokens call the program that shows them."""
        self.issuer = issuer
        self._key = key
        self._audience = audience
        self._client = client
        self._clock = clock

    async def keys(self) -> Mapping[str, Any]:
        """The JWKS document of its one key."""
        return {"keys": [self._key.as_dict(private=False)]}

    def mint_for(self, *, actor: str, unit: str, purpose: str, minutes: int = 10, **more: str) -> str:
        """A token for any actor, unit and purpose; `more` are claims such as `role`, `case` and `referral`."""
        now = self._clock.now()
        claims = {
            "iss": self.issuer,
            "aud": self._audience,
            "sub": actor,
            "client_id": self._client,
            "jti": str(uuid4()),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=minutes)).timestamp()),
            "unit": unit,
            "purpose": purpose,
            **more,
        }
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=ALGORITHMS)


CONSOLE_ISSUER: Final = "urn:baoxue:console"
"""What the console calls itself where it issues tokens to whoever signed in at it."""


def console_issuer(*, secret: str, audience: str, clock: Clock) -> Issuer:
    """The console's own issuer: its key is made of a secret that all gateways of an installation share, and no other program has."""
    seed = hashlib.blake2b(secret.encode(), digest_size=32, person=b"console tokens").digest()
    kid = hashlib.blake2b(seed, digest_size=8, person=b"console key id").hexdigest()
    key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed), {"kid": kid, "use": "sig"})
    return Issuer(key=key, issuer=CONSOLE_ISSUER, audience=audience, client="console", clock=clock)


@dataclass(frozen=True, slots=True)
class Account:
    """A demonstration account; nobody's name."""

    unit: str
    purpose: str
    role: str = "officer"


DEMO_ACCOUNTS: Mapping[str, Account] = {
    "bureau-office": Account("education_bureau:410326", "dropout_control"),
    "bureau-assistance": Account("education_bureau:410326", "assistance"),
    "xiaodian-officer": Account("township:410326103", "dropout_control"),
    "santun-officer": Account("township:410326104", "dropout_control"),
    "school-principal": Account("school:3141000300", "dropout_control"),
    "village-cadre": Account("village:410326103005", "dropout_control"),
    "police-officer": Account("public_security:410326", "identity_check"),
    "civil-affairs-officer": Account("civil_affairs:410326", "social_relief"),
    "disability-officer": Account("disabled_federation:410326", "disability_placement"),
    "rural-affairs-officer": Account("rural_affairs:410326", "assistance"),
    "rural-affairs-head": Account("rural_affairs:410326", "assistance", "head"),
    "justice-officer": Account("justice:410326", "legal_action"),
    "inspector": Account("supervision:410326", "supervision"),
    "supervision-head": Account("supervision:410326", "supervision", "head"),
    "statistician": Account("statistics:410326", "statistics"),
}


DEVELOPMENT_ISSUER = "https://baoxue.invalid/development"
"""What the built-in issuer calls itself."""


class DevelopmentIssuer(Issuer):
    """Issues tokens to anybody who asks, for demonstrations and tests; refuses to exist unless `enabled` says so."""

    def __init__(self, *, enabled: bool, issuer: str, audience: str, clock: Clock) -> None:
        if not enabled:
            message = "The development issuer gives tokens to anybody; enable it expressly, and never with real data."
            raise RuntimeError(message)
        key = OKPKey.generate_key("Ed25519", {"kid": str(uuid4()), "use": "sig"})
        super().__init__(key=key, issuer=issuer, audience=audience, client="development", clock=clock)

    def mint(self, name: str, *, minutes: int = 10) -> str:
        """A token for a demonstration account."""
        account = DEMO_ACCOUNTS[name]
        return self.mint_for(actor=name, unit=account.unit, purpose=account.purpose, role=account.role, minutes=minutes)
