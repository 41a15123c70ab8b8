"""The commands of requests about what is held of a child 个人信息权利请求: received, who asks looked at, handed on, answered, refused."""

from collections.abc import Callable
from uuid import UUID

from services.cases.application import Cases
from services.cases.domain.data_request import DataRequest
from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer


class DataRequests:
    """Everything that can be asked of them."""

    def __init__(self, *, cases: Cases) -> None:
        self._cases = cases

    def receive_data_request(
        self, *, child_id: UUID, township: str, kind: str, asked_by: str, request: str, about: str = ""
    ) -> Answer:
        """Receives a request at the counter of the acting unit 受理个人信息请求."""
        received = DataRequest.receive(
            child_id=child_id,
            number=len(_requests_about(self._cases, child_id)) + 1,
            township=township,
            kind=kind,
            about=about,
            asked_by=asked_by,
            request=request,
            unit=who_acts().department,
            today=today(),
        )
        return self._cases.record(received)

    def check_requester(self, *, request_id: UUID, shown: str) -> Answer:
        """Somebody looked at who asks 核验请求人身份."""
        request = self._cases.get(DataRequest, request_id)
        request.check_requester(shown=shown, today=today())
        return self._cases.record(request)

    def assign_data_request(self, *, request_id: UUID, unit: str, officer: str = "") -> Answer:
        """Hands it to a unit, or to an officer of it 交办."""
        request = self._cases.get(DataRequest, request_id)
        request.assign(unit=unit, officer=officer, by=who_acts().department, today=today())
        return self._cases.record(request)

    def answer_data_request(self, *, request_id: UUID, outcome: str, answer: str, content: str = "") -> Answer:
        """Answers it 答复; `content` is the SHA-256 of the file that was handed over."""
        request = self._cases.get(DataRequest, request_id)
        request.answer(outcome=outcome, answer=answer, content=content, unit=who_acts().department, today=today())
        return self._cases.record(request)

    def decline_data_request(self, *, request_id: UUID, ground: str, answer: str) -> Answer:
        """Refuses it on a ground of the list 不予办理."""
        request = self._cases.get(DataRequest, request_id)
        request.decline(ground=ground, answer=answer, unit=who_acts().department, today=today())
        return self._cases.record(request)


def hear_correction(cases: Cases, *, child_id: UUID) -> None:
    """The roster told that who a child is was corrected: a request for that may now be answered."""
    _hear(cases, child_id, lambda request: request.hear_correction(today=today()))


def hear_end(cases: Cases, *, child_id: UUID, outcome: str) -> None:
    """The roster told that a child was erased or restricted: a request to delete has its answer."""
    _hear(cases, child_id, lambda request: request.hear_end(outcome, today=today()))


def _hear(cases: Cases, child_id: UUID, act: Callable[[DataRequest], None]) -> None:
    requests = _requests_about(cases, child_id)
    for request in requests:
        act(request)
    if any(request.pending_events for request in requests):
        cases.record(*requests, answer=child_id)


def _requests_about(cases: Cases, child_id: UUID) -> list[DataRequest]:
    """The requests about a child, from the first."""
    found: list[DataRequest] = []
    while (one := cases.find(DataRequest, DataRequest.id_of(child_id, len(found) + 1))) is not None:
        found.append(one)
    return found
