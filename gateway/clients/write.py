"""Clients for partners 客户端: a function for each registered document, typed after the schema; in Python and in TypeScript.

What a function asks for is the document's, so a client can ask nothing that was not registered. A file holds one operation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeNode,
    build_schema,
    get_named_type,
    is_input_object_type,
    parse,
    type_from_ast,
    validate,
)

from gateway.schema.trusted import id_of
from services.chassis.errors import Refused

SCHEMA: Final = build_schema(resources.files("gateway").joinpath("schema.graphql").read_text(encoding="utf-8"))
_PYTHON: Final = {"Int": "int", "Float": "float", "Boolean": "bool"}
_TYPESCRIPT: Final = {"Int": "number", "Float": "number", "Boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Shape:
    """An object in an answer: its name, and its fields by key, each with its GraphQL type and its own shape if it has one."""

    name: str
    fields: Mapping[str, tuple[GraphQLType, "Shape | None"]]

    def within(self) -> Iterator["Shape"]:
        """This shape and those within it, the innermost first."""
        for _, inner in self.fields.values():
            if inner is not None:
                yield from inner.within()
        yield self


@dataclass(frozen=True, slots=True)
class Operation:
    """A document as a function: what it is called, what it takes, what it gives."""

    name: str
    document_id: str
    kind: OperationType
    variables: Mapping[str, GraphQLType]
    shape: Shape

    @property
    def changes(self) -> bool:
        """Whether it is a command, which is carried out once for a key."""
        return self.kind is OperationType.MUTATION

    @property
    def is_followed(self) -> bool:
        """Whether it is a subscription, whose answer comes again when it has changed."""
        return self.kind is OperationType.SUBSCRIPTION


def read_operations(files: Sequence[Path]) -> list[Operation]:
    """The operations of documents; raises `Refused` naming the file that holds none of the schema, or more than one."""
    return [_operation(file.name, file.read_text(encoding="utf-8")) for file in files]


def _operation(file: str, text: str) -> Operation:
    try:
        document = parse(text)
        faults = validate(SCHEMA, document)
    except GraphQLError as error:
        faults = [error]
    if faults:
        raise Refused(f"{file}: {faults[0].message}")
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None:
        raise Refused(f"{file}: holds one operation, which has a name.")
    [operation] = operations
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = SCHEMA.get_root_type(operation.operation)
    if root is None or operation.name is None:
        raise Refused(f"{file}: the schema has no {operation.operation.value}.")
    name = operation.name.value
    return Operation(
        name=name,
        document_id=id_of(text),
        kind=operation.operation,
        variables={
            declared.variable.name.value: _type(declared.type) for declared in operation.variable_definitions or ()
        },
        shape=_shape(file, name[:1].upper() + name[1:], root, operation.selection_set, fragments),
    )


def _type(node: TypeNode) -> GraphQLType:
    kind = type_from_ast(SCHEMA, node)
    if kind is None:
        raise Refused("A variable is of a type that the schema does not have.")
    return kind


def _shape(
    file: str,
    name: str,
    parent: GraphQLObjectType,
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Shape:
    fields: dict[str, tuple[GraphQLType, Shape | None]] = {}
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            key = (selection.alias or selection.name).value
            if selection.name.value == "__typename":
                fields[key] = (GraphQLNonNull(GraphQLString), None)
                continue
            kind = parent.fields[selection.name.value].type
            inner = get_named_type(kind)
            if selection.selection_set is None:
                fields[key] = (kind, None)
            elif isinstance(inner, GraphQLObjectType):
                part = f"{name}{key[:1].upper()}{key[1:]}"
                fields[key] = (kind, _shape(file, part, inner, selection.selection_set, fragments))
            else:
                raise Refused(f"{file}: {key} may be of several types; ask by the root of its type instead.")
        elif isinstance(selection, FragmentSpreadNode):
            fields |= _shape(file, name, parent, fragments[selection.name.value].selection_set, fragments).fields
        elif isinstance(selection, InlineFragmentNode):
            fields |= _shape(file, name, parent, selection.selection_set, fragments).fields
    return Shape(name, fields)


def python(operations: Sequence[Operation]) -> str:
    """A module of its own: types of answers, and a class with a method for each document."""

    def typed(kind: GraphQLType, shape: Shape | None, *, nullable: bool = True) -> str:
        if isinstance(kind, GraphQLNonNull):
            return typed(kind.of_type, shape, nullable=False)
        if isinstance(kind, GraphQLList):
            text = f"list[{typed(kind.of_type, shape)}]"
        else:
            text = shape.name if shape else _scalar(kind, _PYTHON, object="dict[str, object]", text="str")
        return f"{text} | None" if nullable else text

    parts = [_runtime("python")]
    for shape in (shape for operation in operations for shape in operation.shape.within()):
        lines = "".join(f'\n    "{key}": {typed(*field)},' for key, field in shape.fields.items())
        # As a call, so that a key may be a word of Python's own.
        parts.append(f'\n\n{shape.name} = TypedDict("{shape.name}", {{{lines}\n}})\n')
    parts.append('\n\nclass Client(Connection):\n    """Asks what was registered, and nothing else."""\n')
    for operation in operations:
        given = "".join(
            f", {name}: {typed(kind, None)}{'' if isinstance(kind, GraphQLNonNull) else ' = None'}"
            for name, kind in operation.variables.items()
        )
        key = ", key: uuid.UUID" if operation.changes else ""
        variables = ", ".join(f'"{name}": {name}' for name in operation.variables)
        star = ", *" if given or key else ""
        if operation.is_followed:
            parts.append(
                f"\n    def {_snake(operation.name)}(self{star}{given}) -> Iterator[{operation.shape.name}]:\n"
                f'        yield from self.follow("{operation.document_id}", {{{variables}}})\n'
            )
            continue
        parts.append(
            f"\n    def {_snake(operation.name)}(self{star}{key}{given}) -> {operation.shape.name}:\n"
            f"        answer: {operation.shape.name} = self.run(\n"
            f'            "{operation.document_id}", {{{variables}}}{", key=key" if key else ""}\n        )\n'
            "        return answer\n"
        )
    return "".join(parts)


def typescript(operations: Sequence[Operation]) -> str:
    """A module of its own: types of answers, and a class with a method for each document."""

    def typed(kind: GraphQLType, shape: Shape | None, *, nullable: bool = True) -> str:
        if isinstance(kind, GraphQLNonNull):
            return typed(kind.of_type, shape, nullable=False)
        if isinstance(kind, GraphQLList):
            text = f"Array<{typed(kind.of_type, shape)}>"
        else:
            text = shape.name if shape else _scalar(kind, _TYPESCRIPT, object="Record<string, unknown>", text="string")
        return f"{text} | null" if nullable else text

    parts = [_runtime("typescript")]
    for shape in (shape for operation in operations for shape in operation.shape.within()):
        lines = "".join(f"  {key}: {typed(*field)};\n" for key, field in shape.fields.items())
        parts.append(f"\nexport interface {shape.name} {{\n{lines}}}\n")
    parts.append("\n/** Asks what was registered, and nothing else. */\nexport class Client extends Connection {\n")
    for operation in operations:
        given = "; ".join(
            f"{name}{'' if isinstance(kind, GraphQLNonNull) else '?'}: {typed(kind, None)}"
            for name, kind in operation.variables.items()
        )
        key = "key: string, " if operation.changes else ""
        optional = all(not isinstance(kind, GraphQLNonNull) for kind in operation.variables.values())
        name = operation.name[:1].lower() + operation.name[1:]
        takes = f"variables: {{ {given} }}{' = {}' if optional else ''}"
        if operation.is_followed:
            parts.append(
                f"  async *{name}({takes}): AsyncGenerator<{operation.shape.name}, void, undefined> {{\n"
                f'    yield* this.follow("{operation.document_id}", variables) as'
                f" AsyncGenerator<{operation.shape.name}, void, undefined>;\n  }}\n"
            )
            continue
        parts.append(
            f"  async {name}({key}{takes}): Promise<{operation.shape.name}> {{\n"
            f'    return (await this.run("{operation.document_id}", variables{", key" if key else ""})) as'
            f" {operation.shape.name};\n  }}\n"
        )
    return "".join([*parts, "}\n"])


WRITERS: Final[Mapping[str, Callable[[Sequence[Operation]], str]]] = {"python": python, "typescript": typescript}


def _scalar(kind: GraphQLType, words: Mapping[str, str], *, object: str, text: str) -> str:  # noqa: A002
    """How a language writes a type that has no fields asked of it; ids, codes and moments are texts."""
    return object if is_input_object_type(kind) else words.get(get_named_type(kind).name, text)


def _runtime(language: str) -> str:
    return resources.files("gateway.clients").joinpath(f"runtime_{language}.txt").read_text(encoding="utf-8")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
