"""How the public is answered: pages from templates, without script, under headers that let nothing else run."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.chassis.telemetry import count

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noarchive",
}
_PAGES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.public", "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def answer(page: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **shown: object) -> Response:
    """A page of `pages/`, filled in."""
    content = _PAGES.get_template(page).render(**shown)
    return Response(content, status, media_type="text/html", headers={**HEADERS, **(headers or {})})


def style() -> Route:
    """What all of them look like."""
    content = files("gateway.public").joinpath("public.css").read_bytes()

    async def serve(_request: Request) -> Response:
        return Response(content, media_type="text/css", headers={**HEADERS, "cache-control": "max-age=3600"})

    return Route("/public.css", serve)


def refusal(outcome: str, message: str, *, status: int, retry_after_s: int | None = None) -> Response:
    """What was not done, in words, and counted."""
    count("baoxue.public", outcome=outcome)
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return answer("refused.html", status=status, headers=headers, message=message)
