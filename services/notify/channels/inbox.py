"""The way in the house 站内信: told once per notice, inside the step that raises it.

So what it does has to bear being done again: a step whose transaction fails is repeated. The inbox does nothing outside, so
that holds by itself.
"""

from typing import Protocol

from services.notify.domain.notice import Delivery, Notice


class Inbox(Protocol):
    """Something that can carry a notice within the house."""

    def deliver(self, notice: Notice) -> Delivery:
        """Carries the notice to its recipient and says how it went; never raises for a delivery that fails."""
        ...


class InboxChannel:
    """The unit's own list of notices 站内信: delivered when it is recorded, for then every reader of the unit sees it."""

    def deliver(self, notice: Notice) -> Delivery:  # noqa: ARG002  # nothing leaves the house
        """The notice is delivered."""
        return Delivery(channel="inbox")
