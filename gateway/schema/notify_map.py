"""What leaves the house 外发 in the map: messages, and how units are reached. See `map.py` and `roots.py`."""

from collections.abc import Mapping
from typing import Final

from gateway.schema.root import Filter, Root, by_id, by_moment
from gateway.schema.table import Table, columns, moment

TABLES: Final = (
    Table(
        "Message",
        "message",
        columns(
            "unit township channel hint noticeIds state failure reference tries",
            id="{a}.message_id",
            begunAt=moment("{a}.begun_at"),
            settledAt=moment("{a}.settled_at"),
            againAt=moment("{a}.again_at"),
        ),
        of_child=False,
    ),
    Table(
        "ContactAddress",
        "contact_address",
        columns("unit channel hint holder account matters suspended", id="{a}.entry_id", setAt=moment("{a}.set_at")),
        of_child=False,
    ),
    Table(
        "Contact",
        "contact",
        columns("unit account quietFrom quietUntil workingDays digestAt absentFrom absentUntil", id="{a}.contact_id"),
        of_child=False,
    ),
)
OWNER: Final[Mapping[str, str]] = {
    "Notice": "recipient",
    "Message": "unit",
    "ContactAddress": "unit",
    "Contact": "unit",
}
"""The column that names the unit a row is `own` to."""

ROOTS: Final[Mapping[str, Root]] = {
    "messages": Root(
        "Message",
        many=True,
        filters={
            "state": Filter("{a}.state = {v}", "state"),
            "channel": Filter("{a}.channel = {v}", "channel"),
        },
        keys=(by_moment("begun_at"), by_id("message_id")),
        descending=True,
    ),
    "contactAddresses": Root("ContactAddress", many=True, keys=(by_moment("set_at"), by_id("entry_id"))),
    "contacts": Root("Contact", many=True, keys=(by_id("contact_id"),)),
}
