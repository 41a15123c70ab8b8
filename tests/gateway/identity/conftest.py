"""A gateway where people sign in at a real OpenID provider, over a socket."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from joserfc.jwk import RSAKey

from gateway.access.issuing import console_issuer
from gateway.access.principal import Tokens
from gateway.app import Gateway, build_gateway
from gateway.identity.office import Office
from gateway.identity.posts import PostRule, SignIn
from gateway.identity.provider import Provider
from services.chassis.clock import SteppedClock

HERE = Path(__file__).parent / "provider"
INSTALL_S: Final = 300
READY_S: Final = 30
CONSOLE: Final = "https://console.test"
SECRET: Final = "known to the provider and to the console"
ACCOUNTS: Final[dict[str, dict[str, Any]]] = {
    "u-1": {"preferred_username": "bureau-7", "groups": ["/bureau/office"]},
    "u-2": {"preferred_username": "both-3", "groups": ["/bureau/office", "/townships/xiaodian"]},
    "u-3": {"preferred_username": "cadre-5", "groups": ["/villages"], "village_code": "410326103005"},
    "u-4": {"preferred_username": "cook-1", "groups": ["/kitchen"]},
    "u-5": {"preferred_username": "cadre-6", "groups": ["/villages"], "village_code": "410326"},
    "u-6": {"preferred_username": "inspector-2", "groups": ["/supervision"]},
}
"""By their id at the provider: one post, two, one by a claim's area, none, none as the area is too wide, one that is not approved."""
POSTS: Final = (
    PostRule(claim="groups", value="/bureau/office", unit="education_bureau:410326", purposes=("dropout_control",)),
    PostRule(claim="groups", value="/townships/xiaodian", unit="township:410326103", purposes=("dropout_control",)),
    PostRule(
        claim="groups", value="/villages", kind="village", area_claim="village_code", purposes=("dropout_control",)
    ),
    PostRule(claim="groups", value="/supervision", unit="supervision:410326", purposes=("supervision",)),
)


@dataclass
class RealProvider:
    """The provider's process; its keys and accounts may change."""

    folder: Path
    port: int
    keys: list[RSAKey] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def know(self, accounts: dict[str, dict[str, Any]]) -> None:
        """From now on these are its accounts."""
        (self.folder / "accounts.json").write_text(json.dumps(accounts))

    def start(self) -> None:
        client = {
            "client_id": "baoxue",
            "client_secret": SECRET,
            "redirect_uris": [f"{CONSOLE}/sign-in/callback"],
            "post_logout_redirect_uris": [f"{CONSOLE}/sign-in"],
            "grant_types": ["authorization_code", "refresh_token"],
        }
        keys = [key.as_dict(private=True) for key in self.keys]
        told = {"port": self.port, "keys": keys, "accounts": str(self.folder / "accounts.json"), "client": client}
        self.process = subprocess.Popen(
            ["node", "serve.mjs", json.dumps(told)],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.kill()
            self.process.wait(READY_S)
            self.process.stdout.close()
            self.process = None


def a_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("NOT RUN: there is no npm to install a provider with")
        pytest.skip("NOT RUN: there is no npm to install a provider with")
    folder = tmp_path_factory.mktemp("provider")
    for name in ("package.json", "package-lock.json", "serve.mjs"):
        shutil.copy(HERE / name, folder)
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, timeout=INSTALL_S)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = RealProvider(folder, port, [a_key("first")])
    running.know(ACCOUNTS)
    running.start()
    yield running
    running.stop()


class Line(httpx.AsyncBaseTransport):
    """The way from the gateway to the provider: real, unless somebody on it changes what is answered, or it is cut."""

    def __init__(self) -> None:
        self.real = httpx.AsyncHTTPTransport()
        self.change: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None
        """Given an answer's path and JSON, what comes instead."""
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        answer = await self.real.handle_async_request(request)
        if self.change is None or answer.status_code != 200:
            return answer
        await answer.aread()
        return httpx.Response(200, json=self.change(request.url.path, json.loads(answer.content)))

    async def aclose(self) -> None:
        await self.real.aclose()


@dataclass
class Console:
    """A gateway outside development, and the line from it to the provider."""

    app: Gateway
    clock: SteppedClock
    line: Line
    runner: Any


@pytest.fixture
def console(gateway: Any, provider: RealProvider) -> Iterator[Console]:
    clock, line = SteppedClock(datetime.now(UTC)), Line()
    issuer = console_issuer(secret="console", audience="baoxue", clock=clock)
    sign_in = SignIn(
        issuer=provider.url, client_id="baoxue", address=CONSOLE, account="preferred_username", posts=POSTS
    )
    office = Office(
        sign_in=sign_in,
        provider=Provider(sign_in=sign_in, secret=SECRET, clock=clock, transport=line),
        issuer=issuer,
        policy=gateway.policy,
        clock=clock,
    )
    tokens = Tokens(
        issuers={issuer.issuer: issuer.keys},
        audience="baoxue",
        policy=gateway.policy,
        clock=clock,
        standing=gateway.warrants,
    )
    app = build_gateway(
        policy=gateway.policy,
        tokens=tokens,
        reader=gateway.reader,
        receipts=gateway.receipts,
        clock=clock,
        freshness=gateway.freshness,
        console_secret="console",
        office=office,
    )
    yield Console(app, clock, line, gateway.runner)
    gateway.runner.run(office.close())
    provider.know(ACCOUNTS)
