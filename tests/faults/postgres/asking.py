"""One caller at a time, who notes exactly what was answered: the load beside it only counts."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.distributed import Distributed
from services.chassis.clock import SystemClock, china_date
from tests.faults.load import BUREAU, SCHOOL, TOWNSHIP

NOBODY: Final = str(UUID(int=1))
PROBES: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "roster": ("complete_transfer", {"transfer_id": NOBODY, "to_school": SCHOOL}),
    "cases": ("close_case", {"case_id": NOBODY}),
    "assistance": ("review_student_plan", {"plan_id": NOBODY, "review_on": "2026-10-01"}),
    "notify": ("acknowledge_notice", {"notice_id": NOBODY}),
}
"""A command of each service about what isn't there: its store is asked, and nothing changes."""
LOOK: Final = "{ findingCounts { kind township count } }"
"""A look at data that the bureau's office may take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took; status 0 where nothing did in time."""

    status: int
    body: Mapping[str, Any]
    retry_after: str
    seconds: float

    @property
    def says_later(self) -> bool:
        """Whether it says in words and by its status that it is to be asked again."""
        words = str(self.body.get("message", ""))
        return (
            self.status == 503
            and self.body.get("code") == "UNAVAILABLE"
            and "again" in words
            and self.retry_after != ""
        )

    @property
    def tells_data(self) -> bool:
        """Whether anything of the data is in it."""
        return bool(self.body.get("data"))

    @property
    def place(self) -> tuple[str, int]:
        """The id and position that a command was answered with."""
        return self.body["id"], self.body["position"]


class Caller:
    """Somebody of the bureau's office, before the gateway or straight before a service."""

    def __init__(self, system: Distributed) -> None:
        self._system = system
        self._secret = (system.secrets / "services.token").read_text(encoding="utf-8").strip()
        minted = httpx.post(f"{system.url}/development/token/bureau-office", timeout=10)
        self._token = minted.raise_for_status().json()["token"]

    def look(self, *, within_s: float = 20.0) -> Answer:
        """Asks the gateway for data."""
        return self._post(
            f"{self._system.url}/graphql",
            {"query": LOOK},
            headers={"Authorization": f"Bearer {self._token}"},
            within_s=within_s,
        )

    def send(
        self, service: str, command: str, body: Mapping[str, object], *, key: UUID, within_s: float = 70.0
    ) -> Answer:
        """Sends a command to a service."""
        return self._post(
            f"{self._system.workers[f'{service} api'].url}/commands/{command.replace('_', '-')}",
            body,
            headers={
                "Authorization": f"Bearer {self._secret}",
                "Idempotency-Key": str(key),
                "X-Actor": "caller",
                "X-Department": BUREAU,
                "X-Purpose": "dropout_control",
            },
            within_s=within_s,
        )

    def open_case(self, key: UUID, *, within_s: float = 70.0) -> Answer:
        """Opens a case for the child of this key."""
        place = {"township": TOWNSHIP, "village": f"{TOWNSHIP}200", "school": SCHOOL, "stage": "primary"}
        body = {"child_id": str(key), "cause": "field_check"} | place
        return self.send("cases", "open_case", body, key=key, within_s=within_s)

    def confirmed_case(self) -> str:
        """The id of a case that was opened and confirmed just now, about a child nobody has sealed anything of yet."""
        case_id = self.open_case(uuid4()).place[0]
        assert self.send("cases", "begin_verification", {"case_id": case_id}, key=uuid4()).status == 200
        confirmed = {"case_id": case_id, "causes": ["work"]}
        assert self.send("cases", "confirm_case", confirmed, key=uuid4()).status == 200
        return case_id

    def persuade(self, case_id: str, *, key: UUID) -> Answer:
        """Keeps an attempt to persuade, with a note that is sealed."""
        made_on = china_date(SystemClock().now()).isoformat()
        body = {"case_id": case_id, "method": "home_visit", "outcome": "wavering", "note": "谈过话", "made_on": made_on}
        return self.send("cases", "record_persuasion", body, key=key)

    def probe_all(self, *, within_s: float = 70.0) -> dict[str, Answer]:
        """What every service answers now, asked at once; 404 is what one says whose store can be reached."""

        def probe(service: str) -> Answer:
            command, body = PROBES[service]
            return self.send(service, command, body, key=uuid4(), within_s=within_s)

        with ThreadPoolExecutor(len(PROBES)) as threads:
            return dict(zip(PROBES, threads.map(probe, PROBES), strict=True))

    @staticmethod
    def _post(url: str, body: Mapping[str, object], *, headers: dict[str, str], within_s: float) -> Answer:
        began = time.monotonic()
        try:
            answer = httpx.post(url, json=body, headers=headers, timeout=within_s)
        except httpx.HTTPError:
            return Answer(0, {}, "", time.monotonic() - began)
        told = answer.json()
        return Answer(answer.status_code, told, answer.headers.get("retry-after", ""), time.monotonic() - began)
