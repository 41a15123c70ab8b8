"""The public's pages: anybody reports over plain HTTP, gets a receipt, and learns how far it is and nothing of the child."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from starlette.applications import Starlette

from gateway.access.receipts import Receipts
from gateway.commands import Commands, ReadModelVisibility, Service
from gateway.public import routes
from gateway.public.forms import LATEST, MOST_BYTES, SOONEST, Forms
from gateway.public.standing import STAGES, WORDS, read_shown
from gateway.readmodel.reading import Reader
from services.cases.api import build_api
from services.cases.courts import Courts
from services.cases.data_requests import DataRequests
from services.cases.disclosures import Disclosures
from services.cases.domain.catalogue import REPORT_OUTCOMES
from services.cases.domain.public_report import MOST_SUPPLEMENTS, PublicReport
from services.cases.lookup import Dropouts, Posts
from services.cases.oversight import Oversight
from services.cases.public_reports import PublicReports
from services.cases.responsibility import Responsibility
from services.cases.statistics import Statistics
from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from services.chassis.typed_code import read_code
from services.contracts.divisions import UNKNOWN_TOWNSHIP
from tests.cases.in_memory import MemoryCases
from tests.gateway import county

TEXT = "小店镇窑厂有一个十二岁左右的男孩在做工"
CONTACT = "王大妈 13812345678"
TOWNSHIP = "410326103"


class Cases:
    """The service of cases in memory behind its own HTTP face; `away` while it gives no answer."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.begin()
        self._face = httpx.ASGITransport(
            build_api(
                cases=self.cases,
                oversight=Oversight(cases=self.cases, dropouts=Dropouts, posts=Posts),
                public_reports=PublicReports(cases=self.cases),
                responsibility=Responsibility(cases=self.cases),
                disclosures=Disclosures(cases=self.cases),
                courts=Courts(cases=self.cases),
                statistics=Statistics(cases=self.cases),
                data_requests=DataRequests(cases=self.cases),
                surroundings=Surroundings(clock=SteppedClock(datetime(2026, 9, 14, 4, tzinfo=UTC)), token="secret"),
            )
        )
        self.reached = Service("http://cases", self)  # type: ignore[arg-type]  # answers as a transport does

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("away")
        return await self._face.handle_async_request(request)

    async def aclose(self) -> None:
        pass

    def begin(self) -> None:
        """Another test: what was told before is not its own."""
        self.away, self._before = False, len(self.cases.memory.log)

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.cases.memory.log[self._before :] if isinstance(event, kind)]

    @property
    def received(self) -> list[Any]:
        return self.told(PublicReport.Received)


class Public:
    """The pages over a real read model, and somebody with a phone."""

    def __init__(self, *, reader_dsn: str, writer_dsn: str, service: Service) -> None:
        self.writer_dsn = writer_dsn
        self.clock = SteppedClock(county.NOW + timedelta(days=365))  # a year of its own, by which its receipts are told
        self._receipts = Receipts(dsn=writer_dsn, timeout_s=2)
        reader = Reader(dsn=reader_dsn, connections=2)
        self._commands = Commands(
            services={"cases": service}, token="secret", visibility=ReadModelVisibility(reader=reader), timeout_s=1.0
        )
        hall = routes.Hall(
            forms=Forms(secret="secret", clock=self.clock),
            reader=reader,
            receipts=self._receipts,
            clock=self.clock,
            commands=self._commands,
            policy_version="1",
        )
        self._reader, self._app = reader, Starlette(routes=routes.public_routes(hall))
        self._runner = asyncio.Runner()
        self._writing = self._receipts.running()
        self._runner.run(self._writing.__aenter__())

    def close(self) -> None:
        self._runner.run(self._writing.__aexit__(None, None, None))
        self._runner.run(self._commands.close())
        self._runner.run(self._reader.close())
        self._runner.close()

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def post(self, path: str, form: dict[str, str], *, address: str = "203.0.113.7", **headers: str) -> httpx.Response:
        return self.send("POST", path, address=address, data=form, headers=headers)

    def form(self, **typed: str) -> dict[str, str]:
        """The report's form as it was handed out, filled in."""
        return {"token": token_of(self.get("/report")), "township": TOWNSHIP, "text": TEXT, **typed}

    def report(self, *, address: str = "203.0.113.7", **typed: str) -> httpx.Response:
        """Reports, having taken the time to write."""
        form = self.form(**typed)
        self.clock.step(SOONEST)
        return self.post("/report", form, address=address)

    def send(self, method: str, path: str, *, address: str = "203.0.113.7", **sent: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=(address, 40000))
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                return await client.request(method, path, **sent)

        return self._runner.run(send())

    def shows(self, event: Any, **also: Any) -> None:
        """What the projection makes of a report that came in."""
        row = {
            "report_id": event.originator_id,
            "township": event.township,
            "receipt_number": event.receipt_number,
            "received_on": event.received_on,
            "follow_up": event.follow_up,
            **also,
        }
        with psycopg.connect(self.writer_dsn) as connection:
            connection.execute("delete from public_report where report_id = %s", [event.originator_id])
            county.insert(connection, [("public_report", row)])

    def looks(self) -> list[dict[str, Any]]:
        with psycopg.connect(self.writer_dsn, row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(
                "select * from receipt where actor = 'public' order by at desc limit 1"
            ).fetchall()


@pytest.fixture(scope="module")
def service(read_model: Any) -> Cases:
    """Its face is put together once; the read model has seen whatever it tells."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("update tracking set position = 1000000 where name = 'cases/0'")
    return Cases()


@pytest.fixture
def cases(service: Cases) -> Cases:
    service.begin()
    return service


@pytest.fixture
def someone(read_model: Any, cases: Cases) -> Iterator[Public]:
    public = Public(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        service=cases.reached,
    )
    yield public
    public.close()


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def secret_on(page: httpx.Response) -> str:
    assert page.status_code == 200, page.text
    found = re.search(r"<strong>([0-9A-Z-]+)</strong>", page.text)
    assert found is not None, page.text
    return found[1]


def test_anybody_reports_without_a_script_an_account_or_a_name_and_gets_a_receipt(
    someone: Public, cases: Cases
) -> None:
    page = someone.get("/report")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers

    secret = secret_on(someone.report())

    [received] = cases.received
    assert (received.text, received.township) == (TEXT, TOWNSHIP)
    assert (received.caused.actor, received.caused.department) == ("public", "public:410326")
    shown = read_shown(secret)
    assert shown is not None
    assert received.follow_up == shown.key
    assert secret not in repr(received)


def test_who_says_who_they_are_is_kept_apart_from_what_they_say(someone: Public, cases: Cases) -> None:
    someone.report(contact=CONTACT)

    [named] = cases.told(PublicReport.InformantNamed)
    assert named.informant == CONTACT
    assert CONTACT not in repr(cases.received)


def test_the_receipt_says_nothing_of_the_matter(someone: Public) -> None:
    receipt = someone.report(contact=CONTACT)

    assert receipt.headers["cache-control"] == "no-store"
    assert TEXT not in receipt.text
    assert CONTACT not in receipt.text


def test_sent_twice_it_is_one_report_under_one_key_with_one_receipt(someone: Public, cases: Cases) -> None:
    form = someone.form()
    someone.clock.step(SOONEST)

    assert secret_on(someone.post("/report", form)) == secret_on(someone.post("/report", form))

    assert len({event.caused.command_id for event in cases.received}) == 1  # by which the service does it once
    assert len({event.follow_up for event in cases.received}) == 1


def test_a_service_that_gives_no_answer_loses_nothing_of_what_was_typed(someone: Public, cases: Cases) -> None:
    form = someone.form(contact=CONTACT)
    someone.clock.step(SOONEST)
    cases.away = True
    page = someone.post("/report", form)

    assert page.status_code == 503
    assert (TEXT in page.text, CONTACT in page.text, token_of(page)) == (True, True, form["token"])

    cases.away = False
    assert secret_on(someone.post("/report", form))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"text": "  "}, "请写明情况"),
        ({"text": "多" * (routes.LONGEST_TEXT + 1)}, "请写明情况"),
        ({"contact": "多" * (routes.LONGEST_CONTACT + 1)}, "联系方式"),
        ({"township": ""}, "请选择"),
        ({"township": "110101001"}, "请选择"),
        ({"website": "http://spam"}, "隐藏栏目"),
    ],
)
def test_what_is_not_filled_in_rightly_comes_back_with_what_was_typed(
    someone: Public, cases: Cases, typed: dict[str, str], says: str
) -> None:
    page = someone.report(**typed)

    assert page.status_code == 422
    assert says in page.text
    assert typed.get("text", TEXT).strip()[:5] in page.text
    assert cases.received == []


def test_what_was_typed_is_shown_as_text_and_never_as_markup(someone: Public) -> None:
    typed = '"><img src=x onerror=alert(1)></textarea>'
    page = someone.post("/report", someone.form(text=typed, contact=typed, township=""))

    assert "<img" not in page.text
    assert unescape(page.text).count(typed) == 2


@pytest.mark.parametrize("waited", [timedelta(0), LATEST + timedelta(seconds=1)])
def test_a_form_sent_too_soon_or_too_late_is_handed_out_anew(someone: Public, cases: Cases, waited: timedelta) -> None:
    form = someone.form()
    someone.clock.step(waited)
    page = someone.post("/report", form)

    assert page.status_code == 422
    assert TEXT in page.text
    assert token_of(page) != form["token"]
    assert cases.received == []


@pytest.mark.parametrize("token", ["", "x", "!" * 64, "A" * 54])
def test_a_form_that_was_not_handed_out_here_is_not_taken(someone: Public, cases: Cases, token: str) -> None:
    assert someone.post("/report", {**someone.form(), "token": token}).status_code == 400
    assert cases.received == []


def test_a_form_of_another_site_is_not_taken(someone: Public, cases: Cases) -> None:
    form = someone.form()
    someone.clock.step(SOONEST)

    assert someone.post("/report", form, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert cases.received == []


def test_what_is_no_form_or_too_large_is_not_read(someone: Public) -> None:
    post = someone.send

    assert post("POST", "/report", json={"text": TEXT}).status_code == 415
    assert post("POST", "/report", data={"text": "x" * MOST_BYTES}).status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert post("POST", "/report", content=b"a=\xff", headers=form).status_code == 400
    assert post("POST", "/report", content=b"a=1&" * 20, headers=form).status_code == 400


def test_one_address_is_bounded_and_keeps_no_other_out(someone: Public, cases: Cases) -> None:
    for _ in range(routes.TOLD_BY_ONE.requests):
        someone.report()
    page = someone.report()

    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 0
    assert len(cases.received) == routes.TOLD_BY_ONE.requests
    assert secret_on(someone.report(address="203.0.113.8"))


def test_of_ipv6_a_household_is_one_address(someone: Public) -> None:
    for number in range(routes.TOLD_BY_ONE.requests):
        assert secret_on(someone.report(address=f"2001:db8:7::{number + 1}"))

    assert someone.report(address="2001:db8:7::ffff").status_code == 429
    assert secret_on(someone.report(address="2001:db8:8::1"))


# Asking how far it is


@pytest.mark.parametrize(
    ("row", "stage"),
    [
        ({}, "received"),
        ({"inquiries": 2, "inquired_on": county.TODAY}, "looked_into"),
        ({"outcome": "case_opened", "handled_on": county.TODAY, "case_id": uuid4()}, "in_hand"),
        ({"outcome": "known_already", "handled_on": county.TODAY, "case_id": uuid4()}, "in_hand"),
        ({"outcome": "not_so", "handled_on": county.TODAY}, "not_so"),
        ({"outcome": "passed_on", "handled_on": county.TODAY}, "passed_on"),
        ({"outcome": "empty", "handled_on": county.TODAY}, "empty"),
    ],
)
def test_who_holds_the_receipt_learns_the_stage_and_nothing_else(
    someone: Public, cases: Cases, row: dict[str, Any], stage: Any
) -> None:
    secret = secret_on(someone.report(contact=CONTACT))
    [received] = cases.received
    someone.shows(received, **row)

    for code in (secret, secret.lower().replace("-", " "), received.receipt_number):
        page = someone.post("/report/follow-up", {"code": code})

        assert page.status_code == 200
        assert WORDS[stage] in page.text
        assert received.receipt_number in page.text
        for hidden in (TEXT, CONTACT, str(received.originator_id), str(row.get("case_id", "case_"))):
            assert hidden not in page.text
    [receipt] = someone.looks()
    assert (receipt["department"], receipt["operation"]) == ("public:410326", "follow_up_report")


def test_every_outcome_has_its_words_for_the_public() -> None:
    assert set(STAGES) == set(REPORT_OUTCOMES)


@pytest.mark.parametrize("code", ["", "1", "JB20260914-AAAAAAAAAAA", "' or true --", "二" * 60])
def test_a_mistyped_number_is_told_from_one_that_is_not_there(someone: Public, code: str) -> None:
    page = someone.post("/report/follow-up", {"code": code})

    assert page.status_code == 404
    assert "号码有误" in page.text


def test_a_number_that_was_never_given_shows_nothing(someone: Public, cases: Cases) -> None:
    page = someone.post("/report/follow-up", {"code": secret_on(someone.report())})  # not yet projected

    assert page.status_code == 404
    assert "没有查到" in page.text


def test_questions_are_bounded_so_that_nobody_tries_numbers_out(someone: Public) -> None:
    asked = [someone.post("/report/follow-up", {"code": "JB20260914"}) for _ in range(routes.ASKED_BY_ONE.requests + 1)]

    assert [page.status_code for page in asked][-2:] == [404, 429]


def test_numbers_stand_in_no_address(someone: Public, cases: Cases) -> None:
    someone.report()
    someone.shows(cases.received[0])

    assert "已受理" not in someone.get(f"/report/follow-up?code={cases.received[0].receipt_number}").text
    for path in ("/report", "/report/follow-up"):
        assert 'method="get"' not in someone.get(path).text.lower()


# Adding a word


def test_who_told_it_adds_a_word_with_the_secret(someone: Public, cases: Cases) -> None:
    secret = secret_on(someone.report())
    someone.shows(cases.received[0])
    page = someone.post("/report/follow-up", {"code": secret})
    assert read_code(secret) in page.text
    someone.clock.step(SOONEST)

    added = someone.post("/report/supplement", {"token": token_of(page), "code": secret, "text": "他叔叔也在那里"})

    assert "补充内容已收到" in added.text
    assert [event.text for event in cases.told(PublicReport.Supplemented)] == ["他叔叔也在那里"]


def test_with_the_number_alone_nothing_is_added(someone: Public, cases: Cases) -> None:
    someone.report()
    [received] = cases.received
    someone.shows(received)
    page = someone.post("/report/follow-up", {"code": received.receipt_number})
    assert "/report/supplement" not in page.text
    form = {"token": token_of(someone.get("/report")), "code": received.receipt_number, "text": "我看错了"}
    someone.clock.step(SOONEST)

    assert someone.post("/report/supplement", form).status_code == 404
    assert cases.told(PublicReport.Supplemented) == []


def test_so_many_words_are_added_and_no_more(someone: Public, cases: Cases) -> None:
    secret = secret_on(someone.report())
    someone.shows(cases.received[0])

    pages = []
    for number in range(MOST_SUPPLEMENTS + 1):
        token = token_of(someone.post("/report/follow-up", {"code": secret}))
        someone.clock.step(SOONEST)
        pages.append(someone.post("/report/supplement", {"token": token, "code": secret, "text": f"补充{number}"}))

    assert [page.status_code for page in pages] == [200] * MOST_SUPPLEMENTS + [422]
    assert "再次举报" in pages[-1].text


def test_where_the_child_lives_may_be_unknown(someone: Public, cases: Cases) -> None:
    someone.report(township=UNKNOWN_TOWNSHIP)

    assert [event.township for event in cases.received] == [UNKNOWN_TOWNSHIP]
