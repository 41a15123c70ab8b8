"""What is said of a linked child in the county's own terms: its stage, and the unit that owes an answer."""

from typing import Final

from services.contracts.divisions import COUNTY, township_code
from services.roster.reconcile.model import Department, LinkedChild

PRIMARY_GRADES: Final = "一二三四五六"


def stage_of(grade: str) -> str:
    """The stage of a grade 学段: `primary` 小学 or `junior` 初中, empty where the grade is not known."""
    if not grade:
        return ""
    return "primary" if grade[0] in PRIMARY_GRADES else "junior"


def owner_unit(owner: Department, child: LinkedChild) -> str:
    """The unit that must answer a finding of this child 责任单位."""
    match owner:
        case Department.SCHOOL if child.facts.school_code:
            return f"school:{child.facts.school_code}"
        case Department.POLICE:
            return f"public_security:{COUNTY}"
        case Department.DISABLED_FEDERATION:
            return f"disabled_federation:{COUNTY}"
        case Department.CIVIL_AFFAIRS:
            return f"civil_affairs:{COUNTY}"
        case Department.TOWNSHIP:
            return f"township:{township_code(child.facts.township)}"
        case _:
            return f"education_bureau:{COUNTY}"
