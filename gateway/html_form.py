"""A form of one of our own pages as it came back: bounded, from nowhere else, and read into its fields; for every page alike."""

from urllib.parse import parse_qsl

from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"


class Unreadable(Exception):
    """What was sent is no form of ours; the message says so to whoever sent it, and quotes nothing."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def refuse_from_elsewhere(request: Request) -> None:
    """Refuses what another site's page had a browser send; raises `Unreadable`."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Unreadable("请从本网页填写并提交。", status=403)


async def read_pairs(request: Request, *, most_bytes: int, most_fields: int) -> list[tuple[str, str]]:
    """The fields in their order, a name as often as it was sent; raises `Unreadable`."""
    refuse_from_elsewhere(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        raise Unreadable("请从本网页填写并提交。", status=415)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise Unreadable("内容太长。", status=413)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most_fields, errors="strict")
    except ValueError:
        raise Unreadable("请从本网页填写并提交。") from None
    return [(name, value.replace("\r\n", "\n").replace("\0", "")) for name, value in pairs]
