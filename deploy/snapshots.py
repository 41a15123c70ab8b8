"""Writes what partners rely on as a file to be reviewed: the GraphQL schema. A test holds it to the running one."""

from pathlib import Path

from gateway.schema.schema import build_schema

GRAPHQL = Path(__file__).parents[1] / "gateway" / "schema.graphql"


def graphql_snapshot() -> str:
    """The schema as a document."""
    return build_schema().as_str().rstrip() + "\n"


def write() -> Path:
    """Writes the snapshot and answers where."""
    GRAPHQL.write_text(graphql_snapshot())
    return GRAPHQL
