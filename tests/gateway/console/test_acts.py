"""Commands as forms: sent once whatever is pressed, refused in words, and kept as they were typed."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from gateway.console.caller import SCRIPT
from gateway.console.document import arguments_of
from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.console.browsing import Browser, text_of, ticket_of

CASE = next(
    row
    for table, row in county.county_rows()
    if table == "case_file" and row["township"] == county.XIAODIAN and row["state"] == "confirmed"
)
WAITING = [
    row
    for table, row in county.county_rows()
    if table == "case_file" and row["township"] == county.XIAODIAN and row["case_id"] != CASE["case_id"]
][:2]
SCRIPTS = (
    "<script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "<svg/onload=alert(1)>",
    "{{7*7}}{% for x in y %}",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "\u202e<b>",
)
"""What somebody may type who wants a page to run it."""
PERSUADED = {"method": "home_visit", "outcome": "refused", "note": "监护人<b>不同意", "madeOn": "2026-09-13"}


class Cases(httpx.AsyncBaseTransport):
    """A service that takes every command and remembers it, or answers as it is told to."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.answer: tuple[int, dict[str, Any]] | Exception = (200, {"id": str(CASE["case_id"]), "position": 17})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer[0], json=self.answer[1])


@pytest.fixture(scope="module")
def service() -> Cases:
    return Cases()


@pytest.fixture(scope="module")
def gateway(read_model: Any, service: Cases) -> Iterator[Asking]:
    with asking_over(read_model, service) as asking:
        yield asking


@pytest.fixture
def cases(service: Cases) -> Cases:
    service.__init__()  # type: ignore[misc]  # another test: as it was in the beginning
    return service


@pytest.fixture
def browser(gateway: Any, cases: Cases) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser.signed_in("xiaodian-officer")


def form(browser: Browser, **typed: str) -> dict[str, str]:
    """The form of persuading as the case's page hands it out, filled in."""
    page = browser.get(f"/cases/{CASE['case_id']}")
    return {
        "ticket": ticket_of(page),
        "back": f"/cases/{CASE['case_id']}",
        "caseId": str(CASE["case_id"]),
        **PERSUADED,
        **typed,
    }


def test_a_case_offers_what_may_be_done_now_and_nothing_else(browser: Browser) -> None:
    page = browser.get(f"/cases/{CASE['case_id']}")

    assert "劝返记录" in page.text
    assert 'action="/acts/recordPersuasion"' in page.text
    assert 'action="/acts/beginVerification"' not in page.text, "it is confirmed already"
    assert 'action="/acts/closeCase"' not in page.text, "not this unit's"


@pytest.fixture(scope="module")
def waiting(read_model: Any) -> tuple[str, str]:
    """Two cases that wait for a second person: a township asked to clear one, the bureau's own account the other."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        for case, by in zip(WAITING, ("xiaodian-officer", "bureau-office"), strict=True):
            connection.execute(
                "update case_file set state = 'verifying', clearance_asked = 'R8', clearance_evidence = 'exit_record: 41-7',"
                " clearance_asked_by = %s, clearance_asked_on = %s, clearance_until = null where case_id = %s",
                [by, county.TODAY, case["case_id"]],
            )
    one, other = (str(case["case_id"]) for case in WAITING)
    return one, other


def test_a_clearance_that_waits_is_on_the_day_of_who_may_approve_it_and_of_no_other(
    gateway: Any, waiting: tuple[str, str]
) -> None:
    others, own = waiting
    with Browser(gateway) as bureau, Browser(gateway) as township:
        day = bureau.signed_in("bureau-office").get("/")
        nothing = township.signed_in("xiaodian-officer").get("/")

    queue = day.text.partition("待我核准")[2].partition("</section>")[0]
    assert f"/cases/{others}" in queue
    assert f"/cases/{own}" not in queue, "who asked is not the second person"
    assert "核准销号：出国(境)" in text_of(day)
    assert "待我核准" not in nothing.text


def test_a_clearance_is_approved_where_one_waits_and_never_by_who_asked(gateway: Any, waiting: tuple[str, str]) -> None:
    offered = []
    with Browser(gateway) as bureau:
        bureau.signed_in("bureau-office")
        for case in (*waiting, str(CASE["case_id"])):
            page = bureau.get(f"/cases/{case}").text
            assert ("exit_record: 41-7" in page) == (case in waiting)
            offered.append({act for act in re.findall(r'action="/acts/(\w+)"', page) if act.endswith("Clearance")})

    assert offered == [{"approveClearance", "declineClearance"}, {"declineClearance"}, {"requestClearance"}]


def test_a_form_is_sent_as_the_command_it_is_and_leads_back(browser: Browser, cases: Cases) -> None:
    answer = browser.post("/acts/recordPersuasion", form(browser), follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/cases/{CASE['case_id']}?done=recordPersuasion",
    )
    [sent] = cases.sent
    assert sent.url.path == "/commands/record-persuasion"
    assert json.loads(sent.content)["note"] == PERSUADED["note"]
    assert sent.headers["x-actor"] == "xiaodian-officer"
    assert UUID(sent.headers["idempotency-key"])
    assert "已办理" in browser.get(answer.headers["location"]).text


def test_a_form_sent_twice_is_one_command(browser: Browser, cases: Cases) -> None:
    typed = form(browser)
    for _ in range(2):
        browser.post("/acts/recordPersuasion", typed, follow_redirects=False)

    first, again = (request.headers["idempotency-key"] for request in cases.sent)
    assert first == again


def test_what_a_rule_refuses_is_said_and_what_was_typed_is_kept(browser: Browser, cases: Cases) -> None:
    cases.answer = (422, {"code": "REFUSED", "message": "a confirmed dropout is persuaded until it is back (N2.2)"})

    page = browser.post("/acts/recordPersuasion", form(browser))

    assert page.status_code == 422
    assert "不予办理" in page.text
    assert "persuaded until it is back (N2.2)" in page.text
    assert "监护人&lt;b&gt;不同意" in page.text
    assert '<option value="refused" selected>' in page.text
    assert 'value="2026-09-13"' in page.text


@pytest.mark.parametrize(
    ("typed", "word"),
    [({"madeOn": "tomorrow"}, "内容有误"), ({"method": ""}, "内容有误"), ({"caseId": "1"}, "内容有误")],
)
def test_what_cannot_be_read_is_said_and_sent_to_nobody(
    browser: Browser, cases: Cases, typed: dict[str, str], word: str
) -> None:
    page = browser.post("/acts/recordPersuasion", form(browser, **typed))

    assert page.status_code == 422
    assert word in page.text
    assert cases.sent == []


def test_where_no_answer_comes_the_same_form_can_be_sent_again(browser: Browser, cases: Cases) -> None:
    cases.answer = httpx.ConnectError("away")
    typed = form(browser)

    page = browser.post("/acts/recordPersuasion", typed)
    assert "结果不明" in text_of(page)
    key = cases.sent[0].headers["idempotency-key"]

    cases.answer = (200, {"id": str(CASE["case_id"]), "position": 17})
    again = {**typed, "ticket": ticket_of_form(page)}
    browser.post("/acts/recordPersuasion", again, follow_redirects=False)
    assert cases.sent[-1].headers["idempotency-key"] == key


def ticket_of_form(page: httpx.Response) -> str:
    """The ticket of the form on a page of its own."""
    return page.text.partition('class="command"')[2].partition('name="ticket" value="')[2].partition('"')[0]


@pytest.mark.parametrize("ticket", ["", "AAAA"])
def test_a_form_of_anybodys_making_sends_nothing(browser: Browser, cases: Cases, ticket: str) -> None:
    answer = browser.post("/acts/recordPersuasion", {**form(browser), "ticket": ticket})

    assert answer.status_code == 403
    assert cases.sent == []


def test_who_is_not_granted_a_command_has_no_form_of_it(browser: Browser, cases: Cases) -> None:
    assert browser.get("/acts/closeCase").status_code == 404
    assert browser.post("/acts/closeCase", form(browser)).status_code == 404
    assert cases.sent == []


@pytest.mark.parametrize("back", ["https://elsewhere.test/", "//elsewhere.test", "/acts/closeCase", "/\\elsewhere"])
def test_a_form_leads_back_to_no_other_site(browser: Browser, back: str) -> None:
    answer = browser.post("/acts/recordPersuasion", form(browser, back=back), follow_redirects=False)

    assert answer.headers["location"] == "/?done=recordPersuasion"


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    "command", ["recordPersuasion", "issueOrder", "openReferral", "recordReturn", "requestClearance"]
)
def test_whatever_is_typed_into_a_form_comes_back_as_text(
    browser: Browser, cases: Cases, command: str, script: str
) -> None:
    cases.answer = (422, {"code": "REFUSED", "message": script})
    texts = {name: script for name in arguments_of(command) if name not in {"caseId", "madeOn", "replyBy", "expiresOn"}}
    page = browser.post(f"/acts/{command}", {**form(browser), **texts, "back": script, "replyBy": "2026-09-20"})

    marks = Marks()
    marks.feed(page.text)
    assert page.status_code == 422
    assert marks.scripts == [SCRIPT]
    assert not marks.handlers
    assert not re.search(r'(?:href|src|action)="(?:javascript|data):', page.text)


class Marks(HTMLParser):
    """The scripts of a page by their address, and the marks that would run something."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.handlers: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.scripts.append(dict(attrs).get("src"))
        self.handlers += [(tag, name) for name, _ in attrs if name.startswith("on") or tag in {"img", "svg", "iframe"}]


def test_what_has_a_default_may_be_left_empty_and_is_sent_as_its_default(gateway: Any, cases: Cases) -> None:
    with Browser(gateway) as browser:
        page = browser.signed_in("police-officer").get("/settings")
        assert re.search(r'<option value="officer" selected>', page.text)
        typed = {"channel": "email", "address": "desk@example.invalid", "secret": "", "holder": "officer"}
        done = browser.post("/acts/setAddress", {"ticket": ticket_of(page), "back": "/settings", **typed})

    assert done.url.path == "/settings", text_of(done)
    [sent] = cases.sent
    assert json.loads(sent.content)["secret"] == ""


def test_the_hours_stand_in_their_form_as_they_are_set_so_that_none_is_lifted_unseen(gateway: Any) -> None:
    with Browser(gateway) as browser:
        page = browser.signed_in("bureau-office").get("/settings").text

    form = page.partition('action="/acts/setHours"')[2].partition("</form>")[0]
    assert re.search(r'name="quietFrom" type="time" value="21:00"', form)
    assert re.search(r'name="workingDays" value="yes" checked', form)


def test_what_i_have_set_for_myself_stands_beside_what_my_unit_has_set(gateway: Any, cases: Cases) -> None:
    with Browser(gateway) as browser:
        page = browser.signed_in("bureau-office").get("/settings")
        typed = {"channel": "sms", "address": "13900000001", "holder": "officer", "matters": "case", "mine": "yes"}
        browser.post("/acts/setAddress", {"ticket": ticket_of(page), "back": "/settings", **typed})

    of_unit, _, mine = page.text.partition('id="mine"')
    assert 'name="mine" value="yes" checked' in mine
    assert 'name="mine" value="yes" checked' not in of_unit
    ids = re.findall(r' id="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))
    [sent] = cases.sent
    told = json.loads(sent.content)
    assert (told["mine"], told["matters"]) == (True, ["case"])


DISCLOSED = {
    "tasks": "零辍学\n\n 每学期核实两次 ",
    "methods": "入户家访",
    "bodies": "township:410326103 劝返复学\r\neducation_bureau:410326：台账管理",
}


def test_a_disclosure_is_prepared_line_by_line_and_sent_once(gateway: Any, cases: Cases) -> None:
    cases.answer = (200, {"id": str(CASE["case_id"]), "position": 17})
    with Browser(gateway) as browser:
        page = browser.signed_in("bureau-office").get("/disclosures")
        form = {**DISCLOSED, "ticket": ticket_of(page)}
        sent = [browser.post("/disclosures", form) for _ in range(2)]

    assert [page.url.path for page in sent] == ["/disclosures"] * 2
    prepared = [request for request in cases.sent if "disclosure" in request.url.path]
    assert len({request.headers["idempotency-key"] for request in prepared}) == 1
    body = json.loads(prepared[0].content)
    assert body["tasks"] == ["零辍学", "每学期核实两次"]
    assert body["bodies"] == [
        {"unit": "township:410326103", "duty": "劝返复学"},
        {"unit": "education_bureau:410326", "duty": "台账管理"},
    ]


def test_a_disclosure_that_is_refused_keeps_what_was_typed(gateway: Any, cases: Cases) -> None:
    cases.answer = (422, {"code": "REFUSED", "message": "prepare_disclosure: not before its day."})
    with Browser(gateway) as browser:
        page = browser.signed_in("bureau-office").get("/disclosures")
        refused = browser.post("/disclosures", {**DISCLOSED, "ticket": ticket_of(page)})

    assert refused.status_code == 422
    assert "not before its day" in text_of(refused)
    assert "每学期核实两次" in refused.text
    assert "劝返复学" in refused.text
