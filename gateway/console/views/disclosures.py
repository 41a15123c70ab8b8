"""信息公开: how the bureau makes its year public (N9.2): counted, looked at, approved by a second person, released; what is hidden, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from gateway.console.asking import Said
from gateway.console.caller import Caller
from gateway.console.views import acts, lists
from gateway.console.views.listing import rows_of

_PREPARE = "prepareDisclosure"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is made public: its lines by row, the sum under an empty name; a hidden number is None, one it doesn't have an empty text."""

    name: str
    columns: Sequence[str]
    lines: Sequence[tuple[str, Sequence[int | str | None]]]

    @property
    def hidden(self) -> int:
        """How many of its numbers are hidden."""
        return sum(value is None for _, values in self.lines for value in values)


async def show(caller: Caller) -> Response:
    """The ledger of disclosures, and the form by which one is prepared."""
    return await _page(caller, {})


async def prepare(caller: Caller, form: acts.Form) -> Response:
    """Counts the county and makes up what may be shown of it; what is refused is said with what was typed."""
    typed = {name: form.value(name) for name in ("tasks", "methods", "bodies")}
    try:
        await caller.send(_PREPARE, _said(typed), key=form.key)
    except Said as error:
        said = acts.said_on_form(caller, error, form)
        return await _page(caller, typed, status=422, code=said.code, message=str(said))
    return caller.go(f"/disclosures?done={_PREPARE}")


async def show_one(caller: Caller) -> Response:
    """What one of the latest disclosures says, number by number, and which of them are hidden."""
    asked = caller.id("id")
    nodes = (await caller.ask("disclosed")).get("disclosures", {}).get("nodes", ())
    made = next((one for one in nodes if one["id"] == asked), None)
    if made is None:
        raise Said("NOT_FOUND", "")
    return caller.page("disclosure.html", made=made, tables=tables_of(made["cells"]))


def tables_of(cells: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Cells as the tables they are of, in their order."""
    by_table: dict[str, dict[tuple[str, str], int | None]] = {}
    for cell in cells:
        by_table.setdefault(cell["table"], {})[cell["row"], cell["column"]] = cell["value"]
    tables = []
    for name, values in by_table.items():
        rows = list(dict.fromkeys(row for row, _ in values))
        columns = list(dict.fromkeys(column for _, column in values))
        lines = [(row, [values.get((row, column), "") for column in columns]) for row in rows]
        tables.append(Table(name, columns, lines))
    return tables


def _said(typed: Mapping[str, str]) -> dict[str, object]:
    """What was typed line by line; a body and its duty stand on one line, with a blank or a colon between them."""
    lines = {name: [line.strip() for line in text.splitlines() if line.strip()] for name, text in typed.items()}
    bodies = [line.replace("：", " ").split(maxsplit=1) for line in lines["bodies"]]
    return {**lines, "bodies": [{"unit": body[0], "duty": body[1] if len(body) > 1 else ""} for body in bodies]}


async def _page(caller: Caller, typed: Mapping[str, str], *, status: int = 200, **said: str) -> Response:
    rows = await rows_of(caller, lists.DISCLOSURES, {})
    may = caller.granted.may(_PREPARE)
    return caller.page("disclosures.html", status=status, rows=rows, typed=typed, may_prepare=may, **said)
