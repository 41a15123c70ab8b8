"""Units of the county and who stands above whom 层级: school → township → bureau → county government.

A unit is written `kind:area`; the area has 6 digits for a county, 9 for a township, 10 for a school, 12 for a village,
so that neither a telephone number (11) nor an ID number (18) passes for one.
"""

import re
from dataclasses import dataclass

from services.chassis.errors import Refused

_UNIT = re.compile(r"([a-z][a-z_]{0,39}):([0-9]{6}|[0-9]{9,10}|[0-9]{12})")
_TOWNSHIP = re.compile(r"[0-9]{9}")
_SCHOOL = re.compile(r"[0-9]{10}")

BUREAU = "education_bureau"
"""教育体育局; it keeps the office of the leading group, so what nobody else can be found for goes there."""

TOP = "county_government"
"""县政府: nobody stands above it."""

_KIND_OF: dict[str, str] = {"bureau": BUREAU, "county": TOP}


def unit(text: str) -> str:
    """The text, where it is a unit; refuses anything else."""
    if not _UNIT.fullmatch(text):
        raise Refused("Notices go to units, written such as school:3141000300 or township:410326103.")
    return text


@dataclass(frozen=True, slots=True)
class County:
    """The county this service works for: its six digits of GB/T 2260."""

    code: str

    def addressee(self, whom: str, *, township: str, school: str) -> str:
        """The unit that is meant: itself, or the one of a kind that answers for a child of this township and school.

        A teacher is told through the school; where there is no school, the township answers; where no township is
        known, the bureau does. `bureau` and `county` are the words of the rules for the bureau and the government.
        """
        if _UNIT.fullmatch(whom):
            return whom
        kind = whom.partition(":")[0]
        if kind in {"teacher", "school"} and _SCHOOL.fullmatch(school):
            return f"school:{school}"
        if kind in {"teacher", "school", "township"}:
            return f"township:{township}" if _TOWNSHIP.fullmatch(township) else f"{BUREAU}:{self.code}"
        return unit(f"{_KIND_OF.get(kind, kind)}:{self.code}")

    def area_of(self, township: str) -> str:
        """The area of a matter: the township's code, or the county's where no township is known."""
        return township if _TOWNSHIP.fullmatch(township) else self.code

    def superior(self, of: str, *, area: str) -> str | None:
        """Who stands above a unit in a matter of this area (a township's code, or the county's); None above the top."""
        kind, _, own_area = of.partition(":")
        match kind:
            case "school":
                return self.addressee("township", township=area, school="")
            case "village":
                return self.addressee("township", township=own_area[:9], school="")
            case "township":
                return f"{BUREAU}:{self.code}"
            case _:
                return None if kind == TOP else f"{TOP}:{self.code}"
