"""What a page costs near the first row and near the last: the page of 50 children of everybody, behind row security."""

import statistics
import time
from datetime import date
from typing import Final

import psycopg
from graphql import OperationDefinitionNode, parse

from deploy.postgres.cluster import SUPERUSER, Cluster
from gateway.access.policy import load_policy
from gateway.readmodel.reading import claims
from gateway.schema.compile import compile_operation
from gateway.schema.paging import cursor_of
from gateway.schema.schema import build_schema

PAGE: Final = (
    "query Page($after: String) { children(first: 50, after: $after) { nodes { id name } pageInfo { endCursor } } }"
)
EVERYBODY: Final = {"lo": "41", "hi": "42", "unit": "education_bureau:41"}
"""A reach over all counties, which no account has: so that there is a row 1,000,000 to stand behind."""
TIMES: Final = 40


def figures(cluster: Cluster, *, children: int) -> str:
    """One line: milliseconds of the statement, by how many rows lie before the page; medians, taken in turn."""
    places = [10, children // 2, children - 60]
    with psycopg.connect(cluster.dsn("gateway", SUPERUSER)) as superuser:
        cursors = [cursor_of(*superuser.execute(_ROW, [place]).fetchall()[0]) for place in places]
    grants = load_policy().grants_of(kind="education_bureau", purpose="dropout_control")
    [operation] = parse(PAGE).definitions
    assert isinstance(operation, OperationDefinitionNode)
    plan = compile_operation(
        schema=build_schema()._schema,
        operation=operation,
        fragments={},
        grants=grants,
        present=frozenset({"after"}),
        kinds={},
    )
    opened = claims(**EVERYBODY)
    reach = {name.removeprefix("app."): text for name, text in opened}
    took: dict[int, list[float]] = {place: [] for place in places}
    with psycopg.connect(cluster.dsn("gateway", "gateway_reader"), autocommit=True, options="-c jit=off") as reader:
        raw = psycopg.RawCursor(reader)
        for name, text in opened:
            reader.execute("select set_config(%s, %s, false)", [name, text])
        for _ in range(TIMES):
            for place, after in zip(places, cursors, strict=True):
                asked = plan.asked({"after": after}, reach=reach, today=date(2026, 11, 30))
                begun = time.perf_counter()
                raw.execute(asked.statement, asked.values, prepare=True).fetchall()
                took[place].append((time.perf_counter() - begun) * 1e3)
    told = ", ".join(f"after row {place:,} {statistics.median(times):.2f} ms" for place, times in took.items())
    return f"A page of 50 out of all, by its cursor: {told}."


_ROW: Final = b"select township, child_id::text from child where merged_into is null order by township, child_id offset %s limit 1"
