"""The documents of the pages 网页查询 (`documents/*.graphql`): one for a page, of which each department sends the part granted to it.

The gateway refuses a document whole where it names one field that a caller has no ground for. So a page's document is cut
to the caller's grants before it is sent: a field that is not granted is not asked for, and what holds nothing then goes with
it. Each part is made known to the gateway as a trusted document; there are as many as documents times kinds of caller.
A command's document is made from the schema: it takes what the command takes.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from graphql.language import Visitor

from gateway.access.consents import WITHHELD
from gateway.schema.rights import command_of, is_open
from gateway.schema.roots import ROOTS

_SHARED: Final = "fragments"


def _texts() -> dict[str, str]:
    """The documents as they stand, those that name a shared part 片段 of `fragments.graphql` with it written out."""
    found = {
        file.name.removesuffix(".graphql"): file.read_text(encoding="utf-8")
        for file in files("gateway.console.documents").iterdir()
        if file.name.endswith(".graphql")
    }
    shared = {
        node.name.value: node.selection_set
        for node in parse(found.pop(_SHARED)).definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    return {name: _written_out(text, shared) if "..." in text else text for name, text in found.items()}


def _written_out(text: str, shared: Mapping[str, SelectionSetNode]) -> str:
    class WriteOut(Visitor):
        def leave_selection_set(self, node: SelectionSetNode, *_: object) -> SelectionSetNode:
            fields = [
                field
                for one in node.selections
                for field in (shared[one.name.value].selections if isinstance(one, FragmentSpreadNode) else (one,))
            ]
            return replace(node, selections=tuple(fields))

    return print_ast(visit(parse(text), WriteOut()))


TEXTS: Final[Mapping[str, str]] = MappingProxyType(_texts())
"""Each page's document by its name."""
ME: Final = "query Me { me { actor unit purpose commands grants { type field mode relation } } }"
"""Who somebody is, asked once when they sign in, and once more by a gateway that was started since."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a kind of unit may see and do for a purpose, as the gateway says by `me`."""

    kind: str
    purpose: str
    fields: Mapping[tuple[str, str], str]
    commands: frozenset[str]
    by_consent: frozenset[tuple[str, str]] = frozenset()
    """Fields that are shown of those children whose guardians agreed."""

    @classmethod
    def of(cls, me: Mapping[str, Any]) -> "Granted":
        """As `me` answers."""
        fields = {(grant["type"], grant["field"]): grant["mode"] for grant in me["grants"]}
        by_consent = frozenset(
            (grant["type"], grant["field"]) for grant in me["grants"] if grant["relation"] == "consent"
        )
        return cls(me["unit"].partition(":")[0], me["purpose"], fields, frozenset(me["commands"]), by_consent)

    def shows(self, type_name: str, field: str) -> bool:
        """Whether a field may be asked for."""
        return is_open(type_name, field) or (type_name, field) in self.fields

    def may(self, command: str) -> bool:
        """Whether a command, as GraphQL calls it or the policy does, may be sent."""
        return command_of(command) in self.commands

    def narrows(self, root: str, argument: str) -> bool:
        """Whether a list may be narrowed by an argument: what it asks about has to be seen, or masked by no more than it asks."""
        found = ROOTS[root].filters.get(argument) if root in ROOTS else None
        if found is None or found.field is None:
            return True
        if found.field in WITHHELD and (ROOTS[root].type, found.field) in self.by_consent:
            return False  # asked about, it would be told of those too who did not agree
        mode = self.fields.get((ROOTS[root].type, found.field))
        return mode == "full" or (mode is not None and found.mask_is_enough)


class Documents:
    """The documents as callers send them; `trust` makes a text known to the gateway."""

    def __init__(self, *, trust: Callable[[str], None]) -> None:
        self._trust = trust
        self._parts: dict[tuple[str, str, str], str | None] = {}
        self._commands: dict[str, str] = {}
        trust(ME)

    def of(self, name: str, granted: Granted) -> str | None:
        """The part of a page's document that is granted; None where nothing of it is."""
        key = (name, granted.kind, granted.purpose)
        if key not in self._parts:
            part = _part(TEXTS[name], granted)
            if part is not None:
                self._trust(part)
            self._parts[key] = part
        return self._parts[key]

    def command(self, name: str) -> str:
        """The document that sends a command of the schema with all its arguments."""
        if name not in self._commands:
            taken = arguments_of(name)
            head = ", ".join(f"${argument}: {_type_of(of)}" for argument, of in taken.items())
            body = ", ".join(f"{argument}: ${argument}" for argument in taken)
            called, given = (f"({head})", f"({body})") if taken else ("", "")
            document = f"mutation {name[0].upper()}{name[1:]}{called} {{ {name}{given} {{ id position visible }} }}"
            self._trust(document)
            self._commands[name] = document
        return self._commands[name]


@functools.cache
def schema() -> GraphQLSchema:
    """What partners are told there is. Read when a page first asks: a third of a second that no start has to wait for."""
    told = files("gateway").joinpath("schema.graphql").read_text(encoding="utf-8")
    return build_schema(told, assume_valid=True)


def arguments_of(command: str) -> Mapping[str, GraphQLArgument]:
    """What a command takes, by name."""
    mutations = schema().mutation_type
    return {} if mutations is None else mutations.fields[command].args


def default_of(argument: GraphQLArgument) -> object:
    """What an argument is where it is left out; None where it has no default."""
    literal = None if argument.default is None else argument.default.literal
    return None if literal is None else value_from_ast_untyped(literal)


def _type_of(argument: GraphQLArgument) -> str:
    """The type of an argument's variable: what has a default may be left out, though it can't be null."""
    return str(argument.type) if default_of(argument) is None else str(argument.type).removesuffix("!")


def _part(text: str, granted: Granted) -> str | None:
    """A document without the fields and arguments that are not granted, and without variables nobody uses then."""
    [operation] = (node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
    root = schema().query_type
    kept = None if root is None else _kept(operation.selection_set, root, granted)
    if kept is None:
        return None
    used = _variables(kept)
    taken = [one for one in operation.variable_definitions or () if one.variable.name.value in used]
    return print_ast(replace(operation, selection_set=kept, variable_definitions=tuple(taken))) + "\n"


def _kept(selections: SelectionSetNode, parent: GraphQLObjectType, granted: Granted) -> SelectionSetNode | None:
    fields = [
        kept
        for node in selections.selections
        if isinstance(node, FieldNode) and (kept := _field(node, parent, granted)) is not None
    ]
    if not any(node.name.value != "pageInfo" for node in fields):
        return None
    return replace(selections, selections=tuple(fields))


def _field(node: FieldNode, parent: GraphQLObjectType, granted: Granted) -> FieldNode | None:
    name = node.name.value
    if not granted.shows(parent.name, name):
        return None
    arguments = node.arguments
    if parent is schema().query_type:
        arguments = tuple(one for one in node.arguments or () if granted.narrows(name, one.name.value))
    if node.selection_set is None:
        return replace(node, arguments=arguments)
    inner = get_named_type(parent.fields[name].type)
    within = _kept(node.selection_set, inner, granted) if isinstance(inner, GraphQLObjectType) else None
    return None if within is None else replace(node, arguments=arguments, selection_set=within)


def _variables(selections: SelectionSetNode) -> set[str]:
    """The names of the variables that a selection uses."""
    used: set[str] = set()

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_args: object) -> None:
            used.add(node.name.value)

    visit(selections, Names())
    return used


def variables_of(document: str) -> frozenset[str]:
    """The variables a document declares."""
    return frozenset(re.findall(r"\$(\w+):", document.partition("{")[0]))
