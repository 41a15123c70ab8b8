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


def node_id_sql(type_name: str, key: str) -> str:
    """The same by PostgreSQL, of a column of ids."""
    return f"translate(encode(convert_to('{type_name}:' || {key}::text, 'UTF8'), 'base64'), E'\\n', '')"
