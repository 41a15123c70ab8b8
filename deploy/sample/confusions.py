"""Characters that pen, eye and ear confuse: what `mishaps` writes instead of the right one.

Made by hand for the characters of `names`, apart from `names.HOMOPHONES` and `names.LOOK_ALIKES`, and knowing nothing of any
table that the service keeps: a table shared with what is tested would make every confusion one that it knows.
"""

_LOOKING_ALIKE = (
    "王玉主 李季 陈阵 侯候 史吏 田由甲 白自 汪江旺 万方 孙孔 于干千 马乌 何向 郭廓 宋宗 冯玛 曹曾 许评 沈沉 吕昌 苏办 贾买 丁于"
    " 魏巍 薛薜 余佘 杜社 戴载 夏复 任仕 石右 谭潭 邹皱 金全 陆阮 郝赤 崔催 康庚 毛手 邱邸 江汪红 顾顶 孟孟盂 段假 雷霄 汤扬"
    " 尹伊 易昜 武式 贺贸 赖懒 明朋 昊吴炅 浩洁皓 凯剀 旭旯 恒桓 佑佐 景影 川州 静净 娟捐绢 霞瑕 秀季 英莫 玲珍铃 芳若 梅海悔"
    " 雅稚 欣掀 慧彗 雪雷 萱宣 彤形 诺若 瑶谣摇 蕊芯 薇微 婧靖倩 莹萤营荧 岚风 蓓倍 琳淋彬 珊姗册 芸云芒 伟纬 磊垒 勇男"
    " 涛铸 超赵 鹏棚 斌赋 文丈 宇守 辰晨展 俊峻 豪毫 毅殺 晨农 志忐 远运 嘉喜 铭络 飞气 翔羊 龙尤 国围 天夫 煜煌 启后 铮净"
    " 承永 骏俊 腾滕 锐税 丽两 敏梅 艳绝 燕蒸 红江 娜那 婷停 怡治 佳隹侍 颖颍 琪淇棋 梦楚 语悟 可司 馨謦 月用 曦羲 梓辛 妍研"
    " 己已巳 末未 晴睛 土士 日曰 茶荼 戊戌戍 人入"
)
LOOKING_ALIKE: dict[str, str] = {}
_SOUNDING_ALIKE = (
    "伟炜苇纬 强蔷 磊蕾垒 军筠君 洋杨扬 勇永咏 杰婕劼 涛韬滔 超抄 明茗铭 鹏芃 辉晖慧 斌彬宾 浩灏颢 凯锴 博渤 文闻雯 宇煜语雨"
    " 轩瑄暄 昊浩 泽择 辰晨琛 睿瑞 俊峻竣 豪毫 毅逸艺奕 志致芷 远苑媛 嘉迦 诚承成 飞菲霏 翔祥 龙隆 国果 东冬 恒衡 阳扬 天添 佑友"
    " 煜昱钰 航杭 哲喆 启琪起 铮峥 腾藤 锐蕊 景璟 川传 静婧 敏闽 艳燕彦 娟涓 霞侠 秀绣 英瑛 玲伶 芳芬 梅枚 雅亚 婷霆 怡依忆 欣昕"
    " 颖盈 雪血 琪祺棋 梦孟 萱轩 涵晗含菡 诗思 可珂 馨鑫 月玥越 桐童 彤童 若偌 曦溪熙 梓子籽 瑶谣 妍岩彦 蕊芮 薇巍 悦玥 莹盈 洁杰"
    " 岚兰 蓓贝 舒抒 茜倩 琳霖林 珊杉 苒冉 芸云 张章 王汪 李黎 刘柳 陈程 杨阳 周邹 吴武 徐许 朱祝 林凌 何贺 于余 肖萧 付傅"
)
SOUNDING_ALIKE: dict[str, str] = {}
for _table, _groups in ((LOOKING_ALIKE, _LOOKING_ALIKE), (SOUNDING_ALIKE, _SOUNDING_ALIKE)):
    for _group in _groups.split():
        for _char in _group:
            others = "".join(dict.fromkeys(c for c in _group if c != _char))
            _table[_char] = _table.get(_char, "") + others

# Forms of one character; another way of writing the same name.
VARIANTS: dict[str, str] = dict(
    zip(
        "国颖恒启辉泽悦妍瑶远龙黄吕吴杰志梅燕",
        "囯頴恆啓煇沢悅姸瑤逺竜黃呂吳傑誌楳鷰",
        strict=True,
    )
)

KEYS_BESIDE = {
    "1": "24", "2": "135", "3": "26", "4": "157", "5": "2468", "6": "359", "7": "48", "8": "5790", "9": "68", "0": "8",
}  # fmt: skip
"""Digits beside each on the number pad."""
