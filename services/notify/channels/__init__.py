"""The ways a notice reaches a unit 通知渠道: its inbox in the house, and what leaves it.

    inbox.py     the unit's own list of notices: delivered when it is recorded
    email.py     a mailbox, over SMTP
    sms.py       a telephone, by a gateway over HTTP
    webhook.py   a department's own system, after Standard Webhooks, as CloudEvents
    bounce.py    what a mail server reports of a message
    signing.py   signatures after Standard Webhooks
    door.py      the way out over HTTP, and where it may lead

What leaves the house is sent by the sender alone (`sender.py`), outside of any transaction.
"""

from typing import Protocol

from services.notify.domain.contact import Address, ChannelName
from services.notify.domain.dispatch import Outcome
from services.notify.domain.message import Message


class Outbound(Protocol):
    """A way out of the house. Nothing it is given or told may stand in a log, a trace, or an error."""

    name: ChannelName
    can_ask: bool
    """Whether its provider can be asked by the key what became of a message."""
    if_unseen: Outcome
    """What a message counts as whose end nobody saw: open, unless whoever receives it is bound to take its key once."""
    per_minute: int
    """How many messages it may send in a minute at most."""
    width: int
    """How many messages it sends at once."""

    def send(self, message: Message, *, to: Address) -> Outcome:
        """Hands a message over under its key and says how it went; never raises for one that could not be sent."""
        ...

    def ask(self, message: Message, *, to: Address) -> Outcome:
        """What the provider says became of the message of this key; only where it `can_ask`."""
        ...
