"""Which fields an operation asks for, and whether its caller may ask: decided once for a document, before anything runs.

Types that describe an answer rather than hold data (pages, the caller's own grants) are open; a mutation is a command
and is granted as one; every other field must be in the policy table, or it does not exist for this caller. Directives are
not looked at: a field that may be skipped must be granted too.
"""

import re
from collections.abc import Iterator

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)
from graphql.language import NullValueNode

from gateway.access.consents import WITHHELD
from gateway.access.policy import Grant, Grants, Mode, Relation, forbidden
from gateway.access.predicates import PREDICATES
from gateway.schema.root import Filter
from gateway.schema.roots import ROOTS
from gateway.schema.selection import Fragments

OPEN_TYPES = frozenset({"Me", "VisibleField", "PageInfo", "CommandAnswer", "Node", "Verdict"})


def is_open(type_name: str, field: str) -> bool:
    """Whether a field describes an answer and needs no grant."""
    return (
        type_name in OPEN_TYPES
        or type_name.endswith(("Connection", "Edge"))
        or field == "__typename"
        or (type_name, field) in {("Query", "me"), ("Query", "node"), ("Query", "nodes")}
    )


def command_of(field: str) -> str:
    """The command a field of Mutation sends: `beginVerification` is `begin_verification`."""
    return re.sub(r"([A-Z])", r"_\1", field).lower()


def asked_fields(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments
) -> tuple[tuple[str, FieldNode], ...]:
    """Every field an operation asks for with the name of its type, each fragment entered once.

    A subscription asks for the fields of Query that it follows.
    """
    follows = operation.operation is OperationType.SUBSCRIPTION
    root = schema.query_type if follows else schema.get_root_type(operation.operation)
    return () if root is None else tuple(_asked(schema, operation.selection_set, root, fragments, set()))


def introspects(asked: tuple[tuple[str, FieldNode], ...]) -> bool:
    """Whether an operation asks for the schema itself."""
    return any(node.name.value in {"__schema", "__type"} for _, node in asked)


def names_somebody(asked: tuple[tuple[str, FieldNode], ...]) -> bool:
    """Whether an operation looks for somebody by what they are called or numbered."""
    return any(type_name == "Query" and node.name.value in PREDICATES for type_name, node in asked) or any(
        ROOTS[node.name.value].filters[argument.name.value].personal
        for type_name, node in asked
        if type_name == "Query" and node.name.value in ROOTS
        for argument in node.arguments or ()
        if argument.name.value in ROOTS[node.name.value].filters
    )


def require_rights(asked: tuple[tuple[str, FieldNode], ...], *, grants: Grants) -> tuple[str, ...]:
    """The granted fields an operation asks for, as `Type.field`; raises `Forbidden` naming the first that is not."""
    seen: dict[str, None] = {}
    for type_name, node in asked:
        field = node.name.value
        if type_name.startswith("__") or field.startswith("__") or is_open(type_name, field):
            continue
        if type_name == "Mutation":
            grants.require_command(command_of(field))
        elif grants.of(type_name, field) is None:
            raise forbidden(type_name, field, grants=grants)
        elif type_name == "Query":
            _require_filters(node, grants=grants)
        seen[f"{type_name}.{field}"] = None
    return tuple(seen)


def _require_filters(node: FieldNode, *, grants: Grants) -> None:
    """A filter on a field tells it, so the field must be granted in full, or by a mask that shows as much."""
    root = ROOTS.get(node.name.value)
    for argument in (node.arguments or ()) if root else ():
        narrowing = root.filters.get(argument.name.value) if root else None
        if root is None or narrowing is None or narrowing.field is None or isinstance(argument.value, NullValueNode):
            continue
        grant = grants.of(root.type, narrowing.field)
        if (
            grant is None
            or (grant.mode is not Mode.FULL and not narrowing.mask_is_enough)
            or _is_withheld(grant, narrowing)
        ):
            raise forbidden(root.type, narrowing.field, grants=grants)


def _is_withheld(grant: Grant, narrowing: Filter) -> bool:
    """Whether a field is shown of some children and not of others, as their guardians agreed: asked for, it would be told of all."""
    return grant.relation is Relation.CONSENT and narrowing.field in WITHHELD


def _asked(
    schema: GraphQLSchema,
    selections: SelectionSetNode,
    parent: GraphQLNamedType,
    fragments: Fragments,
    visited: set[str],
) -> Iterator[tuple[str, FieldNode]]:
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield parent.name, selection
            if selection.selection_set and isinstance(parent, GraphQLObjectType):
                if selection.name.value not in parent.fields:
                    continue  # introspection, which holds no data
                inner = get_named_type(parent.fields[selection.name.value].type)
                yield from _asked(schema, selection.selection_set, inner, fragments, visited)
        elif isinstance(selection, InlineFragmentNode):
            yield from _asked(schema, selection.selection_set, _of(schema, selection, parent), fragments, visited)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
            visited.add(selection.name.value)
            fragment: FragmentDefinitionNode = fragments[selection.name.value]
            yield from _asked(schema, fragment.selection_set, _of(schema, fragment, parent), fragments, visited)


def _of(
    schema: GraphQLSchema, fragment: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLNamedType
) -> GraphQLNamedType:
    """The type whose fields a fragment asks for."""
    return parent if fragment.type_condition is None else schema.type_map[fragment.type_condition.name.value]
