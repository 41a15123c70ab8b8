"""How one office writes a child down: its habits, and its mistakes at the rates of `Errors`.

A `Clerk` returns for each row both the cells as written and what they *state* (`Stated`): the name, sex, birth date and number
once spacing, width, case, old forms and the like are set aside. A way of writing changes only the cells; a wrong fact changes
both. The truth of `identity_mismatch` is computed from the statements, never from the cells.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.sample.errors import Errors
from deploy.sample.names import (
    DOT,
    HOMOPHONE_SURNAMES,
    HOMOPHONES,
    LOOK_ALIKES,
    RARE,
    TRADITIONAL,
    Name,
    compose_given,
    compose_surname,
)
from deploy.sample.numbers import citizen_number, is_valid
from deploy.sample.people import Child
from deploy.sample.places import Township

Cell = str | int | date | None

DATE_FORMS = ("compact", "dashes", "slashes", "dots", "chinese")

_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789X"}
_OTHER_DOTS = "•・．."


@dataclass(frozen=True, slots=True)
class Stated:
    """What a row says of who the child is; `number` is None where the row gives none that can be read in full."""

    name: str
    sex: str | None
    birth: date | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """The four identity cells of a row as written, and what they state."""

    name: str
    sex: str
    birth: Cell
    number: Cell
    stated: Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """One office. `slips` multiplies the rates of wrong and lost facts; `date_form` is its habit; `sheet` whether it keeps a spreadsheet."""

    errors: Errors
    rng: Random
    slips: float
    date_form: str
    sheet: bool

    def identity(self, child: Child, *, known_as: Name) -> Identity:
        """The child's name, sex, birth date and number as this office has them; `known_as` is its name or a former one."""
        written_name, name = self.name(known_as)
        written_number, number = self.number(child)
        # Where the number can't be read in full, a wrong date or sex might contradict only what is left of it, or the 学籍号;
        # whether that is a contradiction the definition leaves open, so it does not occur.
        sex = self.sex(child) if number else child.sex
        birth = self.birth(child) if number else child.birth
        stated = Stated(name=name, sex=sex, birth=birth, number=number)
        return Identity(name=written_name, sex=sex, birth=self.write_date(birth), number=written_number, stated=stated)

    def name(self, known_as: Name) -> tuple[str, str]:
        """(as written, as stated)."""
        name = known_as
        if self._slip(self.errors.homophone):
            name = self._confuse(known_as, HOMOPHONES)
        elif self._slip(self.errors.look_alike):
            name = self._confuse(known_as, LOOK_ALIKES)
        return self._write_name(name), str(name)

    def sex(self, child: Child) -> str:
        """The sex as stated."""
        if self._slip(self.errors.wrong_sex):
            return "女" if child.sex == "男" else "男"
        return child.sex

    def birth(self, child: Child) -> date:
        """The birth date as stated."""
        birth = child.birth
        if birth.day <= 12 and birth.day != birth.month and self._slip(self.errors.swapped_day_and_month):
            return date(birth.year, birth.day, birth.month)
        if self._slip(self.errors.wrong_birth):
            return self.rng.choice(
                (
                    date(birth.year - 1, birth.month, min(birth.day, 28)),
                    date(birth.year + 1, birth.month, min(birth.day, 28)),
                    birth + timedelta(days=self.rng.choice((-10, -1, 1, 10, 30))),
                )
            )
        return birth

    def number(self, child: Child) -> tuple[Cell, str | None]:
        """(as written, as stated). A number that is missing or rounded states nothing, so such a row can't be wrong about it."""
        if child.number is None or self._slip(self.errors.missing_number):
            return (self.rng.choice((None, None, "无")) if self.sheet else None), None
        rounded = child.number[:15] + "000"
        if child.number[-1] != "X" and not is_valid(rounded) and self._slip(self.errors.rounded_number):
            # A spreadsheet keeps 15 digits of a number; saved as text they show in full or as a power of ten.
            if self.sheet:
                return int(rounded), None
            return (rounded if self.rng.random() < 0.7 else f"{int(rounded):.5E}"), None
        number = self.wrong_number(child) or child.number
        return self.write_number(number), number

    def wrong_number(self, child: Child) -> str | None:
        """A wrong number for the child, or None where this row has it right."""
        if self._slip(self.errors.wrong_digit):
            return change_digit(child.number or "", self.rng)
        if self._slip(self.errors.swapped_digits):
            return swap_digits(child.number or "", self.rng)
        if child.siblings and self._slip(self.errors.siblings_number):
            return self.rng.choice(child.siblings)
        return None

    def write_number(self, number: str) -> str:
        """A number in one of the ways it is written."""
        if self.chance(self.errors.full_width_number):
            return number.translate(_FULL_WIDTH)
        if self.chance(self.errors.spaced_number):
            return self.rng.choice((f" {number} ", f"{number} ", f"{number[:6]} {number[6:14]} {number[14:]}"))
        if number.endswith("X") and self.chance(self.errors.small_x):
            return number.lower()
        return number

    def write_date(self, day: date) -> Cell:
        """A date in this office's habit, or now and then in another."""
        form = self.date_form
        if self.chance(self.errors.other_date_habit):
            form = self.rng.choice((*DATE_FORMS, "cell") if self.sheet else DATE_FORMS)
        match form:
            case "compact":
                return f"{day:%Y%m%d}"
            case "dashes":
                return day.isoformat()
            case "slashes":
                return f"{day.year}/{day.month}/{day.day}"
            case "dots":
                return f"{day:%Y.%m.%d}"
            case "chinese":
                return f"{day.year}年{day.month}月{day.day}日"
            case _:
                return day

    def township(self, township: Township) -> str:
        """The township's name, its former name or its short name."""
        if township.former and self.chance(self.errors.former_township):
            return self.rng.choice(township.former)
        if self.chance(self.errors.short_township):
            return township.short
        return township.name

    def ethnicity(self, child: Child) -> str:
        """汉族, or 汉 for short."""
        return child.ethnicity[:-1] if self.chance(self.errors.short_ethnicity) else child.ethnicity

    def chance(self, rate: float) -> bool:
        """True at the given rate; draws nothing where it cannot happen."""
        return rate > 0 and self.rng.random() < rate

    def _slip(self, rate: float) -> bool:
        return self.chance(rate * self.slips)

    def _confuse(self, name: Name, others: dict[str, str]) -> Name:
        """The name with one character taken for another; the name itself where none of its characters can be."""
        if name.dotted:
            return name
        if others is HOMOPHONES and name.family in HOMOPHONE_SURNAMES and self.rng.random() < 0.3:
            return Name(HOMOPHONE_SURNAMES[name.family], name.given)
        places = [i for i, char in enumerate(name.given) if char in others]
        if not places:
            return name
        place = self.rng.choice(places)
        wrong = self.rng.choice(others[name.given[place]])
        return Name(name.family, name.given[:place] + wrong + name.given[place + 1 :])

    def _write_name(self, name: Name) -> str:
        errors = self.errors
        if name.dotted:
            if self.chance(errors.missing_dot):
                return name.given + name.family
            dot = self.rng.choice(_OTHER_DOTS) if self.chance(errors.other_dot) else DOT
            return f"{name.given}{dot}{name.family}"
        written = str(name)
        if self.chance(errors.traditional_form):
            written = "".join(TRADITIONAL.get(char, char) for char in written)
        for char in written:
            if char in RARE:
                written = written.replace(char, self._write_rare(char))
        if self.chance(errors.stray_space):
            gap = self.rng.choice((" ", "  ", "\u3000"))
            written = written[:1] + gap + written[1:] if self.rng.random() < 0.7 else written + gap
        return written

    def _write_rare(self, char: str) -> str:
        errors = self.errors
        draw = self.rng.random()
        if draw < errors.rare_as_pinyin:
            pinyin = RARE[char]
            return self.rng.choice((pinyin, pinyin.upper(), pinyin.title()))
        draw -= errors.rare_as_pinyin
        if draw < errors.rare_as_question_mark:
            return "？"
        return "■" if draw - errors.rare_as_question_mark < errors.rare_as_box else char


def change_digit(number: str, rng: Random) -> str:
    """The number with one of its digits changed; the check always notices, and it never looks like a rounded one."""
    while True:
        place = rng.randrange(6, 17)
        digit = rng.choice([d for d in "0123456789" if d != number[place]])
        changed = number[:place] + digit + number[place + 1 :]
        if not changed.endswith("000"):
            return changed


def swap_digits(number: str, rng: Random) -> str:
    """The number with two unequal neighbours exchanged; the check always notices, and it never looks like a rounded one."""
    while True:
        place = rng.choice([i for i in range(16) if number[i] != number[i + 1]])
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        if not swapped.endswith("000"):
            return swapped


def former_name(child: Child, rng: Random) -> Name:
    """A name the child had before it was changed with the police 曾用名; four in ten had another surname, too."""
    if child.name.dotted:
        return child.name
    family = child.name.family if rng.random() < 0.6 else compose_surname(rng)
    return Name(family, compose_given(sex=child.sex, rng=rng))


def other_number(child: Child, *, taken: set[str], rng: Random) -> str:
    """A second valid number of the child's county, birth date and sex that nobody has; it is added to `taken`."""
    division = (child.number or "")[:6]
    while True:
        other = citizen_number(
            division=division, birth=child.birth, sequence=rng.randrange(500) * 2 + (child.sex == "男")
        )
        if other not in taken and not other.endswith("000"):
            taken.add(other)
            return other
