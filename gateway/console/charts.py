"""Charts as SVG, drawn here 图表: bars, a line over time, and the townships as tiles. No script, and no style but by class.

Every chart stands beside a table with the same numbers; a mark is a link to the rows behind its number. Texts are escaped here:
the library that writes the elements does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import svg
from markupsafe import Markup

ROW = 26
LABEL = 110
WIDTH = 560
LETTER = 8
"""How much room a letter of a number takes."""
TILE = 92
ACROSS = 5
SHADES = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """One number with its name, and where the rows behind it stand."""

    name: str
    value: int
    path: str = ""
    shown: str = ""
    """The number as it is written; as it is where empty."""

    @property
    def text(self) -> str:
        """The number as it is written."""
        return self.shown or f"{self.value:,}"


def bars(title: str, marks: Sequence[Mark]) -> Markup:
    """Bars under each other, each as long as its number."""
    most = max((mark.value for mark in marks), default=0) or 1
    room = WIDTH - LABEL - 12 - LETTER * max((len(mark.text) for mark in marks), default=0)
    drawn: list[svg.Element] = []
    for number, mark in enumerate(marks):
        top = number * ROW
        length = round(mark.value / most * room, 1)
        drawn.append(
            _linked(
                mark,
                [
                    _text(mark.name, x=LABEL - 8, y=top + 17, kind="name", anchor="end"),
                    svg.Rect(x=LABEL, y=top + 4, width=max(length, 1), height=ROW - 8, class_=["bar"]),
                    _text(mark.text, x=LABEL + length + 6, y=top + 17, kind="value"),
                ],
            )
        )
    return _drawn(title, WIDTH, max(len(marks), 1) * ROW, drawn)


def line(title: str, marks: Sequence[Mark]) -> Markup:
    """Numbers over time, from zero up, the days beneath."""
    height, foot, left = 190, 30, 30
    most = max((mark.value for mark in marks), default=0) or 1
    step = (WIDTH - 2 * left) / max(len(marks) - 1, 1)
    places = [
        (round(left + number * step, 1), round(20 + (1 - mark.value / most) * (height - foot - 40), 1))
        for number, mark in enumerate(marks)
    ]
    drawn: list[svg.Element] = [
        svg.Line(x1=left, x2=WIDTH - left, y1=height - foot, y2=height - foot, class_=["axis"]),
        svg.Polyline(points=[svg.Point(x, y) for x, y in places], class_=["line"]),
    ]
    for mark, (x, y) in zip(marks, places, strict=True):
        drawn.append(
            _linked(
                mark,
                [
                    svg.Circle(cx=x, cy=y, r=4, class_=["point"]),
                    _text(mark.text, x=x, y=y - 9, kind="value", anchor="middle"),
                    _text(mark.name, x=x, y=height - foot + 18, kind="name", anchor="middle"),
                ],
            )
        )
    return _drawn(title, WIDTH, height, drawn)


def tiles(title: str, marks: Sequence[Mark]) -> Markup:
    """A tile for each place, the darker the larger its number; tiles stand in the order given, not where the places lie."""
    most = max((mark.value for mark in marks), default=0) or 1
    drawn: list[svg.Element] = []
    for number, mark in enumerate(marks):
        x, y = number % ACROSS * TILE, number // ACROSS * (TILE - 24)
        shade = 0 if mark.value == 0 else 1 + (mark.value * (SHADES - 1) - 1) // most
        drawn.append(
            _linked(
                mark,
                [
                    svg.Rect(x=x + 1, y=y + 1, width=TILE - 4, height=TILE - 28, class_=["tile", f"shade-{shade}"]),
                    _text(mark.name, x=x + 8, y=y + 24, kind="on", shade=shade),
                    _text(mark.text, x=x + 8, y=y + 50, kind="on-value", shade=shade),
                ],
            )
        )
    rows = -(-len(marks) // ACROSS) or 1
    return _drawn(title, ACROSS * TILE, rows * (TILE - 24), drawn)


def _text(text: str, *, x: float, y: float, kind: str, anchor: str = "start", shade: int = 0) -> svg.Text:
    classes = [kind, f"anchor-{anchor}", *(["light"] if shade >= SHADES - 2 else [])]
    return svg.Text(x=x, y=y, text=escape(text), class_=classes)


def _linked(mark: Mark, drawn: list[svg.Element]) -> svg.Element:
    title = svg.Title(text=escape(f"{mark.name} {mark.text}"))
    if not mark.path:
        return svg.G(elements=[title, *drawn])
    return svg.A(
        href=escape(mark.path), extra={"aria-label": escape(f"{mark.name} {mark.text}")}, elements=[title, *drawn]
    )


def _drawn(title: str, width: int, height: int, drawn: list[svg.Element]) -> Markup:
    chart = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, width, height),
        class_=["chart"],
        extra={"role": "group", "aria-label": escape(title)},
        elements=drawn,
    )
    return Markup(str(chart))  # noqa: S704  # every text in it is escaped above
