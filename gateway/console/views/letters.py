"""致监护人文书: the runs with how far they have come, and the page behind the QR code of a letter, on which its service is kept."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid5

from starlette.responses import Response

from gateway.console.asking import Said, given_at_once
from gateway.console.caller import Caller
from gateway.console.views import acts
from gateway.console.views.uploads import Part, form_of
from gateway.words import WORDS

SERVE: Final = "serveLetter"
OPEN: Final = "openLetterRun"


async def show(caller: Caller) -> Response:
    """The runs, and by which townships their letters can be printed."""
    found = await caller.ask("letters", after=caller.given("after"))
    page = found.get("letterRuns", {})
    return caller.page(
        "letters.html",
        runs=page.get("nodes", ()),
        more=page.get("pageInfo", {}),
        townships=found.get("townships", ()),
        may_print=caller.granted.may("printLetters"),
        as_pdf=caller.console.makes_pdf,
        opens=(OPEN, acts.title_of(caller, OPEN)) if caller.granted.may(OPEN) else None,
    )


async def show_one(caller: Caller) -> Response:
    """The letter of a code, and the form to keep its service. Raises `Said` NOT_FOUND where it is not within reach."""
    letter = await _letter(caller)
    return _page(caller, letter, values={"method": "direct", "servedOn": caller.today})


async def take(caller: Caller, key: UUID) -> Response:
    """Keeps the photo, where there is one, and then the service it shows; what is refused is said on the form."""
    letter = await _letter(caller)
    fields = await form_of(caller)
    values = {name: fields.get(name, Part()).text for name in ("method", "servedOn", "receipt")}
    try:
        arguments: dict[str, object] = {name: value for name, value in values.items() if value}
        if photo := fields.get("photo", Part()).content:
            arguments["scanId"] = await _kept(caller, letter, photo, key=uuid5(key, "scan"))
        await caller.send(SERVE, {"letterId": letter["id"], **arguments}, key=key)
    except Said as error:
        if error.code not in {"REFUSED", "BAD_REQUEST", "UNCERTAIN"}:
            raise
        if error.code == "UNCERTAIN":
            caller.ticket = caller.given("ticket")  # sent again it is the same command
        return _page(caller, letter, values=values, code=error.code, message=str(error), status=422)
    return caller.go(f"/l/{letter['code']}?done={SERVE}")


async def _letter(caller: Caller) -> dict[str, Any]:
    found = await caller.ask("letter", code=str(caller.request.path_params["code"]).upper())
    nodes: list[dict[str, Any]] = found.get("guardianLetters", {}).get("nodes", [])
    if not nodes:
        raise Said("NOT_FOUND", "")
    return nodes[0]


async def _kept(caller: Caller, letter: dict[str, Any], photo: bytes, *, key: UUID) -> str:
    about = urlencode({"child": letter["child"]["id"], "shows": "receipt"})
    answer = await caller.hand_in(
        "/files/attachments",
        key=key,
        query=about,
        receive=given_at_once(photo),
        content_type="application/octet-stream",
    )
    return str(answer["id"])


def _page(
    caller: Caller,
    letter: dict[str, Any],
    *,
    values: dict[str, str],
    code: str = "",
    message: str = "",
    status: int = 200,
) -> Response:
    may_serve = letter["state"] == "out" and caller.granted.may(SERVE)
    return caller.page(
        "letter.html",
        status=status,
        letter=letter,
        values=values,
        code=code,
        message=message,
        methods=tuple((each, caller.texts.word("letter_services", each)) for each in WORDS["letter_services"])
        if may_serve
        else (),
    )
