"""Who the children are: households, siblings, twins, namesakes, numbers. Nothing here knows of schooling, offices or mistakes.

`populate` uses a random stream of its own, so the same seed gives the same people whatever errors are asked for.
Citizen numbers are arithmetically valid and phone numbers use prefixes that are not given to mobile users; a number may
by chance be somebody's, which no valid test number of this kind can exclude.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Literal

from deploy.sample.names import GIVEN, Name, Sex, compose_dotted, compose_given, compose_surname
from deploy.sample.numbers import age, citizen_number
from deploy.sample.places import COUNTY_CODE, OTHER_COUNTIES, TOWNSHIPS, County, Village

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)` now and then during long work."""

Origin = Literal["local", "migrant", "unregistered"]
"""On the county's household register; registered in another county 随迁; on no household register at all."""

_UNUSED_PREFIXES = ("154", "161", "163", "164", "169")
POVERTY_KINDS = ("脱贫户", "脱贫户", "脱贫户", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
DISABILITIES = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")


@dataclass(frozen=True, slots=True)
class Household:
    """A household 户: who heads it, who is guardian (often not the head), where it lives, whether it is on the poverty register."""

    number: str
    village: Village
    group: int
    head: str
    head_is_grandparent: bool
    guardian: str
    phone: str
    origin: Origin
    poverty: str | None
    left_behind: bool


@dataclass(frozen=True, slots=True)
class Child:
    """An invented child. `disability` is (category 1-7, grade 1-4) of the certificate, categories as in `DISABILITIES`."""

    id: str
    name: Name
    sex: Sex
    birth: date
    number: str | None
    ethnicity: str
    household: Household
    disability: tuple[int, int] | None
    siblings: tuple[str, ...]
    """Numbers of the brothers and sisters: an office may copy one from the line above."""


def populate(*, children: int, as_of: date, county: County, rng: Random, progress: Progress) -> list[Child]:
    """Exactly `children` children in households; about 85 % are 6 to 16 on `as_of`, the rest just younger or older."""
    people: list[Child] = []
    met = _Met(numbers=set(), given={})
    townships = rng.choices(TOWNSHIPS, weights=[t.weight for t in TOWNSHIPS], k=children)
    while len(people) < children:
        township = townships[len(people)]
        village = rng.choice(county.villages[township.code])
        family = _family(rng)
        household = _household(number=len(people), village=village, family=family, rng=rng)
        births = _births(as_of=as_of, rng=rng)[: children - len(people)]
        people.extend(_siblings(births, household=household, family=family, first=len(people), met=met, rng=rng))
        if len(people) % 2000 < len(births):
            progress("people", len(people), children)
    return people


@dataclass(frozen=True, slots=True)
class _Met:
    """What must be remembered of earlier children: numbers given out, and by surname and sex the last given name (for namesakes)."""

    numbers: set[str]
    given: dict[tuple[str, Sex], str]


@dataclass(frozen=True, slots=True)
class _Family:
    """What the members share: surname, people, and for some a generation character."""

    surname: str
    ethnicity: str
    dotted: bool
    generation: str


def _family(rng: Random) -> _Family:
    if rng.random() < 0.003:
        father = compose_dotted(sex="男", family="", rng=rng).given
        return _Family(surname=father, ethnicity="维吾尔族", dotted=True, generation="")
    ethnicity = rng.choices(("汉族", "回族", "满族", "苗族"), weights=(960, 32, 5, 3))[0]
    generation = rng.choice(GIVEN["男"]) if rng.random() < 0.2 else ""
    return _Family(surname=compose_surname(rng), ethnicity=ethnicity, dotted=False, generation=generation)


def _household(*, number: int, village: Village, family: _Family, rng: Random) -> Household:
    head = _elder(family, rng)
    grandparent = rng.random() < 0.45
    mother = compose_surname(rng) + compose_given(sex="女", rng=rng)
    guardian = head if rng.random() < 0.55 else mother if rng.random() < 0.6 else _elder(family, rng)
    origin: Origin = rng.choices(("local", "migrant", "unregistered"), weights=(968, 22, 10))[0]
    poor = rng.random() < 0.11
    return Household(
        number=f"{village.code}{number + 1:06d}",
        village=village,
        group=rng.randint(1, 9),
        head=head,
        head_is_grandparent=grandparent,
        guardian=guardian,
        phone=rng.choice(_UNUSED_PREFIXES) + f"{rng.randrange(10**8):08d}",
        origin=origin,
        poverty=rng.choice(POVERTY_KINDS) if poor and origin != "migrant" else None,
        left_behind=rng.random() < 0.24,
    )


def _elder(family: _Family, rng: Random) -> str:
    if family.dotted:
        return family.surname
    return family.surname + compose_given(sex="男", rng=rng)


def _births(*, as_of: date, rng: Random) -> list[date]:
    """Birth dates of the children of one household, oldest first; twins share theirs."""
    births: list[date] = []
    birth = _birth(years=rng.choices(range(4, 19), weights=(3, 4, *[10] * 11, 4, 3))[0], as_of=as_of, rng=rng)
    for _ in range(rng.choices((1, 2, 3), weights=(45, 44, 11))[0]):
        if age(birth=birth, on=as_of) < 4:
            break
        births.append(birth)
        if rng.random() < 0.013:
            births.append(birth)
        birth += timedelta(days=rng.randint(330, 2400))
    return births


def _birth(*, years: int, as_of: date, rng: Random) -> date:
    """A birth date of somebody who has completed `years` years on `as_of`."""
    newest = date(as_of.year - years, as_of.month, min(as_of.day, 28))
    return newest - timedelta(days=rng.randrange(363))


def _siblings(
    births: list[date], *, household: Household, family: _Family, first: int, met: _Met, rng: Random
) -> list[Child]:
    sexes: list[Sex] = [rng.choices(("男", "女"), weights=(108, 100))[0] for _ in births]
    division = rng.choice(OTHER_COUNTIES) if household.origin == "migrant" else COUNTY_CODE
    numbers = [
        _number(household.origin, division=division, sex=sex, birth=birth, taken=met.numbers, rng=rng)
        for sex, birth in zip(sexes, births, strict=True)
    ]
    found: list[Child] = []
    for index, (birth, sex, number) in enumerate(zip(births, sexes, numbers, strict=True)):
        found.append(
            Child(
                id=f"P{first + index + 1:06d}",
                name=_name(family, sex=sex, taken={c.name.given for c in found}, met=met, rng=rng),
                sex=sex,
                birth=birth,
                number=number,
                ethnicity=family.ethnicity,
                household=household,
                disability=(rng.randint(1, 7), rng.randint(1, 4)) if number and rng.random() < 0.014 else None,
                siblings=tuple(n for n in numbers if n and n != number),
            )
        )
    return found


def _name(family: _Family, *, sex: Sex, taken: set[str], met: _Met, rng: Random) -> Name:
    """A name that no brother or sister has; one in fifty takes the whole name of a child of another household."""
    earlier = met.given.get((family.surname, sex), "")
    if earlier and earlier not in taken and rng.random() < 0.02:
        return Name(family.surname, earlier, dotted=family.dotted)
    while True:
        if family.dotted:
            name = compose_dotted(sex=sex, family=family.surname, rng=rng)
        else:
            name = Name(family.surname, compose_given(sex=sex, rng=rng, shared=family.generation))
        if name.given not in taken:
            met.given[family.surname, sex] = name.given
            return name


def _number(origin: Origin, *, division: str, sex: Sex, birth: date, taken: set[str], rng: Random) -> str | None:
    """An unused number; None for nearly all children on no household register."""
    if origin == "unregistered" and rng.random() < 0.9:
        return None
    while True:
        number = citizen_number(division=division, birth=birth, sequence=rng.randrange(500) * 2 + (sex == "男"))
        # A number that ends in 000 looks like one that a spreadsheet rounded; nobody gets it, so the truth stays decidable.
        if number not in taken and not number.endswith("000"):
            taken.add(number)
            return number
