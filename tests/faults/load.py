"""A load of commands on a running system, and a ledger of what became of every one of them.

Clients tell small stories (a case from suspicion to referral, a move, a plan with a measure), each on a thread of its own,
some of them through the gateway. Whatever is not answered is sent again with the same key until it is, for `PATIENCE_S`
at most; so what the ledger calls accepted was promised to somebody, and what it calls refused must have left nothing.

    with Load(system, children=children, seed=7) as load:
        load.wait_for(50)          # so many accepted since the load began, or since the last time
        system.workers["cases api"].kill()
        ...
    load.ledger                    # complete once the load has ended
"""

import itertools
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final, Literal, Self
from uuid import UUID, uuid4, uuid5

import httpx

from deploy.distributed import Distributed, Worker
from services.chassis.clock import SystemClock, china_date

PATIENCE_S: Final = 90.0
"""How long one command is sent again and again before the ledger calls it unanswered."""
ANSWER_S: Final = 8.0
"""How long one try waits; longer than the gateway's own waits together."""
PAUSE_S: Final = 0.05
PAUSE_S_MAX: Final = 0.5
COUNTY: Final = "410326"
BUREAU: Final = f"education_bureau:{COUNTY}"
TOWNSHIP: Final = "410326103"
SCHOOL: Final = "3141000300"

Outcome = Literal["accepted", "refused", "unanswered"]


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be done: by which service, or through the gateway by the mutation of the same name."""

    service: str
    name: str
    body: Mapping[str, object]
    department: str = BUREAU
    purpose: str = "dropout_control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One command and what became of it. Every command of the stories records exactly one event where it is accepted."""

    key: UUID
    """The command's id as its service knows it."""
    service: str
    name: str
    outcome: Outcome
    id: UUID | None
    position: int
    tries: int
    began: float
    """By the monotonic clock, seconds."""
    ended: float
    words: str = ""
    through_gateway: bool = False

    @property
    def seconds(self) -> float:
        """How long it took until it was answered."""
        return self.ended - self.began


@dataclass(slots=True)
class Ledger:
    """What became of all commands of a load."""

    sent: list[Sent] = field(default_factory=list)

    def of(self, outcome: Outcome) -> list[Sent]:
        """The commands that ended so."""
        return [sent for sent in self.sent if sent.outcome == outcome]

    @property
    def retried(self) -> int:
        """How many commands were sent more than once."""
        return sum(sent.tries > 1 for sent in self.sent)

    @property
    def longest_s(self) -> float:
        """How long the slowest command took until it was answered: how long somebody was without service."""
        return max((sent.seconds for sent in self.sent), default=0.0)


Story = Generator[Command, UUID | None, None]
"""Commands one after another; each is answered with the id that came back, or None where it was refused."""


class Load:
    """Clients that tell stories until the context ends; each finishes the command at hand."""

    def __init__(
        self,
        system: Distributed,
        *,
        children: list[UUID],
        seed: int,
        clients: int = 3,
        through_gateway: int = 1,
        pause_s: float = 0.05,
    ) -> None:
        """`clients` send to the services, `through_gateway` more to the gateway; each pauses after every command."""
        self.ledger = Ledger()
        self.beside: dict[str, Worker] = {}
        """Further processes of services' apis; about every second try of a command goes to one of these."""
        self._system = system
        self._children = children
        self._pause_s = pause_s
        self._token = (system.secrets / "services.token").read_text(encoding="utf-8").strip()
        self._stopping = threading.Event()
        self._moved = threading.Condition()
        self._accepted = 0
        self._reckoned = 0
        self._failed: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(Random(f"{seed}/{n}"), n < through_gateway), name=f"client-{n}")  # noqa: S311
            for n in range(clients + through_gateway)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE_S + ANSWER_S)
        if self._failed is not None:
            raise self._failed

    def wait_for(self, accepted: int, *, within_s: float = PATIENCE_S) -> None:
        """Returns when so many more commands were accepted since the beginning or the last call; raises `TimeoutError`."""
        with self._moved:
            wanted = self._reckoned + accepted
            if not self._moved.wait_for(lambda: self._accepted >= wanted or self._failed is not None, within_s):
                raise TimeoutError(
                    f"{self._accepted - self._reckoned} of {accepted} commands were accepted in {within_s} s"
                )
            self._reckoned = self._accepted

    def send(self, command: Command) -> Sent:
        """Sends one command more, from the calling thread, and returns what became of it; it stands in the ledger."""
        with httpx.Client(timeout=ANSWER_S) as http:
            way = _Services(self._system, http, self._token, beside=self.beside)
            return self._send(command, way=way, key=uuid4())

    def _run(self, random: Random, through_gateway: bool) -> None:
        try:
            with httpx.Client(timeout=ANSWER_S) as http:
                way = (
                    _Gateway(self._system, http)
                    if through_gateway
                    else _Services(self._system, http, self._token, beside=self.beside)
                )
                stories = _stories(random, children=self._children, through_gateway=through_gateway)
                while not self._stopping.is_set():
                    self._tell(next(stories), way=way, random=random)
        except BaseException as error:  # noqa: BLE001  # told to whoever waits, and again when the load ends
            self._failed = error
            with self._moved:
                self._moved.notify_all()

    def _tell(self, story: Story, *, way: "_Way", random: Random) -> None:
        """Tells a story up to its end, or up to what was not accepted."""
        with suppress(StopIteration):
            command = next(story)
            while not self._stopping.is_set():
                sent = self._send(command, way=way, key=_id(random))
                self._stopping.wait(self._pause_s)
                if sent.outcome != "accepted":
                    return
                command = story.send(sent.id)

    def _send(self, command: Command, *, way: "_Way", key: UUID) -> Sent:
        began, tries, pause_s, heard = time.monotonic(), 0, PAUSE_S, _Heard("again")
        while True:
            tries += 1
            with suppress(httpx.HTTPError):
                heard = way.send(command, key=key)
            ended = time.monotonic()
            if heard.outcome != "again" or ended - began > PATIENCE_S:
                break
            time.sleep(pause_s)  # a client that waits before it asks again
            pause_s = min(2 * pause_s, PAUSE_S_MAX)
        sent = Sent(
            key=way.command_id(command, key),
            service=command.service,
            name=command.name,
            outcome="unanswered" if heard.outcome == "again" else heard.outcome,
            id=heard.id,
            position=heard.position,
            tries=tries,
            began=began,
            ended=ended,
            words=heard.words,
            through_gateway=isinstance(way, _Gateway),
        )
        with self._moved:
            self.ledger.sent.append(sent)
            self._accepted += sent.outcome == "accepted"
            self._moved.notify_all()
        return sent


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one try was answered; `again` asks for another one with the same key."""

    outcome: Literal["accepted", "refused", "again"]
    id: UUID | None = None
    position: int = 0
    words: str = ""


class _Services:
    """Straight to the services, as the gateway does."""

    def __init__(self, system: Distributed, http: httpx.Client, token: str, *, beside: Mapping[str, Worker]) -> None:
        self._system = system
        self._http = http
        self._token = token
        self._beside = beside
        self._turns = itertools.cycle((False, True))

    def command_id(self, _command: Command, key: UUID) -> UUID:
        return key

    def send(self, command: Command, *, key: UUID) -> _Heard:
        worker = self._system.workers[f"{command.service} api"]
        if next(self._turns):
            worker = self._beside.get(command.service, worker)
        answer = self._http.post(
            f"{worker.url}/commands/{command.name.replace('_', '-')}",
            json=command.body,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Idempotency-Key": str(key),
                "X-Correlation-Id": str(key),
                "X-Actor": "load",
                "X-Department": command.department,
                "X-Purpose": command.purpose,
            },
        )
        if answer.status_code == 200:
            told = answer.json()
            return _Heard("accepted", UUID(told["id"]), told["position"])
        if answer.status_code == 409 or answer.status_code >= 500:
            return _Heard("again", words=answer.text)
        return _Heard("refused", words=answer.text)


class _Gateway:
    """Through the gateway's mutations, under the account of the bureau's office."""

    ACCOUNT: Final = "bureau-office"
    TYPES: Final[Mapping[str, str]] = {
        "child_id": "UUID!",
        "case_id": "UUID!",
        "transfer_id": "UUID!",
        "causes": "[String!]!",
    }
    FINAL: Final = frozenset({"REFUSED", "FORBIDDEN", "BAD_REQUEST"})

    def __init__(self, system: Distributed, http: httpx.Client) -> None:
        self._system = system
        self._http = http
        self._token = ""

    def command_id(self, command: Command, key: UUID) -> UUID:
        return uuid5(key, _camel(command.name))

    def send(self, command: Command, *, key: UUID) -> _Heard:
        if not self._token:
            minted = self._http.post(f"{self._system.url}/development/token/{self.ACCOUNT}")
            self._token = minted.raise_for_status().json()["token"]
        field_name = _camel(command.name)
        declared = ", ".join(f"${_camel(name)}: {self.TYPES.get(name, 'String!')}" for name in command.body)
        passed = ", ".join(f"{_camel(name)}: ${_camel(name)}" for name in command.body)
        answer = self._http.post(
            f"{self._system.url}/graphql",
            json={
                "query": f"mutation({declared}) {{ {field_name}({passed}) {{ id position visible }} }}",
                "variables": {_camel(name): value for name, value in command.body.items()},
            },
            headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": str(key)},
        )
        if answer.status_code == 401:  # the development issuer's key is new whenever the gateway is
            self._token = ""
        if answer.status_code >= 500 or answer.status_code == 401:
            return _Heard("again", words=answer.text)
        told = answer.json()
        if told.get("errors"):
            # NOT_FOUND may mean: not in the read model yet. Every record the stories speak of will be there.
            code = told["errors"][0].get("extensions", {}).get("code", "")
            return _Heard("refused" if code in self.FINAL else "again", words=answer.text)
        done = told["data"][field_name]
        return _Heard("accepted", UUID(done["id"]), done["position"])


_Way = _Services | _Gateway


def _stories(random: Random, *, children: list[UUID], through_gateway: bool) -> Iterator[Story]:
    while True:
        if through_gateway:
            yield _seen(random, children=children)
        else:
            [tell] = random.choices((_case, _move, _placement, _plan), weights=(5, 2, 1, 2))
            yield tell(random, children=children)


def opened_by_hand(random: Random) -> Command:
    """A case of a child nobody knew of."""
    return Command(
        "cases",
        "open_case",
        {
            "child_id": str(_id(random)),
            "cause": "field_check",
            "township": TOWNSHIP,
            "village": f"{TOWNSHIP}{random.randrange(200, 220)}",
            "school": SCHOOL,
            "stage": random.choice(("primary", "junior")),
        },
    )


def verified_by_hand(case_id: UUID) -> Command:
    """Somebody goes to find out."""
    return Command("cases", "begin_verification", {"case_id": str(case_id)})


def _case(random: Random, *, children: list[UUID]) -> Story:
    """A child that somebody found at home, up to a referral; cases, assistance and notify have work with it."""
    opened = yield opened_by_hand(random)
    case: dict[str, object] = {"case_id": str(opened)}
    yield Command("cases", "begin_verification", case)
    yield Command("cases", "confirm_case", case | {"causes": [random.choice(("work", "poverty", "illness"))]})
    for _ in range(random.randrange(3)):
        yield Command(
            "cases",
            "record_persuasion",
            case | {"method": "home_visit", "outcome": "wavering", "note": "谈过话", "made_on": str(_day(-5))},
        )
    asked: dict[str, object] = {"to": "civil_affairs", "purpose": "guardianship", "request": "请核实监护情况"}
    referral = yield Command("cases", "open_referral", case | asked | {"reply_by": str(_day(20))})
    if random.random() < 0.5:
        civil_affairs = f"civil_affairs:{COUNTY}"
        yield Command(
            "cases",
            "accept_referral",
            {"referral_id": str(referral)},
            department=civil_affairs,
            purpose="social_relief",
        )


def _move(random: Random, *, children: list[UUID]) -> Story:
    """A child changes school; its transfer has a random id, so that one done twice would show as two."""
    transfer = yield Command(
        "roster",
        "open_transfer",
        {"child_id": str(random.choice(children)), "from_school": SCHOOL, "to_place": "410305"},
    )
    yield Command("roster", "complete_transfer", {"transfer_id": str(transfer), "to_school": "3141000400"})


def _placement(random: Random, *, children: list[UUID]) -> Story:
    """A placement is decided, and sometimes ended."""
    placement = yield Command(
        "roster",
        "decide_placement",
        {"child_id": str(random.choice(children)), "form": "regular_class", "school": SCHOOL},
    )
    if random.random() < 0.5:
        yield Command("roster", "end_placement", {"placement_id": str(placement), "reason": "复评"})


def _plan(random: Random, *, children: list[UUID]) -> Story:
    """A plan with two measures for a child of its own."""
    plan = yield Command(
        "assistance",
        "open_student_plan",
        {"child_id": str(_id(random)), "township": TOWNSHIP},
        purpose="assistance",
    )
    for measure in ("tutoring", "boarding"):
        planned: dict[str, object] = {"plan_id": str(plan), "measure": measure, "owner": f"school:{SCHOOL}"}
        yield Command("assistance", "plan_measure", planned | {"due_on": str(_day(30))}, purpose="assistance")


def _seen(random: Random, *, children: list[UUID]) -> Story:
    """What an office does in front of a screen: each next command needs that the last one is shown there."""
    child: dict[str, object] = {"child_id": str(random.choice(children))}
    if random.random() < 0.3:
        opened = yield Command("cases", "open_case", child | {"cause": "field_check"})  # refused where one is open
        yield Command("cases", "begin_verification", {"case_id": str(opened)})
        yield Command("cases", "confirm_case", {"case_id": str(opened), "causes": ["distance"]})
    else:
        transfer = yield Command("roster", "open_transfer", child | {"from_school": SCHOOL, "to_place": "410306"})
        yield Command("roster", "complete_transfer", {"transfer_id": str(transfer), "to_school": "3141000500"})


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _day(days: int) -> date:
    return china_date(SystemClock().now()) + timedelta(days=days)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
