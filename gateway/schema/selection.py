"""What a document selects: its fields by response key, and what its roots are given; each fragment entered once."""

from collections.abc import Iterable, Mapping

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

Variables = Mapping[str, object]
Fragments = Mapping[str, FragmentDefinitionNode]
Collected = dict[str, list[FieldNode]]


class NotCompiled(Exception):
    """This operation is for the ordinary resolvers."""


def variables_of_roots(operation: OperationDefinitionNode, fragments: Fragments) -> tuple[str, ...]:
    """The variables whose presence shapes the statement: those given to arguments of the roots."""
    names = {
        argument.value.name.value
        for nodes in collect([operation.selection_set], fragments).values()
        for argument in nodes[0].arguments or ()
        if isinstance(argument.value, VariableNode)
    }
    return tuple(sorted(names))


def node_arguments(operation: OperationDefinitionNode, fragments: Fragments) -> dict[str, ValueNode]:
    """What each root `node` and `nodes` is asked for, by response key; raises `NotCompiled`."""
    return {
        key: argument.value
        for key, nodes in collect([operation.selection_set], fragments).items()
        if nodes[0].name.value in {"node", "nodes"}
        for argument in nodes[0].arguments or ()
    }


def given(value: ValueNode, variables: Variables) -> object:
    """What an argument of texts is given: a literal, a variable's value, or a list of these."""
    if isinstance(value, VariableNode):
        return variables.get(value.name.value)
    if isinstance(value, ListValueNode):
        return [given(item, variables) for item in value.values]
    return getattr(value, "value", None)


def collect(sets: Iterable[SelectionSetNode | None], fragments: Fragments, *, of: str | None = None) -> Collected:
    """The fields of selection sets by response key, in order, each fragment entered once as the specification has it.

    `of` is the type of a row, of which a fragment on another type asks nothing; without it all fragments are on one type.
    """
    collected: Collected = {}
    visited: set[str] = set()

    def concerns(fragment: InlineFragmentNode | FragmentDefinitionNode) -> bool:
        on = fragment.type_condition
        return of is None or on is None or on.name.value in {of, "Node"}

    def enter(selections: Iterable[SelectionNode]) -> None:
        for selection in selections:
            if not _is_included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                collected.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if concerns(selection):
                    enter(selection.selection_set.selections)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = fragments[selection.name.value]
                if concerns(fragment):
                    enter(fragment.selection_set.selections)

    for selection_set in sets:
        if selection_set is not None:
            enter(selection_set.selections)
    return collected


def _is_included(selection: SelectionNode) -> bool:
    for directive in selection.directives or ():
        [argument] = directive.arguments or ()
        condition = argument.value
        if not isinstance(condition, BooleanValueNode):
            raise NotCompiled
        if condition.value is (directive.name.value == "skip"):
            return False
    return True
