"""Somebody with a browser before the console's pages: keeps cookies, follows links, fills forms in."""

import re
from html import unescape
from types import TracebackType
from typing import Any, Self
from weakref import WeakKeyDictionary

import httpx

_BEGUN: WeakKeyDictionary[Any, dict[str, httpx.Cookies]] = WeakKeyDictionary()
"""The sessions that were begun before a gateway, by account."""


class Browser:
    """A browser without scripts; `get` and `post` answer the page that is shown in the end."""

    def __init__(self, gateway: Any, app: Any = None) -> None:
        self.gateway = gateway
        self.app = app or gateway.app
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://gateway", follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.runner.run(self.http.aclose())

    def get(self, path: str, **sent: Any) -> httpx.Response:
        return self.gateway.runner.run(self.http.get(path, **sent))  # type: ignore[no-any-return]

    def post(self, path: str, form: dict[str, Any], **sent: Any) -> httpx.Response:
        return self.gateway.runner.run(self.http.post(path, data=form, **sent))  # type: ignore[no-any-return]

    def signs_in(self, account: str) -> "Browser":
        """Signs in as a demonstration account, in a session of its own."""
        page = self.post("/sign-in", {"account": account})
        assert page.status_code == 200, page.text
        return self

    def signed_in(self, account: str) -> "Browser":
        """Goes on in the account's session, which the first who asks begins: for whom signing in is not the matter."""
        begun = _BEGUN.setdefault(self.app, {})
        if account not in begun:
            begun[account] = Browser(self.gateway, self.app).signs_in(account).http.cookies
        self.http.cookies.update(begun[account])
        return self


def ticket_of(page: httpx.Response) -> str:
    """The ticket of a page's forms; any of them is good."""
    return re.findall(r'name="ticket" value="([^"]+)"', page.text)[-1]


def text_of(page: httpx.Response) -> str:
    """What a reader sees of a page, without the marks."""
    return unescape(re.sub(r"<[^>]+>", " ", page.text))
