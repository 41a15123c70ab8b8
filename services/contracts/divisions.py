"""Administrative divisions of the county 行政区划 (GB/T 2260 and the statistical township codes), as all services name them.

Townships of 汝阳县 410326 as of 2024. Former names and mergers are kept so that registers written before a change still
find their township. Villages are named within their township until the county hands in its list of twelve-digit codes.
"""

from typing import Final

COUNTY: Final = "410326"

TOWNSHIPS: Final[dict[str, str]] = {
    "410326100": "城关镇",
    "410326101": "上店镇",
    "410326102": "付店镇",
    "410326103": "小店镇",
    "410326104": "三屯镇",
    "410326105": "刘店镇",
    "410326106": "内埠镇",
    "410326107": "陶营镇",
    "410326200": "柏树乡",
    "410326202": "十八盘乡",
    "410326203": "靳村乡",
    "410326204": "王坪乡",
    "410326209": "蔡店乡",
    "410326400": "大安工业园区",
}
"""Code to name 乡镇; nine digits."""

UNKNOWN_TOWNSHIP: Final = f"{COUNTY}000"
"""Where no register says which township 乡镇不详: still in the county, and in nobody's township."""


def township_code(name: str) -> str:
    """The code of a township by its present name, or `UNKNOWN_TOWNSHIP`."""
    return next((code for code, known in TOWNSHIPS.items() if known == name), UNKNOWN_TOWNSHIP)
