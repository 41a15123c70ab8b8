"""Charts as SVG, drawn here 图表: bars, a line over time, the townships as tiles, and the way from an entry up to a root. No script, and no style
but by class.

Every chart stands beside a table with the same numbers; a mark is a link to the rows behind its number. Texts are escaped here:
the library that writes the elements does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

import svg
from markupsafe import Markup

ROW = 26
LABEL = 110
"""The room for names at the least; longer ones have what they need, up to half of the chart."""
WIDTH = 560
LETTER, CHARACTER = 8, 13
"""How much room a letter or a figure takes, and a Chinese character."""
TILE = 92
ACROSS = 5
SHADES = 5
RUNG, NODE, BOX, BESIDE, SHOWN = 46, 26, 120, 170, 10
"""A level of a tree, the height and width of a hash in it, how far beside the way a sibling stands, and how much of a hash is written."""


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
    label = min(max([LABEL, *(_length(mark.name) + 12 for mark in marks)]), WIDTH // 2)
    room = WIDTH - label - 12 - LETTER * max((len(mark.text) for mark in marks), default=0)
    drawn: list[svg.Element] = []
    for number, mark in enumerate(marks):
        top = number * ROW
        length = round(mark.value / most * room, 1)
        drawn.append(
            _linked(
                mark,
                [
                    _text(mark.name, x=label - 8, y=top + 17, kind="name", anchor="end"),
                    svg.Rect(x=label, y=top + 4, width=max(length, 1), height=ROW - 8, class_=["bar"]),
                    _text(mark.text, x=label + length + 6, y=top + 17, kind="value"),
                ],
            )
        )
    return _drawn(title, WIDTH, max(len(marks), 1) * ROW, drawn)


def _length(name: str) -> int:
    return sum(CHARACTER if east_asian_width(letter) in "WF" else LETTER for letter in name)


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


@dataclass(frozen=True, slots=True)
class Step:
    """One step up a tree: on which side the sibling stands, its hash, and that of both."""

    side: str
    sibling: str
    node: str


def climb(title: str, leaf: str, steps: Sequence[Step], *, holds: bool) -> Markup:
    """The way from a leaf, at the foot, to the root, at the head: at each level the hash so far and beside it the sibling it is joined with."""
    middle, height = WIDTH / 2, (len(steps) + 1) * RUNG
    kind = "holds" if holds else "broken"
    drawn: list[svg.Element] = []
    for number, node in enumerate((leaf, *(step.node for step in steps))):
        y = height - (number + 1) * RUNG
        if number < len(steps):
            side = -1 if steps[number].side == "left" else 1
            drawn += [
                svg.Line(x1=middle, y1=y + NODE / 2, x2=middle, y2=y - RUNG + NODE, class_=["way", kind]),
                svg.Line(
                    x1=middle + side * BESIDE, y1=y + NODE / 2, x2=middle, y2=y - RUNG + NODE, class_=["way", "sibling"]
                ),
                *_hash_box(steps[number].sibling, x=middle + side * BESIDE, y=y, kind="sibling"),
            ]
        drawn += _hash_box(node, x=middle, y=y, kind=kind)
    return _drawn(title, WIDTH, height, drawn)


def _hash_box(value: str, *, x: float, y: float, kind: str) -> list[svg.Element]:
    """A box with the beginning of a hash, which is whole in its title; `x` is its middle."""
    return [
        svg.G(
            elements=[
                svg.Title(text=escape(value)),
                svg.Rect(x=x - BOX / 2, y=y, width=BOX, height=NODE, class_=["hash", kind]),
                _text(value[:SHOWN] + "…", x=x, y=y + 17, kind="on", anchor="middle"),
            ]
        )
    ]


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
