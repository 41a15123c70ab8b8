"""How the command line shows long work and tables."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table


class StepBars(Progress):
    """One progress bar per named step, made when the step first reports."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._bars: dict[str, TaskID] = {}

    def tell(self, step: str, done: int, total: int) -> None:
        """Says that a step has come so far."""
        if step not in self._bars:
            self._bars[step] = self.add_task(step, total=total)
        self.update(self._bars[step], completed=done, total=total)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; numbers stand to the right, thousands are set apart."""
    lines = [list(row) for row in rows]
    made = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        numeric = bool(lines) and all(isinstance(line[number], int) for line in lines)
        made.add_column(column, justify="right" if numeric else "left")
    for line in lines:
        made.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line))
    return made
