"""责任图: on a day, who answers for each township, village and school in each role, and for how many children nobody does where they live (N7).

A village without anybody is where a child could be without a named person: it stands in the chart with the number of its children
of school age, whether or not anybody was ever named there; of whom no village is known the township has to see to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts
from gateway.words import WORDS

PAGE: Final = 200
MOST_PAGES: Final = 10
"""Pages of posts that are read of one township; the page says where there are more."""
STARTS: Final = ("fillPost",)

Place = tuple[str, str, str]
"""A township, and a village or a school of it, or neither."""


async def show(caller: Caller) -> Response:
    """The townships, or what is in one of them where one is chosen or nobody sees more."""
    on = caller.given("on") or caller.today
    places = (await caller.ask("places")).get("townships", ())
    township = caller.given("township") or (places[0]["code"] if len(places) == 1 else "")
    posts, is_whole = await _posts(caller, on=on, township=township)
    children = await _children(caller, township=township) if is_whole else Counter()
    named = {
        (post["township"], post["village"]) for post in posts if post["village"] and post["role"] in WORDS["roles"]
    }  # who only signs a township's list answers for no child
    unnamed: Counter[str] = Counter()
    chart: dict[Place, dict[str, list[Mapping[str, Any]]]] = {}
    for post in posts:
        place = (post["township"], post["village"], post["school"])
        if township or not any(place[1:]):
            chart.setdefault(place, {}).setdefault(post["role"], []).append(post)
    for (town, village), count in children.items():
        if (town, village) not in named:
            unnamed[town] += count
        if township and village:
            chart.setdefault((town, village, ""), {})
    for code in [township] if township else [one["code"] for one in places]:
        chart.setdefault((code, "", ""), {})
    there = {role for roles in chart.values() for role in roles}
    return caller.page(
        "responsible.html",
        on=on,
        township=township,
        townships=places,
        chart=sorted(chart.items()),
        roles=[role for role in WORDS["roles"] if role in there],
        children=children,
        named=named,
        unnamed=unnamed,
        is_whole=is_whole,
        starts=[(name, acts.title_of(caller, name)) for name in STARTS if caller.granted.may(name)],
    )


async def _children(caller: Caller, *, township: str) -> Counter[tuple[str, str]]:
    """Children of school age by township and village, as they live today, also of those whose village nobody knows; none where the
    caller may not count them."""
    rows = (await caller.ask("board_villages", township=township)).get("villagePartition", ())
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.get("dated", True):
            counts[row["township"], row["village"]] += row["count"]
    return counts


async def _posts(caller: Caller, *, on: str, township: str) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """Who held which post on the day, and whether they are all."""
    found: list[Mapping[str, Any]] = []
    after = ""
    for _ in range(MOST_PAGES):
        page = (await caller.ask("responsible", on=on, township=township, first=PAGE, after=after)).get("posts")
        if page is None:
            return [], True
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found, True
        after = page["pageInfo"]["endCursor"]
    return found, False
