"""存证核验: whether an entry is really in its log, unaltered, and who signed; whether a checkpoint or a bundle from elsewhere agrees with the logs (N8.3).

The page says what the server found, and how to find it out without the server: it convinces nobody who doubts whoever runs it.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from gateway.console.asking import Said, given_at_once
from gateway.console.caller import Caller
from gateway.console.charts import Step, climb
from gateway.console.views import acts
from gateway.console.views.uploads import Part, form_of

MOST_BYTES: Final = 16 * 1024 * 1024 + 64 * 1024
"""What the counter takes of a bundle, and the form around it."""
NOTE_BYTES: Final = 16 * 1024
"""What is read of a file that is no bundle: a checkpoint is a short text."""
_SHOWN_HERE: Final = frozenset({"BAD_REQUEST", "NOT_FOUND", "REFUSED"})


async def show(caller: Caller) -> Response:
    """The logs, and the entry or the look that the address names."""
    asked = {name: caller.given(name) for name in ("log", "position", "look")}
    return await _page(caller, asked)


async def check(caller: Caller, form: acts.Form) -> Response:
    """The same with a checkpoint that was pasted in, for the entry or by itself."""
    return await _page(caller, {name: form.value(name) for name in ("log", "position", "look", "earlier")})


async def take(caller: Caller, key: UUID) -> Response:
    """A bundle or a checkpoint that was handed in as a file. Raises `Said` where it isn't taken."""
    file = (await form_of(caller, most_bytes=MOST_BYTES, refusal="proofs.too_large")).get("file", Part()).content
    if not file.startswith(b"PK"):
        return await _page(caller, {"earlier": file[:NOTE_BYTES].decode(errors="replace")})
    bundle = await caller.hand_in(
        "/files/bundle-check", key=key, receive=given_at_once(file), content_type="application/zip"
    )
    return await _page(caller, {}, bundle=bundle)


async def _page(caller: Caller, asked: Mapping[str, str], **found: Any) -> Response:
    status = 200
    said: dict[str, str] = {}
    try:
        found |= await _asked(caller, asked)
    except Said as error:
        if error.code not in _SHOWN_HERE:
            raise
        status, said = 404 if error.code == "NOT_FOUND" else 422, {"code": error.code, "message": str(error)}
    logs = (await caller.ask("signed_logs")).get("signedLogs", ())
    proof = found.get("proof")
    return caller.page(
        "proofs.html", status=status, asked=asked, logs=logs, drawn=_drawn(caller, proof), **said, **found
    )


async def _asked(caller: Caller, asked: Mapping[str, str]) -> dict[str, Any]:
    """What was asked for: an entry, a look, or a checkpoint by itself."""
    earlier = _as_typed(asked.get("earlier", ""))
    if asked.get("look"):
        found = await caller.ask("proof_of_look", id=_id(asked["look"]), earlier=earlier)
        return {"proof": found.get("proofOfLook")}
    if asked.get("log") and asked.get("position"):
        found = await caller.ask("proof", log=asked["log"], position=_number(asked["position"]), earlier=earlier)
        return {"proof": found.get("proof")}
    if earlier:
        return {"continuation": (await caller.ask("continuation", earlier=earlier)).get("continuation")}
    return {}


def _drawn(caller: Caller, proof: Mapping[str, Any] | None) -> object:
    """The way from the leaf up to the root."""
    if proof is None or not proof["leaf"]:
        return ""
    steps = [Step(step["side"], step["sibling"], step["node"]) for step in proof["path"]]
    return climb(caller.texts("proofs.climb"), proof["leaf"], steps, holds=proof["proved"])


def _as_typed(note: str) -> str:
    """A checkpoint as it was signed: browsers send lines their own way, and the last one may be lost on the way."""
    lines = note.replace("\r\n", "\n").strip("\n")
    return f"{lines}\n" if lines.strip() else ""


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:12]) < 2**31:
        raise Said("NOT_FOUND", "序号是从 1 开始的整数。A position is a whole number from 1.")
    return int(text)


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise Said("NOT_FOUND", "没有这条查阅记录。There is no such look.") from None
