"""Node ids 节点编号: one id for whatever has one, after the Relay server specification.

A node id is base64 of `Type:uuid`, opaque to partners. It is as hard to guess as the UUID in it, and no right: what is behind
it is shown to whom its type's own root would show it, and to others there is nothing.
"""

# mypy: disable-error-code="untyped-decorator"

import base64
import binascii
from uuid import UUID

import strawberry

from gateway.schema.paging import BadArgument

LONGEST = 128
MOST = 50
"""How many node ids are asked for at once."""


@strawberry.interface(description="Whatever has an id of its own 有编号的对象.")
class Node:
    """What can be asked for again by `node(id:)`."""

    @strawberry.field(description="节点编号 the id among all types; what `node` takes")
    def node_id(self) -> strawberry.ID:
        """The id among all types."""
        return strawberry.ID(node_id_of(type(self).__name__, self.id))  # type: ignore[attr-defined]  # each type's own


def node_id_of(type_name: str, key: UUID) -> str:
    """The node id of a row of a type."""
    return base64.b64encode(f"{type_name}:{key}".encode()).decode()


def read_node_id(text: object) -> tuple[str, UUID]:
    """Type and key of a node id; raises `BadArgument`. The type may be one that there is not."""
    try:
        type_name, _, key = base64.b64decode(str(text)[:LONGEST], validate=True).decode("ascii").partition(":")
        return type_name, UUID(key)
    except (binascii.Error, ValueError):
        message = "id is a node id as an earlier answer gave it in nodeId."
        raise BadArgument(message) from None


def read_node_ids(ids: list[object]) -> list[tuple[str, UUID]]:
    """Types and keys of as many node ids as may be asked for at once; raises `BadArgument`."""
    if len(ids) > MOST:
        message = f"ids are at most {MOST} node ids."
        raise BadArgument(message)
    return [read_node_id(text) for text in ids]


def listed(ids: object) -> list[object]:
    """A list; GraphQL takes one value for a list of one."""
    return ids if isinstance(ids, list) else [ids]


def kinds_asked(ids: object) -> tuple[str, ...]:
    """The types that one node id, or a list of them, names; raises `BadArgument`."""
    return tuple(sorted({kind for kind, _ in read_node_ids(listed(ids))}))


def node_id_sql(type_name: str, key: str) -> str:
    """The same by PostgreSQL, of a column of ids."""
    return f"translate(encode(convert_to('{type_name}:' || {key}::text, 'UTF8'), 'base64'), E'\\n', '')"
