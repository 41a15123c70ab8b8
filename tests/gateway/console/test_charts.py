"""Charts: every number is written and leads to its rows, and nothing in a name is taken for a mark."""

from xml.etree import ElementTree as ET

import pytest

from gateway.console.charts import Mark, Step, bars, climb, line, tiles

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.mark.parametrize("draw", [bars, line, tiles])
def test_every_number_is_written_and_leads_to_its_rows(draw: object) -> None:
    chart = ET.fromstring(draw("T", [Mark("甲", 3, "/a?x=1&y=2"), Mark("乙", 0), Mark("丙", 1200)]))  # type: ignore[operator]  # noqa: S314

    texts = [element.text for element in chart.iter(f"{SVG}text")]
    assert {"甲", "乙", "丙", "3", "0", "1,200"} <= set(texts)
    [link] = chart.iter(f"{SVG}a")
    assert link.get("href") == "/a?x=1&y=2"
    assert not [element for element in chart.iter() if element.get("style")]


@pytest.mark.parametrize("draw", [bars, line, tiles])
def test_a_name_is_text_whatever_stands_in_it(draw: object) -> None:
    drawn = draw(HOSTILE, [Mark(HOSTILE, 1, f"/a?{HOSTILE}", HOSTILE)])  # type: ignore[operator]

    chart = ET.fromstring(drawn)  # noqa: S314  # ours
    assert not list(chart.iter(f"{SVG}script"))
    assert chart.get("aria-label") == HOSTILE


@pytest.mark.parametrize("draw", [bars, line, tiles])
@pytest.mark.parametrize("marks", [[], [Mark("甲", 0)]])
def test_where_there_is_nothing_a_chart_is_drawn_all_the_same(draw: object, marks: list[Mark]) -> None:
    ET.fromstring(draw("T", marks))  # type: ignore[operator]  # noqa: S314


def test_a_longer_bar_is_a_larger_number_and_a_darker_tile_too() -> None:
    chart = ET.fromstring(bars("T", [Mark("甲", 10), Mark("乙", 5)]))  # noqa: S314
    first, second = (float(bar.get("width", "0")) for bar in chart.iter(f"{SVG}rect"))
    assert first == pytest.approx(2 * second)

    map_of = ET.fromstring(tiles("T", [Mark(str(n), n) for n in (0, 1, 50, 100)]))  # noqa: S314
    shades = [tile.get("class", "").split("-")[-1] for tile in map_of.iter(f"{SVG}rect")]
    assert shades == sorted(shades)
    assert (shades[0], shades[-1]) == ("0", "4")


@pytest.mark.parametrize("name", ["汝阳县大安工业园区第一初级中学", "汝阳县 county government"])
def test_a_long_name_is_written_whole_and_moves_the_bars(name: str) -> None:
    chart = ET.fromstring(bars("T", [Mark("甲", 1200), Mark(name, 5)]))  # noqa: S314
    names = [text for text in chart.iter(f"{SVG}text") if text.get("class", "").startswith("name")]
    room = sum(13 if letter > "⺀" else 8 for letter in name)

    assert {float(text.get("x", "0")) >= room for text in names} == {True}
    widest = max(float(bar.get("x", "0")) + float(bar.get("width", "0")) for bar in chart.iter(f"{SVG}rect"))
    assert widest + 8 * len("1,200") < 560


def test_a_way_up_a_tree_has_a_hash_for_each_level_and_its_sibling_where_it_stands() -> None:
    steps = [Step("right", "sibling-1", "both-1"), Step("left", HOSTILE, "root")]
    chart = ET.fromstring(climb("T", "leaf", steps, holds=True))  # noqa: S314
    boxes = {title.text: group for group in chart.iter(f"{SVG}g") for title in group.iter(f"{SVG}title")}
    places = {name: group.find(f"{SVG}rect") for name, group in boxes.items()}

    assert set(places) == {"leaf", "sibling-1", "both-1", HOSTILE, "root"}
    x, y = ({name: float(box.get(side, "0")) for name, box in places.items() if box is not None} for side in "xy")
    assert y["leaf"] > y["both-1"] > y["root"]
    assert x[HOSTILE] < x["leaf"] < x["sibling-1"]
    assert 'class="hash broken"' in climb("T", "leaf", [], holds=False)
