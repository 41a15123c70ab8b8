"""Selection set to ONE SQL statement: what a query asks for, within what its caller may see, built to JSON by PostgreSQL.

    with r0 as materialized (select n, child_id, cursor, j0 from <the root's rows, scoped> ...)      one for each root
    select <the data object>, <child ids in it>, <number of rows>, <positions of the read model>     each as text

Whose records are shown is asked of the rows themselves: of each root's row, and, where a relation leads to other children than
that of its row, of the rows it leads to (`further`), at any depth.

`j0`, `j1` … are the row as JSON, one for each selection of it (`nodes`, `edges { node }`). The statement depends on the
document, the grants and on which optional arguments are there; everything a caller sends is a parameter, never text.
What is not compiled (`NotCompiled`) is served by the ordinary resolvers, which are also the compiler's oracle in tests.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    value_from_ast,
)

from gateway.access.policy import NODE_ID, Grants
from gateway.readmodel.partition import cut
from gateway.readmodel.wire import Asked
from gateway.schema.count_tables import SUBQUERY_ALIAS
from gateway.schema.map import (
    TABLES,
    asks_identity,
    column,
    identity_join,
    identity_scope,
    scope,
)
from gateway.schema.map import linked as link_of
from gateway.schema.map import source as source_of
from gateway.schema.node import listed, read_node_id, read_node_ids
from gateway.schema.paging import place_after, size_of_page
from gateway.schema.root import Filter, Root
from gateway.schema.roots import ROOTS
from gateway.schema.selection import Collected, Fragments, NotCompiled, Variables, collect, given
from gateway.schema.table import Link, Table

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")

Binder = Callable[[Variables, date], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and what its parameters `$1`, `$2` … are made of: the request's variables, the day, the caller's reach."""

    statement: bytes
    binders: tuple[Binder | str, ...]
    """One for each parameter; a word names a part of the caller's reach."""

    def asked(self, variables: Variables, *, reach: Mapping[str, str], today: date) -> Asked:
        """The statement with the parameters of this request; raises `BadArgument`."""
        values = [reach[bind] if isinstance(bind, str) else bind(variables, today) for bind in self.binders]
        return Asked(self.statement, values)


def compile_operation(
    *,
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Fragments,
    grants: Grants,
    present: frozenset[str],
    kinds: Mapping[str, tuple[str, ...]],
) -> Plan:
    """The plan of a query for callers with these grants. `present` are the variables that have a value other than null,
    `kinds` the types that the ids of roots `node` and `nodes` name, by response key.

    Raises `NotCompiled` for what the ordinary resolvers serve and `Forbidden` for what is not granted.
    """
    compilation = _Compilation(schema=schema, fragments=fragments, grants=grants, present=present, kinds=kinds)
    return compilation.query(operation)


@dataclass(slots=True)
class _Compilation:
    schema: GraphQLSchema
    fragments: Fragments
    grants: Grants
    present: frozenset[str]
    kinds: Mapping[str, tuple[str, ...]]
    binders: dict[str, Binder] = field(default_factory=lambda: {"today": lambda _variables, today: today})
    rows: list[str] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)
    wide: list[int] = field(default_factory=list)
    """The roots below which other children are shown than their rows'."""
    aliases: int = 0

    def query(self, operation: OperationDefinitionNode) -> Plan:
        if self.schema.query_type is None:
            raise NotCompiled
        pairs: list[tuple[str, str]] = []
        for key, nodes in collect([operation.selection_set], self.fragments).items():
            name = nodes[0].name.value
            if name == "__typename":
                pairs.append((key, "'Query'::text"))
            elif name in ROOTS:
                compiled = self._root(ROOTS[name], self.schema.query_type.fields[name], nodes)
                pairs.append((key, compiled))
            elif name == "node":
                pairs.append((key, self._node(self.kinds[key][0], self.schema.query_type.fields[name], nodes)))
            elif name == "nodes":
                pairs.append((key, self._nodes(self.kinds[key], nodes)))
            else:
                raise NotCompiled
        if not self.rows:
            raise NotCompiled
        numbers = range(len(self.rows))
        touched = [*((n, "child_id") for n in numbers), *((n, "other_id") for n in self.pairs)]
        ids = " union ".join(
            [
                *(f"select {key} {self._shown(n)} and {key} is not null" for n, key in touched),
                *(f"select unnest(further) {self._shown(n)}" for n in self.wide),
            ]
        )
        count = " + ".join(f"(select count(*) {self._shown(n)})" for n in numbers)
        statement = (
            f"with {', '.join(self.rows)} select {_object(pairs)}::text, array_to_json(array({ids}))::text, {count},"
            " (select coalesce(json_object_agg(name, position), '{}')::text from tracking)"
        )
        return self._plan(statement)

    def _plan(self, statement: str) -> Plan:
        """The statement with its named parameters by number."""
        names = tuple(dict.fromkeys(_PARAMETER.findall(statement)))
        numbers = {name: f"${number}" for number, name in enumerate(names, start=1)}
        numbered = _PARAMETER.sub(lambda found: numbers[found[1]], statement)
        return Plan(numbered.encode(), tuple(self.binders.get(name, name) for name in names))

    # Roots

    def _root(self, root: Root, definition: GraphQLField, nodes: list[FieldNode]) -> str:
        table, number = TABLES[root.type], len(self.rows)
        self.rows.append("")  # its place, so that what is nested takes the next number
        if table.pair:
            self.pairs.append(number)
        source = self._source(number, table, root, definition, nodes[0])
        if root.keys:
            return self._page(number, table, root, source, nodes)
        alias = self._alias()
        numbered = f"row_number() over (order by {_on(root.order, alias)})" if root.order else "1::bigint"
        self.rows[number] = (
            f"r{number} as materialized (select {numbered} as n, {_child_ids(table, alias)},"
            f" {self._row_json(table, alias, nodes)} as j0{self._further(number, table, alias, nodes)}"
            f" from ({source}) {alias}{self._joins(table, alias, nodes)})"
        )
        return _list_of("j0", f"from r{number}") if root.many else f"(select j0 from r{number})"

    def _node(self, kind: str, definition: GraphQLField, nodes: list[FieldNode]) -> str:
        """The row behind a node id, as a root of its type would show it; nothing where this caller knows no such type."""
        table = TABLES.get(kind)
        if table is None or NODE_ID not in table.columns or self.grants.of(kind, NODE_ID) is None:
            return "null::json"
        by_key = Filter(f"{table.columns['id']} = {{v}}", read=lambda text: read_node_id(text)[1])
        return self._root(Root(kind, filters={"id": by_key}), definition, nodes)

    def _nodes(self, kinds: Iterable[str], nodes: list[FieldNode]) -> str:
        """The rows behind node ids in the order of the ids, null for whatever is not there for this caller."""
        [argument] = nodes[0].arguments or ()
        found, prefix = [], f"ids{len(self.rows)}"

        def bind(kind: str | None) -> Binder:
            def keys(variables: Variables, _today: date) -> list[object]:
                ids = read_node_ids(listed(given(argument.value, variables)))
                return [f"{name}:{key}" if kind is None else key for name, key in ids if kind in {None, name}]

            return keys

        self.binders[prefix] = bind(None)
        for kind in kinds:
            table, number = TABLES.get(kind), len(self.rows)
            if table is None or NODE_ID not in table.columns or self.grants.of(kind, NODE_ID) is None:
                continue
            self.rows.append("")
            if table.pair:
                self.pairs.append(number)
            self.binders[f"{prefix}_{number}"] = bind(kind)
            key, alias = table.columns["id"], self._alias()
            conditions = f"{_on(key, 't')} = any(%({prefix}_{number})s::uuid[]) and {scope(table, alias='t', grants=self.grants, by_key=True)}"
            self.rows[number] = (
                f"r{number} as materialized (select 1::bigint as n, {_child_ids(table, alias)},"
                f" '{kind}:' || {_on(key, alias)}::text as node, {self._row_json(table, alias, nodes)} as j0"
                f"{self._further(number, table, alias, nodes)}"
                f" from (select t.* from {table.source} t where {conditions}) {alias}{self._joins(table, alias, nodes)})"
            )
            found.append(f"select node, j0 from r{number}")
        rows = " union all ".join(found) or "select null::text, null::json"
        return (
            f"(select coalesce(json_agg(f.j0 order by a.n), '[]'::json) from unnest(%({prefix})s::text[])"
            f" with ordinality a(node, n) left join ({rows}) f(node, j0) on f.node = a.node)"
        )

    def _source(self, number: int, table: Table, root: Root, definition: GraphQLField, node: FieldNode) -> str:
        """The root's rows: its own condition, its arguments, and the caller's scope."""
        conditions = [_on(root.where, "t")]
        for name, narrowing in root.filters.items():
            placeholder = self._argument(number, name, definition, node, read=narrowing.read)
            if placeholder is not None:
                within = identity_scope(alias="s", grants=self.grants) if narrowing.personal else "true"
                condition = _on(narrowing.condition, "t").replace("{v}", f"{placeholder}")
                conditions.append(condition.replace("{identity}", within))
        source = source_of(table, grants=self.grants, known=f"%(known{number})s")
        if table.type in SUBQUERY_ALIAS:
            self._bind_window(number, definition, node)
            source = source.replace("{n}", str(number))
        else:
            conditions.append(scope(table, alias="t", grants=self.grants, by_key=not root.many))
        return f"select t.* from {source} t where {' and '.join(conditions)}"

    def _page(self, number: int, table: Table, root: Root, source: str, nodes: list[FieldNode]) -> str:
        keys, direction = root.page_keys(grants=self.grants), " desc" if root.descending else ""
        if self._bind_page(number, root, nodes[0]):
            place = ", ".join(f"%(after{number}_{i})s::{key.cast}" for i, key in enumerate(keys))
            sign = "<" if root.descending else ">"
            source += f" and ({', '.join(_on(key.sql, 't') for key in keys)}) {sign} ({place})"
        source += f" order by {', '.join(_on(key.sql, 't') + direction for key in keys)} limit %(first{number})s + 1"
        alias = self._alias()
        shapes: list[list[FieldNode]] = []
        value = self._connection(number, table, nodes, shapes=shapes)
        columns = "".join(f", {self._row_json(table, alias, shape)} as j{i}" for i, shape in enumerate(shapes))
        selected = [node for shape in shapes for node in shape]
        columns += self._further(number, table, alias, selected)
        joins = self._joins(table, alias, selected)
        cursor = " || '|' || ".join(_on(key.text, alias) for key in keys)
        self.rows[number] = (
            f"r{number} as materialized (select"
            f" row_number() over (order by {', '.join(_on(key.sql, alias) + direction for key in keys)}) as n,"
            f" {_child_ids(table, alias)},"
            f" translate(encode(convert_to({cursor}, 'UTF8'), 'base64'), E'\\n', '') as cursor{columns}"
            f" from ({source}) {alias}{joins})"
        )
        return value

    def _connection(self, number: int, table: Table, nodes: list[FieldNode], *, shapes: list[list[FieldNode]]) -> str:
        """The page as an object; every selection of a row is added to `shapes` and becomes a column."""

        def shape(selected: list[FieldNode]) -> str:
            shapes.append(selected)
            return f"j{len(shapes) - 1}"

        pairs: list[tuple[str, str]] = []
        for key, parts in self._merged(nodes).items():
            match parts[0].name.value:
                case "nodes":
                    value = _list_of(shape(parts), self._shown(number))
                case "edges":
                    edge = [
                        (
                            inner,
                            {"cursor": "cursor", "__typename": f"'{table.type}Edge'::text"}.get(name) or shape(those),
                        )
                        for inner, those in self._merged(parts).items()
                        for name in [those[0].name.value]
                    ]
                    value = _list_of(_object(edge), self._shown(number))
                case "pageInfo":
                    value = _object(
                        [
                            (inner, _page_info(number, those[0].name.value))
                            for inner, those in self._merged(parts).items()
                        ]
                    )
                case "__typename":
                    value = f"'{table.type}Connection'::text"
                case _:
                    raise NotCompiled
            pairs.append((key, value))
        return _object(pairs)

    # Rows

    def _row_json(self, table: Table, alias: str, nodes: list[FieldNode]) -> str:
        """A row as a JSON object: granted columns, and nested rows within the caller's reach of their own table."""
        fields = []
        for key, parts in self._merged(nodes, of=table.type).items():
            name = parts[0].name.value
            if name == "__typename":
                text = f"'{table.type}'::text"
            elif name in table.columns:
                text = column(table, name, alias=alias, grants=self.grants)
            else:
                text = self._linked(table, alias, name, parts)
            fields.append(f'{text} as "{key}"')
        return f"(select row_to_json(r) from (select {', '.join(fields)}) r)"

    def _linked(self, parent: Table, parent_alias: str, name: str, nodes: list[FieldNode]) -> str:
        link, alias = link_of(parent, name, grants=self.grants), self._alias()
        table = TABLES[link.type]
        row = self._row_json(table, alias, nodes)
        rows = self._rows_of(link, alias, parent_alias, joins=self._joins(table, alias, nodes))
        return _list_of(row, rows, order=_on(link.order, alias)) if link.many else f"(select {row} {rows})"

    def _rows_of(self, link: Link, alias: str, parent_alias: str, *, joins: str = "") -> str:
        """The rows a relation leads to, within the caller's reach of their own table."""
        table = TABLES[link.type]
        rows = (
            f"from {table.source} {alias}{joins} where {_on(link.on, alias).replace('{p}', parent_alias)}"
            f" and {scope(table, alias=alias, grants=self.grants, by_key=True)}"
        )
        if link.most is not None:
            rows = f"from (select {alias}.* {rows} order by {_on(link.order, alias)} limit {link.most}) {alias}"
        return rows

    # Whose records are shown

    def _further(self, number: int, table: Table, alias: str, nodes: list[FieldNode]) -> str:
        """A column with the children shown below a row who are not its own; nothing where nobody else is."""
        found = self._beyond(table, alias, nodes)
        if not found:
            return ""
        self.wide.append(number)
        return f", array({' union '.join(found)}) as further"

    def _beyond(self, table: Table, alias: str, nodes: list[FieldNode]) -> list[str]:
        """Statements that bring the children of the rows below one, as far as they are others than its own."""
        found: list[str] = []
        for parts in self._merged(nodes, of=table.type).values():
            name = parts[0].name.value
            if name not in table.links:
                continue
            link, inner = table.links[name], self._alias()
            rows, below = self._rows_of(link, inner, alias), TABLES[link.type]
            if below.of_child and not link.stays:
                keys = ("child_id", "other_id") if below.pair else ("child_id",)
                found += [
                    f"select {key} from (select {inner}.* {rows}) {inner} where {key} is not null" for key in keys
                ]
            deeper = self._beyond(below, inner, parts)
            if deeper:
                found.append(
                    f"select d.child_id from (select {inner}.* {rows}) {inner}"
                    f" cross join lateral ({' union '.join(deeper)}) d(child_id)"
                )
        return found

    def _joins(self, table: Table, alias: str, nodes: list[FieldNode]) -> str:
        """The join to names and numbers, where a selection of this row asks for one."""
        asked = {parts[0].name.value for node in nodes for parts in self._merged([node], of=table.type).values()}
        if any(name in table.columns and asks_identity(table, name) for name in asked):
            return " " + identity_join(alias=alias, grants=self.grants)
        return ""

    def _merged(self, nodes: list[FieldNode], *, of: str | None = None) -> Collected:
        return collect([node.selection_set for node in nodes], self.fragments, of=of)

    # Arguments

    def _argument(
        self,
        number: int,
        name: str,
        definition: GraphQLField,
        node: FieldNode,
        *,
        read: Callable[[object], object] | None,
    ) -> str | None:
        """Binds an argument and gives its placeholder; None where it is absent or null."""
        bind = self._binder(name, definition, node)
        if bind is None:
            return None
        self.binders[f"{name}{number}"] = (
            bind if read is None else lambda variables, today: read(bind(variables, today))
        )
        return f"%({name}{number})s"

    def _binder(self, name: str, definition: GraphQLField, node: FieldNode) -> Binder | None:
        given = next((argument.value for argument in node.arguments or () if argument.name.value == name), None)
        if isinstance(given, VariableNode):
            variable = given.name.value
            return (lambda variables, _: variables[variable]) if variable in self.present else None
        constant = None if given is None else value_from_ast(given, definition.args[name].type)
        return None if constant is None else lambda _variables, _today: constant

    def _bind_page(self, number: int, root: Root, node: FieldNode) -> bool:
        """Binds page size and place; tells whether the page starts after a place."""
        if self.schema.query_type is None:
            raise NotCompiled
        definition = self.schema.query_type.fields[node.name.value]
        first, after = self._binder("first", definition, node), self._binder("after", definition, node)
        self.binders[f"first{number}"] = lambda variables, today: size_of_page(
            None if first is None else first(variables, today)
        )
        if after is None:
            return False
        casts = tuple(key.cast for key in root.page_keys(grants=self.grants))

        def place(variables: Variables, today: date) -> tuple[object, ...]:
            return place_after(after(variables, today), casts=casts)

        for i in range(len(casts)):
            self.binders[f"after{number}_{i}"] = _part(place, i)
        return True

    def _bind_window(self, number: int, definition: GraphQLField, node: FieldNode) -> None:
        """Binds where the window is cut, for what counts children of school age on a date; and the moment at which that was
        known which is shown."""
        if "asOf" not in definition.args:
            return
        as_of = self._binder("asOf", definition, node)
        self.binders[f"known{number}"] = as_of or (lambda _variables, _today: "infinity")

        def born(variables: Variables, today: date) -> list[date]:
            given = today if as_of is None else as_of(variables, today)
            return cut(given if isinstance(given, date) else today)

        self.binders[f"born{number}"] = born

    # Pieces

    def _shown(self, number: int) -> str:
        """The rows of a root that are in the answer: a page reads one more, to know whether there are more."""
        last = f"n <= %(first{number})s" if f"first{number}" in self.binders else "true"
        return f"from r{number} where {last}"

    def _alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"


def _part(whole: Callable[[Variables, date], tuple[object, ...]], i: int) -> Binder:
    return lambda variables, today: whole(variables, today)[i]


def _on(text: str, alias: str) -> str:
    return text.replace("{a}", alias)


def _child_ids(table: Table, alias: str) -> str:
    if table.pair:
        return f"{alias}.child_id, {alias}.other_id"
    return f"{alias}.child_id" if table.of_child else "null::uuid as child_id"


def _list_of(item: str, rows: str, *, order: str = "n") -> str:
    return f"(select coalesce(json_agg({item} order by {order}), '[]'::json) {rows})"


def _object(pairs: Iterable[tuple[str, str]]) -> str:
    """A JSON object; keys are GraphQL names, which hold no quote."""
    fields = ", ".join(f'{text} as "{key}"' for key, text in pairs)
    return f"(select row_to_json(r) from (select {fields}) r)"


def _page_info(number: int, name: str) -> str:
    match name:
        case "hasNextPage":
            return f"(select exists (select from r{number} where n > %(first{number})s))"
        case "endCursor":
            return f"(select cursor from r{number} where n <= %(first{number})s order by n desc limit 1)"
        case "__typename":
            return "'PageInfo'::text"
        case _:
            raise NotCompiled
