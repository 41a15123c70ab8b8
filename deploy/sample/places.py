"""Where the invented county lies: the real townships of 汝阳县 (410326) with statistical codes, invented villages and schools.

Township codes follow the 2024 statistical list (9 digits); a village adds three digits (12). Villages and schools are composed,
not copied: no figure of this sample may be read as a figure of a real village or school.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Stage = Literal["小学", "初中"]

COUNTY_CODE = "410326"
COUNTY_NAME = "河南省洛阳市汝阳县"
# Counties that migrant children's numbers were issued in.
OTHER_COUNTIES = ("410324", "410327", "410423", "410482", "420325", "510722", "522601", "653101")


@dataclass(frozen=True, slots=True)
class Township:
    """A township 乡镇 or the industrial zone. `former` are names that older files still use; `weight` its share of children."""

    code: str
    name: str
    weight: float
    former: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name without its rank, as people write it: 三屯镇 -> 三屯."""
        return self.name.removesuffix("工业园区").rstrip("镇乡")


TOWNSHIPS = (
    Township("410326100", "城关镇", 15.0),
    Township("410326101", "上店镇", 9.0),
    Township("410326102", "付店镇", 6.0),
    Township("410326103", "小店镇", 10.0),
    Township("410326104", "三屯镇", 7.5, ("三屯乡",)),
    Township("410326105", "刘店镇", 6.5, ("刘店乡",)),
    Township("410326106", "内埠镇", 9.0, ("内埠乡", "大安乡")),
    Township("410326107", "陶营镇", 8.0, ("陶营乡",)),
    Township("410326200", "柏树乡", 8.0),
    Township("410326202", "十八盘乡", 4.0, ("竹园乡",)),
    Township("410326203", "靳村乡", 3.5),
    Township("410326204", "王坪乡", 4.5),
    Township("410326209", "蔡店乡", 7.5),
    Township("410326400", "大安工业园区", 1.5, ("大安乡", "大安工业区")),
)


@dataclass(frozen=True, slots=True)
class Village:
    """An administrative village 行政村 with its 12-digit code."""

    code: str
    name: str
    township: Township


@dataclass(frozen=True, slots=True)
class School:
    """A school with its 10-digit identification code 学校标识码 and the number of parallel classes in a grade."""

    code: str
    name: str
    stage: Stage
    township: Township
    classes: int


@dataclass(frozen=True, slots=True)
class County:
    """Villages and schools of the county, by township code."""

    villages: dict[str, tuple[Village, ...]]
    schools: dict[tuple[str, Stage], tuple[School, ...]]
    special_school: School

    def school_of(self, *, village: Village, stage: Stage) -> School:
        """The school of a village's catchment: children of one village go to one school of their stage."""
        schools = self.schools[village.township.code, stage]
        return schools[int(village.code[-3:]) % len(schools)]

    def other_school(self, *, than: School, rng: Random) -> School:
        """A school of the same stage in another township."""
        townships = [t for t in TOWNSHIPS if t.code != than.township.code]
        return rng.choice(self.schools[rng.choice(townships).code, than.stage])


_FIRST = "东西南北上下前后大小石沙柳杨马高黄白龙泉桃核槐桥"
_LAST = "庄沟湾岭坡河寨店营窑洼坪"
_ORDINALS = "一二三四五六七八九十"


def lay_out_county(*, children: int, rng: Random) -> County:
    """Villages (12 to 18 a township) and schools (their number grows with `children`)."""
    villages: dict[str, tuple[Village, ...]] = {}
    schools: dict[tuple[str, Stage], tuple[School, ...]] = {}
    total = sum(t.weight for t in TOWNSHIPS)
    for index, township in enumerate(TOWNSHIPS):
        names = rng.sample([f"{a}{b}村" for a in _FIRST for b in _LAST], rng.randint(12, 18))
        villages[township.code] = tuple(
            Village(f"{township.code}{200 + number}", name, township) for number, name in enumerate(names)
        )
        share = children * township.weight / total
        schools[township.code, "小学"] = _schools(township, "小学", first=index * 20, pupils=share * 0.55, size=450)
        schools[township.code, "初中"] = _schools(
            township, "初中", first=index * 20 + 10, pupils=share * 0.3, size=1200
        )
    special = School("3141026990", "汝阳县特殊教育学校", "小学", TOWNSHIPS[0], 1)
    return County(villages=villages, schools=schools, special_school=special)


def _schools(township: Township, stage: Stage, *, first: int, pupils: float, size: int) -> tuple[School, ...]:
    count = min(10, max(2 if stage == "小学" else 1, round(pupils / size)))
    grades = 6 if stage == "小学" else 3
    classes = max(1, round(pupils / count / grades / 45))
    label = "小学" if stage == "小学" else "初级中学"
    return tuple(
        School(f"314102{6000 + first + n}", f"{township.short}第{_ORDINALS[n]}{label}", stage, township, classes)
        for n in range(count)
    )
