"""个案页: where a case stands, what is owed by whom until when, what was done, and what may be done now."""

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts, offers


async def show(caller: Caller) -> Response:
    """The page."""
    case = await caller.get("case_page", "case", id=caller.id("id"))
    also = await caller.ask("case_visits", childId=case.get("childId"))
    offered = offers.of_case(case, account=caller.session.account, today=caller.today)
    now = [name for name in offered if caller.granted.may(name)]
    about = {"caseId": case["id"], "childId": case.get("childId", ""), "school": case.get("school", "")}
    forms = [acts.blank(caller, name, about=about) for name in now]
    return caller.page(
        "case.html",
        case=case,
        files=[(file, _of_file(caller, file.get("state", ""))) for file in case.get("proceedings", ())],
        visits=also.get("visits", {}).get("nodes", ()),
        attachments=also.get("attachments", {}).get("nodes", ()),
        forms=forms,
        evidence=caller.texts.words("evidence") if caller.granted.may("keepAttachment") else (),
        done=caller.given("done"),
    )


def _of_file(caller: Caller, state: str) -> list[tuple[str, str]]:
    """The commands offered for a file of proceedings, each with what it is called."""
    return [(name, acts.title_of(caller, name)) for name in offers.of_file(state) if caller.granted.may(name)]
