"""The child that a record is about 儿童, for every type that has one: `child = strawberry.field(resolver=its_child, …)`."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from gateway.schema.reading import Info, one

if TYPE_CHECKING:
    from gateway.schema.roster import Child


async def its_child(root: Any, info: Info) -> Annotated["Child", strawberry.lazy("gateway.schema.roster")] | None:
    """The child of `child_id`, or null where it is not within the caller's reach."""
    from gateway.schema.roster import Child  # noqa: PLC0415  # that module knows every type that has a child

    return await one(info.context, Child, "child_id = %(child)s", child=root.child_id)
