"""The public's pages 群众举报 (N3.5): anybody tells the county of a child, gets a receipt, and asks later how far it is.

Nobody signs in and no script runs. What is typed goes by POST, is sealed by the service that takes it, and stands in no
address, log or trace. Nothing here rests on a department's rights: the pages send two commands of cases and read one
report at a time, by the number or the secret on its receipt. Spam is bounded by address and altogether, by a form that
is good once, and by what a report may hold; a look is recorded like any other.
"""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.access.quotas import Quota, Quotas, QuotaUsedUp
from gateway.access.receipts import NotRecorded, Receipt, Receipts
from gateway.commands import PUBLIC, Commands, CommandUncertain
from gateway.html_form import Unreadable
from gateway.public.answering import answer, refusal
from gateway.public.forms import TRAP, Forms, SendAgain, read_form
from gateway.public.standing import Shown, Standing, find_standing, read_shown
from gateway.readmodel.reading import Reader, ReadModelUnavailable
from services.chassis.clock import Clock, china_date
from services.chassis.errors import ServiceError
from services.chassis.telemetry import count, span, traceparent
from services.chassis.typed_code import grouped
from services.contracts.divisions import TOWNSHIPS, UNKNOWN_TOWNSHIP

LONGEST_TEXT: Final = 2000
LONGEST_CONTACT: Final = 200
LONGEST_SUPPLEMENT: Final = 1000
TIMEOUT_S: Final = 20.0
AT_ONCE: Final = 16
HOUR_S: Final = 3600.0
TOLD_BY_ONE: Final = Quota(requests=10, per_s=HOUR_S)
TOLD_BY_ALL: Final = Quota(requests=300, per_s=HOUR_S)
ASKED_BY_ONE: Final = Quota(requests=60, per_s=HOUR_S)
ASKED_BY_ALL: Final = Quota(requests=3_000, per_s=HOUR_S)
"""What one address and all of them may send an hour: reports and words more, and questions how far a report is."""

_BUSY = "现在提交的人太多，请过一会儿再试；也可以直接向县教育体育局或乡（镇）人民政府举报。"
_LATER = "系统暂时没有答复。请稍后再按一次“提交”：内容不会丢失，也不会重复受理。"
_log = logging.getLogger("baoxue.gateway.public")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What the public's pages work with 办事大厅; see `app.build_gateway`."""

    forms: Forms
    reader: Reader
    receipts: Receipts
    clock: Clock
    commands: Commands
    policy_version: str
    _told_by_one: Quotas = field(default_factory=lambda: Quotas(TOLD_BY_ONE))
    _told_by_all: Quotas = field(default_factory=lambda: Quotas(TOLD_BY_ALL))
    _asked_by_one: Quotas = field(default_factory=lambda: Quotas(ASKED_BY_ONE))
    _asked_by_all: Quotas = field(default_factory=lambda: Quotas(ASKED_BY_ALL))
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @property
    def places(self) -> asyncio.Semaphore:
        """So many are served at once; the others wait until the time of a request is over."""
        return self._places

    def let_tell(self, address: str) -> None:
        """Raises `QuotaUsedUp` where this address, or all together, sent their share of reports."""
        _take(self._told_by_one, self._told_by_all, address)

    def let_ask(self, address: str) -> None:
        """The same for questions how far a report is."""
        _take(self._asked_by_one, self._asked_by_all, address)

    async def record(self, operation: str, *, fields: tuple[str, ...]) -> None:
        """Writes a look down; raises `NotRecorded`, and then nothing is shown."""
        await self.receipts.record(
            Receipt(
                at=self.clock.now(),
                actor=PUBLIC.actor,
                department=PUBLIC.unit,
                purpose=PUBLIC.purpose,
                operation=operation,
                document_hash="",
                decision="answered",
                policy_version=self.policy_version,
                rows=1,
                fields=fields,
            )
        )


Handler = Callable[[Hall, Request], Awaitable[Response]]


def public_routes(hall: Hall) -> list[Route]:
    """All of them."""
    return [
        _page(hall, "/report", "GET", _show_form),
        _page(hall, "/report", "POST", _receive),
        _page(hall, "/report/follow-up", "GET", _show_question),
        _page(hall, "/report/follow-up", "POST", _follow_up),
        _page(hall, "/report/supplement", "POST", _supplement),
    ]


def _page(hall: Hall, path: str, method: str, handler: Handler) -> Route:
    async def enter(request: Request) -> Response:
        try:
            async with asyncio.timeout(TIMEOUT_S), hall.places:
                with span(f"public {method} {path}", kind=SpanKind.SERVER):
                    return await handler(hall, request)
        except Unreadable as error:
            return refusal("malformed", str(error), status=error.status)
        except QuotaUsedUp as error:
            return refusal("throttled", _BUSY, status=429, retry_after_s=error.after_s)
        except ClientDisconnect:
            return refusal("malformed", "提交中断了。", status=400)
        except (NotRecorded, ReadModelUnavailable, TimeoutError) as error:
            _log.warning("no answer: %s", type(error).__name__)
            return refusal("unavailable", "系统暂时无法查询，请稍后再试。", status=503, retry_after_s=5)
        except Exception as error:  # noqa: BLE001  # the rim: what nobody expected is told without its text
            _log.error("failed: %s", type(error).__name__)  # without a traceback, which could quote a person
            return refusal("failed", "系统出错了，已记录。请稍后再试。", status=500)

    return Route(path, enter, methods=[method])


# Telling


async def _show_form(hall: Hall, _request: Request) -> Response:
    return _form(hall, {})


async def _receive(hall: Hall, request: Request) -> Response:
    """A report: kept, and its receipt shown. Sent twice, it is one report with one receipt."""
    form = await read_form(request)
    text, contact = form.get("text", "").strip(), form.get("contact", "").strip()
    township = form.get("township", "")
    if not text or len(text) > LONGEST_TEXT:
        return _form(hall, form, message=f"请写明情况，不超过{LONGEST_TEXT}字。", status=422)
    if len(contact) > LONGEST_CONTACT:
        return _form(hall, form, message=f"联系方式不超过{LONGEST_CONTACT}字。", status=422)
    if township not in TOWNSHIPS and township != UNKNOWN_TOWNSHIP:
        return _form(hall, form, message="请选择所在乡（镇）；不清楚的，请选“不清楚”。", status=422)
    try:
        ticket = hall.forms.take(form)
    except SendAgain as error:
        return _form(hall, form, message=str(error), status=422)
    hall.let_tell(_address(request))
    secret = hall.forms.secret_of(ticket)
    shown = Shown.of_secret(secret)
    body = {"text": text, "township": township, "informant": contact, "follow_up": shown.key}
    try:
        kept = await hall.commands.hear_public(
            "receive_public_report", body, idempotency_key=ticket.id, trace=traceparent()
        )
    except CommandUncertain:
        count("baoxue.public", outcome="uncertain")
        return _form(hall, form, message=_LATER, status=503, again=True)
    except ServiceError:  # its words are for those who work with it
        return _form(hall, form, message="没有受理。请核对内容；如已提交过，请用回执上的查询码补充。", status=422)
    number = ""
    if await hall.commands.visible("cases", kept) and (standing := await _find(hall, shown)):
        number = standing.receipt_number
    count("baoxue.public", outcome="received")
    return answer("receipt.html", number=number, secret=grouped(secret), on=china_date(hall.clock.now()))


def _form(
    hall: Hall, form: Mapping[str, str], *, message: str = "", status: int = 200, again: bool = False
) -> Response:
    """The form, with what was typed; under the same token where it is to be sent `again` as it is."""
    if message:
        count("baoxue.public", outcome="returned")
    return answer(
        "report.html",
        status=status,
        message=message,
        form={name: form.get(name, "") for name in ("text", "contact", "township")},
        townships={**TOWNSHIPS, UNKNOWN_TOWNSHIP: "不清楚"},
        token=form["token"] if again else hall.forms.hand_out(),
        trap=TRAP,
        longest={"text": LONGEST_TEXT, "contact": LONGEST_CONTACT},
    )


# Asking


async def _show_question(_hall: Hall, _request: Request) -> Response:
    return answer("follow_up.html", message="")


async def _follow_up(hall: Hall, request: Request) -> Response:
    """How far the report of a receipt is."""
    form = await read_form(request)
    hall.let_ask(_address(request))
    shown, standing = await _asked(hall, form)
    if shown is None or standing is None:
        count("baoxue.public", outcome="unknown")
        message = "没有查到。请对照回执逐字核对；刚提交的，请过几分钟再查。"
        if shown is None:
            message = "号码有误，请对照回执逐字核对。"
        return answer("follow_up.html", message=message, status=404)
    return await _standing(hall, shown, standing)


async def _supplement(hall: Hall, request: Request) -> Response:
    """A word more from whoever told it, who shows the secret."""
    form = await read_form(request)
    hall.let_tell(_address(request))
    shown, standing = await _asked(hall, form)
    if shown is None or standing is None or not shown.secret:
        return answer("follow_up.html", message="补充内容需要回执上的查询码。", status=404)
    text = form.get("text", "").strip()
    if not text or len(text) > LONGEST_SUPPLEMENT:
        message = f"请写明要补充的内容，不超过{LONGEST_SUPPLEMENT}字。"
        return await _standing(hall, shown, standing, message=message, text=text, status=422)
    try:
        ticket = hall.forms.take(form)
        body = {"report_id": standing.report_id, "secret": shown.secret, "text": text}
        await hall.commands.hear_public(
            "supplement_public_report", body, idempotency_key=ticket.id, trace=traceparent()
        )
    except SendAgain as error:
        return await _standing(hall, shown, standing, message=str(error), text=text, status=422)
    except CommandUncertain:
        return await _standing(hall, shown, standing, message=_LATER, text=text, status=503, token=form["token"])
    except ServiceError:
        message = "没有收下：该举报已办结，或已补充过多次。如有新的情况，请再次举报。"
        return await _standing(hall, shown, standing, message=message, status=422)
    count("baoxue.public", outcome="supplemented")
    return await _standing(hall, shown, standing, message="补充内容已收到。")


async def _asked(hall: Hall, form: Mapping[str, str]) -> tuple[Shown | None, Standing | None]:
    shown = read_shown(form.get("code", ""))
    return shown, None if shown is None else await _find(hall, shown)


async def _find(hall: Hall, shown: Shown) -> Standing | None:
    """The report of a receipt; the look is recorded before anything of it is shown."""
    standing = await find_standing(hall.reader, shown)
    if standing is not None:
        await hall.record("follow_up_report", fields=("PublicReport.outcome", "PublicReport.receivedOn"))
    return standing


async def _standing(
    hall: Hall,
    shown: Shown,
    standing: Standing,
    *,
    message: str = "",
    text: str = "",
    status: int = 200,
    token: str | None = None,
) -> Response:
    count("baoxue.public", outcome="shown")
    return answer(
        "standing.html",
        status=status,
        standing=standing,
        message=message,
        text=text,
        secret=shown.secret if standing.is_open else "",
        token=token or hall.forms.hand_out(),
        trap=TRAP,
        longest=LONGEST_SUPPLEMENT,
    )


# What they share


def _address(request: Request) -> str:
    """Whom a quota counts: the address, of IPv6 the network a household has. It is kept in memory and written nowhere."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _take(of_one: Quotas, of_all: Quotas, address: str) -> None:
    now = time.monotonic()
    of_one.take(client=address, unit="public", rows=0, now=now)
    of_all.take(client="all", unit="public", rows=0, now=now)
