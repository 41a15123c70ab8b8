"""Somebody with a browser who signs in at a provider: through the console's pages and the provider's own."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.gateway.console.browsing import Browser
from tests.gateway.identity.conftest import CONSOLE, Console


class Officer(Browser):
    """A browser that reaches the console in this process and the provider over its socket; redirects are followed one by one."""

    def __init__(self, console: Console) -> None:
        self.gateway = console
        self.http = httpx.AsyncClient(
            mounts={CONSOLE: httpx.ASGITransport(console.app)}, base_url=CONSOLE, follow_redirects=False
        )

    def follow(self, answer: httpx.Response, *, until: str = "\0") -> httpx.Response:
        """Where an answer leads in the end, or the redirect to an address that begins with `until`."""
        while answer.is_redirect and not answer.headers["location"].startswith(until):
            answer = self.get(str(answer.url.join(answer.headers["location"])))
        return answer

    def way_back(self, account: str, *, next_path: str = "") -> str:
        """Goes to the provider and signs in there; the address that leads back, not gone to yet."""
        page = self.follow(self.get(f"/sign-in/office{next_path and f'?next={next_path}'}"), until=CONSOLE)
        if page.status_code == 200:  # the provider's form; without it, it knows this browser
            form = {"prompt": "login", "login": account, "password": "any"}
            page = self.follow(self.post(place_of(page), form), until=CONSOLE)
        return str(page.headers["location"])

    def signs_in(self, account: str, *, next_path: str = "") -> httpx.Response:
        """Through the provider and back; the page that is shown then."""
        return self.follow(self.get(self.way_back(account, next_path=next_path)))

    @property
    def is_in(self) -> bool:
        """Whether the console shows its first page."""
        return self.get("/").status_code == 200

    def cookies(self) -> dict[str, Any]:
        return {cookie.name: cookie.value for cookie in self.http.cookies.jar if cookie.domain == "console.test"}


def place_of(page: httpx.Response) -> str:
    """Where a page's form goes."""
    return str(page.url.join(unescape(re.findall(r'<form[^>]*action="([^"]+)"', page.text)[0])))


def given(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def link_of(page: httpx.Response) -> str:
    """Where a page leads on to by itself."""
    return unescape(re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)[0])


def hidden(page: httpx.Response, name: str) -> str:
    """A hidden field of a page's form."""
    return unescape(re.findall(rf'name="{name}" value="([^"]+)"', page.text)[0])
