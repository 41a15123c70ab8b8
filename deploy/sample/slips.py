"""Slips of one row: each function strikes a draft in one field and says whether it could."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from pypinyin import lazy_pinyin

from deploy.sample.confusions import KEYS_BESIDE, LOOKING_ALIKE, SOUNDING_ALIKE, VARIANTS
from deploy.sample.names import RARE, compose_given, compose_surname
from deploy.sample.numbers import citizen_number, is_valid
from deploy.sample.people import Child
from deploy.sample.places import COUNTY_CODE, TOWNSHIPS

if TYPE_CHECKING:
    from deploy.sample.clerk import Cell, Stated

_NUMBER = {"hukou": "公民身份号码", "enrolment": "身份证件号", "poverty": "证件号码", "suspects": "身份证件号"}
_PHONE = {"hukou": "联系电话", "enrolment": "监护人电话"}


@dataclass(slots=True, kw_only=True)
class Draft:
    """A row under change: its cells by column, what it states, the fields changed so far and the classes that did it."""

    register: str
    child: Child
    columns: tuple[str, ...]
    cells: list["Cell"]
    stated: "Stated"
    fields: set[str] = field(default_factory=set)
    struck: list[str] = field(default_factory=list)

    def get(self, column: str) -> "Cell":
        """The cell of a column, None where the register has no such column."""
        return self.cells[self.columns.index(column)] if column in self.columns else None

    def put(self, column: str, cell: "Cell") -> None:
        """Write a cell."""
        self.cells[self.columns.index(column)] = cell

    def claim(self, what: str) -> bool:
        """Whether this field has not been struck yet; from now on it has."""
        if what in self.fields or "all" in self.fields:
            return False
        self.fields.add(what)
        return True

    @property
    def name_is_right(self) -> bool:
        """Whether the name is the child's, so that a slip of it is one slip."""
        return self.stated.name == str(self.child.name) and "name" not in self.fields

    def write_name(self, written: str, *, states: str | None = None) -> bool:
        """Write a name; `states` is what it states, the name as written by default."""
        if not self.claim("name"):
            return False
        self.put("姓名", written)
        self.stated = replace(self.stated, name=states if states is not None else written)
        return True

    @property
    def number_is_right(self) -> bool:
        """Whether the row gives the child's number in full."""
        return (
            self.stated.number is not None and self.stated.number == self.child.number and "number" not in self.fields
        )

    def write_number(self, number: str, *, states: str | None = None) -> bool:
        """Write a number; `states` is what it states, the number as written by default."""
        column = _NUMBER.get(self.register)
        if column is None or number.endswith("000") or not self.claim("number"):
            return False
        self.put(column, number)
        self.stated = replace(self.stated, number=states if states is not None else number)
        return True

    def state_number(self, number: str) -> None:
        """Say what number the row states."""
        self.stated = replace(self.stated, number=number)

    def write_birth(self, birth: date | None) -> bool:
        """Write a birth date as the register does by default; None leaves the cell empty."""
        if self.get("出生日期") is None or self.stated.number is None or not self.claim("birth"):
            return False
        self.put("出生日期", birth.isoformat() if birth else None)
        self.stated = replace(self.stated, birth=birth)
        return True

    def school_number(self, before: str | None) -> str | None:
        """The 学籍号 of an enrolment row as it now stands."""
        number = self.get("学籍号")
        return str(number) if self.register == "enrolment" and number else before


def _exchange_one(draft: Draft, table: dict[str, str], rng: Random) -> str | None:
    name = str(draft.child.name)
    places = [i for i, char in enumerate(name) if char in table]
    if not draft.name_is_right or draft.child.name.dotted or not places:
        return None
    place = rng.choice(places)
    return name[:place] + rng.choice(table[name[place]]) + name[place + 1 :]


def sound_alike(draft: Draft, rng: Random) -> bool:
    """A character that sounds the same."""
    wrong = _exchange_one(draft, SOUNDING_ALIKE, rng)
    return wrong is not None and draft.write_name(wrong)


def look_alike(draft: Draft, rng: Random) -> bool:
    """A character that looks much the same 形近字."""
    wrong = _exchange_one(draft, LOOKING_ALIKE, rng)
    return wrong is not None and draft.write_name(wrong)


def variant_form(draft: Draft, rng: Random) -> bool:
    """Another form of the same character 异体字: no other name."""
    written = _exchange_one(draft, VARIANTS, rng)
    return written is not None and draft.write_name(written, states=draft.stated.name)


def private_character(draft: Draft, rng: Random) -> bool:
    """A rare character from a private font: elsewhere a code point of nobody's."""
    name = str(draft.child.name)
    if not draft.name_is_right or not any(char in RARE for char in name):
        return False
    private = rng.choice("\ue815\ue863\uf001□?〓*")
    return draft.write_name("".join(private if char in RARE else char for char in name), states=name)


def cut_dotted(draft: Draft, rng: Random) -> bool:
    """A minority name without the father's name, or cut where the form's field ended."""
    name = draft.child.name
    if not name.dotted or not draft.name_is_right:
        return False
    cut = rng.choice((name.given, str(name)[: max(len(name.given) + 2, 5)]))
    return cut != str(name) and draft.write_name(cut)


def other_surname(draft: Draft, rng: Random) -> bool:
    """The surname of the other parent."""
    if draft.child.name.dotted or not draft.name_is_right:
        return False
    surname = compose_surname(rng)
    return surname != draft.child.name.family and draft.write_name(surname + draft.child.name.given)


def reversed_given(draft: Draft, _rng: Random) -> bool:
    """The two characters of the given name in the other order."""
    name = draft.child.name
    if name.dotted or len(set(name.given)) != 2 or not draft.name_is_right:
        return False
    return draft.write_name(name.family + name.given[::-1])


def lost_character(draft: Draft, rng: Random) -> bool:
    """A given name of two characters with one of them left out."""
    name = draft.child.name
    if name.dotted or len(name.given) != 2 or not draft.name_is_right:
        return False
    return draft.write_name(name.family + rng.choice(name.given))


def milk_name(draft: Draft, rng: Random) -> bool:
    """What the child is called at home 乳名."""
    name = draft.child.name
    if name.dotted or not draft.name_is_right:
        return False
    last = name.given[-1]
    return draft.write_name(rng.choice((f"{name.family}小{last}", f"小{last}", last * 2, f"{name.family}{last}{last}")))


def pinyin_name(draft: Draft, rng: Random) -> bool:
    """The whole name in pinyin: a way of writing."""
    if draft.child.name.dotted or not draft.name_is_right:
        return False
    syllables = lazy_pinyin(str(draft.child.name))
    written = rng.choice(
        (
            " ".join(s.title() for s in syllables),
            "".join(syllables).upper(),
            syllables[0] + " " + "".join(syllables[1:]),
        )
    )
    return draft.write_name(written, states=draft.stated.name)


def noted_name(draft: Draft, rng: Random) -> bool:
    """A note beside the name."""
    if not draft.name_is_right:
        return False
    note = rng.choice(("（新）", "(女)" if draft.child.sex == "女" else "(男)", "（转入）", "*", "（休学）"))
    return draft.write_name(f"{draft.child.name}{note}", states=draft.stated.name)


def missing_digit(draft: Draft, rng: Random) -> bool:
    """A number of 17 characters."""
    place = rng.randrange(6, 18)
    number = draft.child.number or ""
    return draft.number_is_right and draft.write_number(number[:place] + number[place + 1 :])


def doubled_digit(draft: Draft, rng: Random) -> bool:
    """A number of 19 characters."""
    place = rng.randrange(6, 17)
    number = draft.child.number or ""
    return draft.number_is_right and draft.write_number(number[: place + 1] + number[place:])


def next_key(draft: Draft, rng: Random) -> bool:
    """A digit of the key beside."""
    place = rng.randrange(17)
    number = draft.child.number or ""
    return draft.number_is_right and draft.write_number(
        number[:place] + rng.choice(KEYS_BESIDE[number[place]]) + number[place + 1 :]
    )


def letter_for_digit(draft: Draft, rng: Random) -> bool:
    """O for 0, l or I for 1: seen as the same by people, and failing its check."""
    number = draft.child.number or ""
    places = [i for i, digit in enumerate(number) if digit in "01"]
    if not draft.number_is_right or not places:
        return False
    place = rng.choice(places)
    letter = rng.choice("OoQ" if number[place] == "0" else "lI")
    return draft.write_number(number[:place] + letter + number[place + 1 :])


def odd_x(draft: Draft, rng: Random) -> bool:
    """A check character X written as a sign of multiplication, a Greek or a full-width letter: a way of writing."""
    number = draft.child.number or ""
    if not draft.number_is_right or not number.endswith("X"):
        return False
    return draft.write_number(number[:17] + rng.choice("×ｘＸΧ"), states=number)


def guardians_number(draft: Draft, rng: Random) -> bool:
    """The guardian's number in the child's field."""
    if not draft.number_is_right:
        return False
    born = date(draft.child.birth.year - rng.randint(22, 48), rng.randint(1, 12), rng.randint(1, 28))
    return draft.write_number(citizen_number(division=COUNTY_CODE, birth=born, sequence=rng.randrange(999)))


def another_number(child: Child, *, taken: set[str | None], rng: Random) -> str:
    """A valid number of the child's birth and sex that nobody has."""
    while True:
        sequence = rng.randrange(500) * 2 + (child.sex == "男")
        number = citizen_number(division=(child.number or COUNTY_CODE)[:6], birth=child.birth, sequence=sequence)
        if number not in taken and not number.endswith("000"):
            taken.add(number)
            return number


def strangers_number(draft: Draft, rng: Random) -> bool:
    """A valid number that is nobody's here, of quite another birth date: taken from a line of another list."""
    if not draft.number_is_right:
        return False
    born = draft.child.birth + timedelta(days=rng.choice((-1, 1)) * rng.randint(60, 900))
    return draft.write_number(citizen_number(division=COUNTY_CODE, birth=born, sequence=rng.randrange(999)))


def student_number_slip(draft: Draft, rng: Random) -> bool:
    """A 学籍号 on a class list with a digit wrong, missing or exchanged."""
    number = str(draft.get("学籍号") or "")
    if len(number) != 19 or not draft.claim("学籍号"):
        return False
    place = rng.randrange(7, 17)
    wrong = rng.choice(
        (
            number[:place] + rng.choice("0123456789") + number[place + 1 :],
            number[:place] + number[place + 1 :],
            number[:place] + number[place + 1] + number[place] + number[place + 2 :],
            number[1:],
        )
    )
    if wrong == number:
        return False
    draft.put("学籍号", wrong)
    return True


def lunar_birth(draft: Draft, rng: Random) -> bool:
    """The day of the lunar calendar, three to seven weeks earlier, written as if it were a day of the solar one."""
    return draft.write_birth(draft.child.birth - timedelta(days=rng.randint(19, 50)))


def year_off(draft: Draft, rng: Random) -> bool:
    """One or two years older or younger, as it suits an enrolment."""
    birth = draft.child.birth
    return draft.write_birth(date(birth.year + rng.choice((-2, -1, -1, 1, 1)), birth.month, min(birth.day, 28)))


def first_of_january(draft: Draft, _rng: Random) -> bool:
    """Only the year was known."""
    return (draft.child.birth.month, draft.child.birth.day) != (1, 1) and draft.write_birth(
        date(draft.child.birth.year, 1, 1)
    )


def missing_birth(draft: Draft, _rng: Random) -> bool:
    """No birth date."""
    return draft.write_birth(None)


def birth_digit(draft: Draft, rng: Random) -> bool:
    """The month or the day mistyped."""
    birth = draft.child.birth
    wrong = rng.choice(
        (
            birth.replace(day=1).replace(month=rng.randint(1, 12)).replace(day=min(birth.day, 28)),
            birth.replace(day=rng.randint(1, 28)),
        )
    )
    return wrong != birth and draft.write_birth(wrong)


def number_and_birth(draft: Draft, rng: Random) -> bool:
    """Number and birth date both wrong: what is left is the name and the home."""
    if not draft.number_is_right or "birth" in draft.fields or draft.stated.birth != draft.child.birth:
        return False
    number = draft.child.number or ""
    places = rng.sample(range(6, 17), 2)
    wrong = "".join(rng.choice("0123456789") if i in places else digit for i, digit in enumerate(number))
    return not is_valid(wrong) and draft.write_number(wrong) and year_off(draft, rng)


def other_guardian(draft: Draft, rng: Random) -> bool:
    """The other parent, or a grandparent."""
    if draft.get("监护人姓名") is None or not draft.claim("guardian"):
        return False
    surname = draft.child.name.family if rng.random() < 0.5 and not draft.child.name.dotted else compose_surname(rng)
    draft.put("监护人姓名", surname + compose_given(sex=rng.choice(("男", "女")), rng=rng))
    return True


def other_phone(draft: Draft, rng: Random) -> bool:
    """A telephone number that was given up since."""
    column = _PHONE.get(draft.register)
    if column is None or not draft.claim("phone"):
        return False
    draft.put(column, f"154{rng.randrange(10**8):08d}")
    return True


def phone_slip(draft: Draft, rng: Random) -> bool:
    """A telephone number with a digit wrong or missing."""
    column = _PHONE.get(draft.register)
    phone = str(draft.get(column) or "") if column else ""
    if column is None or len(phone) != 11 or not draft.claim("phone"):
        return False
    place = rng.randrange(3, 11)
    draft.put(column, phone[:place] + rng.choice(("", rng.choice("0123456789"))) + phone[place + 1 :])
    return True


def moved(draft: Draft, rng: Random) -> bool:
    """Another township and village: the household moved, and one register has not heard of it."""
    if not draft.claim("place"):
        return False
    township, village = rng.choice(TOWNSHIPS), rng.choice("东西南北上下") + rng.choice("庄沟湾岭") + "村"
    if draft.get("乡镇") is not None:
        draft.put("乡镇", township.name)
        draft.put("行政村", village)
        return True
    if draft.get("现住址") is not None:
        draft.put("现住址", township.name + village)
        return True
    return False


def missing_village(draft: Draft, _rng: Random) -> bool:
    """No village."""
    if draft.get("行政村") is None or not draft.claim("place"):
        return False
    draft.put("行政村", None)
    return True


def shifted_cells(draft: Draft, _rng: Random) -> bool:
    """One empty cell lost, so that the cells from the sex on stand one column to the left."""
    if draft.fields:
        return False
    draft.fields.add("all")
    place = draft.columns.index("性别")
    draft.cells[place:] = [*draft.cells[place + 1 :], None]
    return True
