"""The console's first page 控制台: what is here and what is not yet. It needs no script and shows nothing of anybody."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def pages() -> list[Route]:
    """The console's routes."""
    return [_file("/", "home.html", "text/html"), _file("/console.css", "console.css", "text/css")]


def _file(path: str, name: str, media_type: str) -> Route:
    content = files("gateway.console").joinpath(name).read_bytes()

    async def serve(_request: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return Route(path, serve)
