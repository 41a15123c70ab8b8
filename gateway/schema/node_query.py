"""What Query tells by node ids 节点编号; see `node.py`."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import strawberry

from gateway.access.policy import NODE_ID
from gateway.schema.map import OWNER
from gateway.schema.node import MOST, Node, read_node_id, read_node_ids
from gateway.schema.reading import Info, Readable


def own(info: Info, *, type_name: str, column: str, of: str = "unit") -> str:
    """For who reaches a type's rows as its own only: that they are its unit's, even where its area would open others."""
    return f"{column} = %({of})s" if info.context.principal.grants.relation(type_name) == "own" else "true"


@strawberry.type
class NodeQuery:
    """Whatever has an id of its own, by that id."""

    @strawberry.field(description="按节点编号 whatever has this node id, as its own type would show it")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002
        """One object of any type, or null."""
        asked = read_node_id(id)
        return (await _found(info, [asked])).get(asked)

    @strawberry.field(
        description=f"按节点编号 whatever has these node ids, at most {MOST}, in their order; null for each that is not there"
    )
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        """Objects of any types, or nulls."""
        asked = read_node_ids(list(ids))
        found = await _found(info, asked)
        return [found.get(each) for each in asked]


async def _found(info: Info, asked: Sequence[tuple[str, UUID]]) -> dict[tuple[str, UUID], Node]:
    """The objects that are there for this caller, by type and key."""
    found: dict[tuple[str, UUID], Node] = {}
    for cls in Node.__subclasses__():
        kind = cls.__name__
        keys = [key for name, key in asked if name == kind]
        if not keys or info.context.principal.grants.of(kind, NODE_ID) is None:
            continue
        readable = cast("type[Readable]", cls)
        mine = own(info, type_name=kind, column=OWNER.get(kind, "unit"))
        rows = await info.context.rows(
            f"select r.* from ({readable.SELECT}) r where r.id = any(%(ids)s) and {mine}",
            ids=keys,
            today=info.context.today,
            unit=info.context.principal.unit,
        )
        found |= {(kind, row["id"]): cast("Node", readable.of(row, info.context)) for row in rows}
    return found
