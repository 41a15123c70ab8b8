"""Characters from which invented names are composed, and the ways each can be written wrongly.

No name here is taken from a person: surnames and given-name characters are drawn independently from lists of common ones.
To add a character, add it to a list of `GIVEN`; only if it has a form that offices confuse it with does it need an entry below.
Every entry of `TRADITIONAL` must convert back to its simplified form (a test holds this), because a traditional form is
another way of writing the same name, while `HOMOPHONES` and `LOOK_ALIKES` are other names.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Sex = Literal["男", "女"]

DOT = "·"

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "余潘杜戴夏汪田任姜方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
COMPOUND_SURNAMES = ("欧阳", "上官", "司马", "诸葛", "慕容", "皇甫", "尉迟", "令狐")

GIVEN: dict[Sex, str] = {
    "男": "伟强磊军洋勇杰涛超明鹏辉斌浩凯博文宇轩昊泽辰睿俊豪毅晨志远嘉诚铭飞翔龙国东恒旭阳天佑煜航哲启铮承骏腾锐景川",
    "女": "静丽敏艳娟霞秀英玲芳燕红梅娜雅婷怡欣佳慧颖雪琪梦萱涵诗语可馨月桐彤若诺曦梓瑶妍蕊薇悦婧莹洁岚蓓舒茜琳珊苒芸",
}

# Characters outside GB 2312 that people do carry; old office systems cannot type them.
RARE: dict[str, str] = {
    "堃": "kun",
    "祎": "yi",
    "玥": "yue",
    "珺": "jun",
    "彧": "yu",
    "婳": "hua",
    "翀": "chong",
    "犇": "ben",
    "曌": "zhao",
    "䶮": "yan",
    "琤": "cheng",
    "赟": "yun",
}

TRADITIONAL: dict[str, str] = dict(
    zip(
        "张刘陈杨赵黄吴孙马罗郑谢韩冯邓许吕苏卢蒋贾叶谭邹陆顾龙万钱汤贺赖龚伟强军涛鹏辉凯轩泽诚铭飞国东阳启铮骏腾锐静丽艳红颖梦诗语诺莹洁岚",
        "張劉陳楊趙黃吳孫馬羅鄭謝韓馮鄧許呂蘇盧蔣賈葉譚鄒陸顧龍萬錢湯賀賴龔偉強軍濤鵬輝凱軒澤誠銘飛國東陽啟錚駿騰銳靜麗艷紅穎夢詩語諾瑩潔嵐",
        strict=True,
    )
)

_SOUNDS_ALIKE = (
    "军君俊钧 明铭鸣名 浩昊皓 宇雨羽予 佳嘉家加 欣新心馨 怡宜仪 婷亭庭 静敬靖 志智治 伟维玮 博勃伯 文雯纹 丽莉利 慧惠蕙"
    " 杰洁捷 晨辰宸 凯楷恺 鹏朋 瑞锐 轩宣萱 洋阳扬 颖影 涵函寒 琪祺奇 泽则 梓紫子 彤桐同 悦月越 娜那 玲灵铃 芳方"
    " 红宏虹 梅眉 雪学 诗施 辉晖徽 强墙 哲折 景井 舒书 瑶摇遥 妍言 薇微威"
)
HOMOPHONES: dict[str, str] = {
    char: "".join(other for other in group if other != char)
    for group in reversed(_SOUNDS_ALIKE.split())
    for char in group
}
HOMOPHONE_SURNAMES: dict[str, str] = {
    "张": "章",
    "徐": "许",
    "程": "成",
    "江": "姜",
    "余": "俞",
    "傅": "付",
    "方": "房",
}

LOOK_ALIKES: dict[str, str] = dict(
    zip(
        "宇博怡梓佳诚哲航妍婷颖泽轩曦悦涵睿彤晨旭琳苒茜东",
        "字搏恰锌住城晢杭研停颍译轻羲说函容肜晟旮淋再西车",
        strict=True,
    )
)

UYGHUR_GIVEN: dict[Sex, tuple[str, ...]] = {
    "男": ("艾力", "买买提", "阿迪力", "吐尔逊", "热合曼", "库尔班", "依明", "帕尔哈提", "玉山", "艾尼瓦尔"),
    "女": (
        "阿依古丽",
        "古丽娜",
        "帕提古丽",
        "热依拉",
        "迪丽努尔",
        "阿孜古丽",
        "米热班",
        "祖丽皮亚",
        "茹仙",
        "海丽且姆",
    ),
}


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name: the part shared with the family, and the part given. `dotted` names put a dot between given and family."""

    family: str
    given: str
    dotted: bool = False

    def __str__(self) -> str:
        return f"{self.given}{DOT}{self.family}" if self.dotted else self.family + self.given


def compose_surname(rng: Random) -> str:
    """A surname; the first of the list are much more common, as in life, so namesakes occur by themselves."""
    if rng.random() < 0.004:
        return rng.choice(COMPOUND_SURNAMES)
    return SURNAMES[int(len(SURNAMES) * rng.random() ** 1.7)]


def compose_given(*, sex: Sex, rng: Random, shared: str = "") -> str:
    """One or two given-name characters; `shared` is the generation character (字辈) that some families keep for siblings."""
    chars = GIVEN[sex]
    last = rng.choice(tuple(RARE)) if rng.random() < 0.015 else rng.choice(chars)
    if shared:
        return shared + last
    return last if rng.random() < 0.14 else rng.choice(chars) + last


def compose_dotted(*, sex: Sex, family: str, rng: Random) -> Name:
    """A Uyghur-style name: own name, dot, father's name."""
    return Name(family=family, given=rng.choice(UYGHUR_GIVEN[sex]), dotted=True)
