"""Documents made ready once: parsed, limited, validated, with the rights and the plans they need for each kind of caller.

Kept in bounded caches by their text: what a department's program asks all day is decided once. A plan depends
on the document, the operation, the grants and which optional arguments have a value; never on who asks, for which area.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    type_from_ast,
    validate,
)
from graphql.execution.values import get_variable_values

from gateway.access.policy import Grants
from gateway.schema.compile import Plan, compile_operation
from gateway.schema.limits import TOKENS, refuse_excess, rows_asked
from gateway.schema.node import kinds_asked
from gateway.schema.paging import BadArgument
from gateway.schema.rights import asked_fields, introspects, names_somebody, require_rights
from gateway.schema.selection import NotCompiled, given, node_arguments, variables_of_roots
from services.chassis.errors import Forbidden

_LONG_NUMBER = re.compile(r"\d{5}")
_MOST_OPERATIONS = 512
_MOST_PLANS = 64


class BadDocument(Exception):
    """The document can't be served; `errors` say why, formatted."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("bad document")
        self.errors = errors


class Operation:
    """One operation of a document, ready to be planned."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        hash: str,  # noqa: A002
    ) -> None:
        self.definition = definition
        self.hash = hash
        self.name = definition.name.value if definition.name else ""
        self.shown = self.name[:60] if self.name and not _LONG_NUMBER.search(self.name) else hash[:12]
        """Its name for a span; callers choose names, so one with a long number in it is not repeated."""
        self._schema = schema
        self._fragments = fragments
        self.asked = asked_fields(schema, definition, fragments)
        self.rows = rows_asked(definition, fragments)
        self.introspects = introspects(self.asked)
        self.names_somebody = names_somebody(self.asked)
        self._optional = self._shaping()
        self._nodes = {} if self._optional is None else node_arguments(definition, fragments)
        self._scalars = tuple(self._plain_declarations())
        self._rights: OrderedDict[tuple[str, str], tuple[str, ...] | Forbidden] = OrderedDict()
        self._plans: OrderedDict[tuple[object, ...], Plan | None] = OrderedDict()

    def require_rights(self, grants: Grants) -> tuple[str, ...]:
        """The granted fields this asks for; raises `Forbidden`."""
        key = (grants.kind, grants.purpose)
        found = self._rights.get(key)
        if found is None:
            try:
                found = require_rights(self.asked, grants=grants)
            except Forbidden as error:
                found = error
            _keep(self._rights, key, found, most=_MOST_PLANS)
        if isinstance(found, Forbidden):
            raise Forbidden(str(found))
        return found

    def variables(self, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """A request's variables in their types; raises `BadArgument`."""
        if not self.definition.variable_definitions:
            return {}
        plain = self._plain_variables(given or {})
        if plain is not None:
            return plain
        coerced = get_variable_values(
            self._schema, self.definition.variable_definitions, dict(given or {}), max_errors=5
        )
        if isinstance(coerced, list):
            raise BadArgument("; ".join(error.message for error in coerced))
        return coerced.coerced

    def _plain_variables(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The variables where all are scalars, without the detour of a general coercion; None where it has to be taken."""
        read: dict[str, Any] = {}
        try:
            for name, parse_value, required in self._scalars:
                value = given.get(name)
                if value is not None:
                    read[name] = parse_value(value)
                elif required:
                    return None
        except (GraphQLError, ValueError, TypeError):
            return None  # the general coercion says in words what is wrong
        return read if len(self._scalars) == len(self.definition.variable_definitions or ()) else None

    def plan(self, grants: Grants, *, variables: Mapping[str, Any]) -> Plan | None:
        """The plan for callers with these grants and variables; None where the ordinary resolvers serve."""
        if self._optional is None:
            return None
        present = frozenset(name for name in self._optional if variables.get(name) is not None)
        kinds = {key: kinds_asked(given(value, variables)) for key, value in self._nodes.items()}
        key = (grants.kind, grants.purpose, grants.about_one, present, tuple(kinds.values()))
        if key in self._plans:
            return self._plans[key]
        plan: Plan | None = None
        try:
            plan = compile_operation(
                schema=self._schema,
                operation=self.definition,
                fragments=self._fragments,
                grants=grants,
                present=present,
                kinds=kinds,
            )
        except NotCompiled:
            plan = None
        _keep(self._plans, key, plan, most=_MOST_PLANS)
        return plan

    def _plain_declarations(self) -> Iterator[tuple[str, Callable[[Any], Any], bool]]:
        """The variables of scalar types without a default: name, how a value is read, whether there must be one."""
        for declared in self.definition.variable_definitions or ():
            kind = type_from_ast(self._schema, declared.type)
            inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
            if isinstance(inner, GraphQLScalarType) and declared.default_value is None:
                yield declared.variable.name.value, inner.parse_value, isinstance(kind, GraphQLNonNull)

    def _shaping(self) -> tuple[str, ...] | None:
        if self.definition.operation is OperationType.MUTATION:
            return None
        try:
            return variables_of_roots(self.definition, self._fragments)
        except NotCompiled:
            return None


class Operations:
    """The operations callers have sent lately."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.core = schema._schema  # noqa: SLF001  # Strawberry gives its graphql-core schema no public name
        self._kept: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()

    def find(self, text: str, name: str | None, *, introspection: bool) -> Operation:
        """The operation of this name in this document; raises `BadDocument`, also where it asks for the schema without being let."""
        key = (text, name)
        operation = self._kept.get(key)
        if operation is None:
            operation = self._prepare(text, name, hash=hashlib.sha256(text.encode(errors="replace")).hexdigest())
            _keep(self._kept, key, operation, most=_MOST_OPERATIONS)
        else:
            self._kept.move_to_end(key)
        if operation.introspects and not introspection:
            raise BadDocument([_bad("The schema is published as a file; introspection is for developers' accounts.")])
        return operation

    def _prepare(self, text: str, name: str | None, *, hash: str) -> Operation:  # noqa: A002
        try:
            document = parse(text, no_location=True, max_tokens=TOKENS)
            refuse_excess(document)
        except GraphQLError as error:
            raise BadDocument([_bad(error.message)]) from None
        except (BadArgument, RecursionError) as error:
            raise BadDocument([_bad(str(error) if isinstance(error, BadArgument) else "Nested too deeply.")]) from None
        faults = validate(self.core, document, max_errors=10, hide_suggestions=True)
        if faults:
            raise BadDocument([_bad(fault.message) for fault in faults])
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        named = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
        if len(named) != 1:
            raise BadDocument([_bad("Name one operation of the document in operationName.")])
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        return Operation(schema=self.core, definition=named[0], fragments=fragments, hash=hash)


def _bad(message: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": "BAD_REQUEST"}}


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, *, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
