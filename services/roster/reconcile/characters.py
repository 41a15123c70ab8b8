"""Characters that eye and pen confuse: look-alikes 形近字, forms of one character 异体字, and names written in pinyin."""

from collections import defaultdict
from functools import cache, lru_cache
from pathlib import Path

# Forms of one character that OpenCC leaves as they are, because they are not the traditional form of the simplified one.
# By hand from 第一批异体字整理表 (1955) and 通用规范汉字表 (2013), for characters that are usual in names; 竜 沢 恵 are of Japan.
VARIANTS = {
    ord(variant): usual
    for usual, variants in (
        ("国", "囯囶圀"), ("颖", "頴頴"), ("恒", "恆"), ("启", "啓唘"), ("辉", "煇"), ("泽", "沢"), ("悦", "悅"), ("妍", "姸"),
        ("瑶", "瑤"), ("远", "逺"), ("龙", "竜"), ("黄", "黃"), ("吕", "呂"), ("吴", "吳呉"), ("杰", "傑"), ("志", "誌"),
        ("梅", "楳槑"), ("燕", "鷰"), ("峰", "峯"), ("群", "羣"), ("强", "彊"), ("秋", "秌穐"), ("岩", "巖喦嵒"), ("略", "畧"),
        ("昆", "崐崑"), ("仑", "崘崙"), ("和", "龢"), ("泉", "洤"), ("艳", "豔艷"), ("勋", "勛"), ("惠", "恵"), ("真", "眞"),
        ("静", "靜静"), ("清", "淸"), ("青", "靑"), ("教", "敎"), ("德", "徳悳"), ("广", "広"), ("荣", "栄"), ("樱", "桜"),
        ("丰", "豐豊"), ("体", "躰"), ("裕", "袬"), ("喆", "嚞"), ("婷", "嵉"), ("窗", "牕"), ("冰", "氷"), ("雁", "鴈"),
        ("鹅", "鵞"), ("灿", "燦"), ("彦", "彥"), ("郎", "郞"), ("晋", "晉"), ("晃", "晄"), ("朗", "朖"), ("梁", "樑"),
        ("升", "昇陞"), ("珊", "珊"), ("凉", "涼"), ("净", "淨"), ("况", "況"), ("博", "愽"), ("协", "恊"), ("叙", "敘敍"),
        ("嫩", "嫰"), ("宁", "甯寧寗"), ("寇", "冦"), ("尧", "堯"), ("岁", "歳嵗"), ("弦", "絃"), ("汇", "滙"), ("温", "溫"),
        ("琅", "瑯"), ("璇", "璿"), ("瓶", "缾"), ("皋", "臯皐"), ("笋", "筍"), ("笑", "咲"), ("苏", "甦"), ("蓝", "藍"),
        ("蕊", "蘂蕋橤"), ("麟", "鱗"), ("闲", "閒"), ("韵", "韻"), ("鼎", "鼑"), ("霭", "靄"),
    )
    for variant in variants
    if variant != usual
}  # fmt: skip
del VARIANTS[ord("鱗")], VARIANTS[ord("甯")]  # other characters in names: 鳞, and the surname 甯

_TABLE = Path(__file__).with_name("look_alikes.txt")


@cache
def _look_alikes() -> dict[str, frozenset[int]]:
    """The lines of the table by character."""
    lines: dict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(_TABLE.read_text(encoding="utf-8").splitlines()):
        if not line.startswith("#"):
            for character in line:
                lines[character].add(number)
    return {character: frozenset(found) for character, found in lines.items()}


def look_alike(a: str, b: str) -> bool:
    """Whether two characters are easily taken for one another by eye."""
    table = _look_alikes()
    return not table.get(a, frozenset()).isdisjoint(table.get(b, frozenset()))


@cache
def _syllables() -> frozenset[str]:
    """All syllables of Mandarin without tone, upper case."""
    # Loading the dictionaries takes a while, so it waits until a name needs them.
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415

    common = (chr(code) for code in PINYIN_DICT if 0x4E00 <= code <= 0x9FFF)
    found = lazy_pinyin("".join(common), style=Style.NORMAL)
    return frozenset(s.upper() for s in found if s.isascii() and s.isalpha() and len(s) > 1) | {"A", "E", "O"}


@lru_cache(maxsize=4096)
def split_pinyin(text: str) -> tuple[str, ...]:
    """The syllables of a name of 2 to 4 written in pinyin alone, the longest first; the text itself where it is none."""
    syllables = _syllables()

    def parse(rest: str, left: int) -> tuple[str, ...] | None:
        if not rest:
            return ()
        if not left:
            return None
        for size in range(min(6, len(rest)), 0, -1):
            if rest[:size] in syllables and (more := parse(rest[size:], left - 1)) is not None:
                return (rest[:size], *more)
        return None

    found = parse(text, 4) if text.isascii() and text.isalpha() and len(text) >= 4 else None
    return found if found and len(found) > 1 else (text,)
