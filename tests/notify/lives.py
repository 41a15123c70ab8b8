"""Notices around one case, from the school to the county: every event the service knows occurs."""

from tests.notify.given import (
    DAY,
    PAPER,
    SCHOOL,
    TOWNSHIP,
    FailingChannel,
    NoticesInMemory,
    acting_on,
    days,
    issued,
    opened,
    referred,
)


def a_case_nobody_looks_at() -> NoticesInMemory:
    """An application in which a case's notices failed, climbed, and one was acknowledged at last."""
    app = NoticesInMemory(channel=FailingChannel("unreachable"))
    app.hear(opened())
    notice_id = app.stored[-1].originator_id
    for day in range(1, 30):
        app.pass_to(DAY + days(day))
    app.hear(issued(f"township:{TOWNSHIP}"), aggregate_id=PAPER, on=DAY + days(30))
    app.hear(referred("civil_affairs"), aggregate_id=PAPER, version=2, on=DAY + days(30))
    with acting_on(DAY + days(31), department=f"school:{SCHOOL}"):
        app.acknowledge_notice(notice_id=notice_id)
    return app
