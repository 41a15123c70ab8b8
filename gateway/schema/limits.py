"""What a document may ask at most, decided in one pass before it is validated.

Every fragment is measured once and its measure reused, so a document in which fragments fan out into fragments costs no
more to refuse than its own length. Numbers add up over fragments: what is small to write and large to run is large here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.schema.map import TABLES
from gateway.schema.node import MOST as MOST_NODES
from gateway.schema.paging import LARGEST_PAGE, PAGE, BadArgument
from gateway.schema.roots import ROOTS

TOKENS = 1000
BYTES = 64 * 1024
LONGEST_NAME = 60
"""Response keys become column names, which PostgreSQL cuts at 63 bytes."""

_PAGES = frozenset(name for name, root in ROOTS.items() if root.keys)
_LISTS = frozenset(name for table in TABLES.values() for name, link in table.links.items() if link.many)
_LIST_GUESS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How large a selection is. `cost` counts rows it may read, lists without a page guessed at five rows."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            depth=max(self.depth, other.depth),
            fields=self.fields + other.fields,
            aliases=self.aliases + other.aliases,
            directives=self.directives + other.directives,
            cost=self.cost + other.cost,
        )


LIMITS = Measure(depth=10, fields=300, aliases=15, directives=8, cost=10_000)
MOST_ROOTS = 6
INTROSPECTION_DEPTH = 16
"""What tools ask of `__schema` unwraps types layer by layer; where introspection is off it is refused all the same."""
_NOTHING = Measure()
_ENDLESS = Measure(depth=1 << 30)


def refuse_excess(document: DocumentNode) -> None:
    """Raises `BadArgument` naming the limit, where an operation of the document is over one."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured: dict[tuple[str, bool], Measure] = {}
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        whole = _measure(operation.selection_set, fragments, measured, root=True)
        whole += Measure(directives=len(operation.directives or ()))
        _compare(whole)
        if _roots(operation.selection_set, fragments, set()) > MOST_ROOTS:
            message = f"An operation asks at most {MOST_ROOTS} fields at its root."
            raise BadArgument(message)


def rows_asked(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many rows an operation may read, as its `cost` has it."""
    return _measure(operation.selection_set, fragments, {}, root=True).cost


def _compare(whole: Measure) -> None:
    for name in ("depth", "fields", "aliases", "directives", "cost"):
        allowed, asked = getattr(LIMITS, name), getattr(whole, name)
        if asked > allowed:
            message = f"The document asks too much: {name} is limited to {allowed}."
            raise BadArgument(message)


def _measure(
    selections: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    measured: dict[tuple[str, bool], Measure],
    *,
    root: bool = False,
) -> Measure:
    total = _NOTHING
    for selection in selections.selections if selections else ():
        total += Measure(directives=len(selection.directives or ()))
        if isinstance(selection, FieldNode):
            total += _field(selection, _measure(selection.selection_set, fragments, measured), root=root)
        elif isinstance(selection, InlineFragmentNode):
            total += _measure(selection.selection_set, fragments, measured, root=root)
        elif isinstance(selection, FragmentSpreadNode):
            key = (selection.name.value, root)
            if key not in measured:
                # A fragment met again while it is being measured holds itself; validation would refuse it too.
                measured[key] = _ENDLESS
                fragment = fragments.get(key[0])
                inner = fragment.selection_set if fragment else None
                measured[key] = _measure(inner, fragments, measured, root=root)
            total += measured[key]
    return total


def _field(node: FieldNode, within: Measure, *, root: bool) -> Measure:
    key = (node.alias or node.name).value
    if len(key) > LONGEST_NAME:
        message = f"Aliases are at most {LONGEST_NAME} characters long."
        raise BadArgument(message)
    rows = _rows(node, root=root)
    introspects = root and node.name.value in {"__schema", "__type"} and within.depth < INTROSPECTION_DEPTH
    return Measure(
        depth=1 if introspects else within.depth + 1,
        fields=within.fields + 1,
        aliases=within.aliases + (1 if node.alias else 0),
        directives=within.directives,
        cost=rows * (1 + within.cost) if node.selection_set else 0,
    )


def _rows(node: FieldNode, *, root: bool) -> int:
    if root and node.name.value in _PAGES:
        first = next((argument.value for argument in node.arguments or () if argument.name.value == "first"), None)
        if first is None:
            return PAGE
        return min(int(first.value), LARGEST_PAGE) if isinstance(first, IntValueNode) else LARGEST_PAGE
    if root and node.name.value == "nodes":
        ids = next((argument.value for argument in node.arguments or ()), None)
        return min(len(ids.values), MOST_NODES) if isinstance(ids, ListValueNode) else MOST_NODES
    return _LIST_GUESS if node.name.value in _LISTS else 1


def _roots(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], visited: set[str]) -> int:
    count = 0
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            count += 1
        elif isinstance(selection, InlineFragmentNode):
            count += _roots(selection.selection_set, fragments, visited)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
            visited.add(selection.name.value)
            if selection.name.value in fragments:
                count += _roots(fragments[selection.name.value].selection_set, fragments, visited)
    return count
