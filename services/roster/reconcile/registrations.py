"""Two household registrations of one child 双重户籍: joined where it is sure, for the police to decide where it is not.

Twins share birth date, guardian and telephone, and a child's namesake may share any one of them; so it takes all three under the very
same name to make one child of two registrations. A row of the register that was pasted twice and then changed in one copy is
told by its household: there a name or a number with one slip is enough, where the other of the two bears it out.
"""

from collections import defaultdict
from collections.abc import Hashable
from itertools import combinations

from services.roster.reconcile.evidence import NumberLevel, same_attempt
from services.roster.reconcile.groups import Groups
from services.roster.reconcile.identity import Likeness, name_likeness
from services.roster.reconcile.model import Doubt, Register
from services.roster.reconcile.normalise import WILDCARD
from services.roster.reconcile.records import Record

MAX_BLOCK = 60  # more of one birth date and telephone or guardian than in any home
IN_DOUBT = (
    "two household registrations of one name and birth date, guardian or telephone the same (疑似双重户籍待公安核)"
)


def join_registrations(groups: Groups) -> list[Doubt]:
    """Join registrations of one name, sex, birth date, guardian and telephone; doubt where either of the last two differs."""
    records = groups.records
    homes: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for i, record in enumerate(records):
        if record.register is Register.HUKOU:
            for anchor in (*record.people, record.phone):
                for birth in record.births if anchor else ():
                    homes[birth, anchor].append(i)
            if record.household and record.number.valid:
                homes[record.household, record.number.valid].append(i)
    alike = {pair for holders in homes.values() if 1 < len(holders) <= MAX_BLOCK for pair in combinations(holders, 2)}
    doubts: list[Doubt] = []
    for i, j in sorted(alike):
        a, b = records[i], records[j]
        likeness = name_likeness(a.name, b.name)
        if groups.of(i) == groups.of(j) or likeness < Likeness.SIMILAR:
            continue
        one_home = bool(a.phone) and a.phone == b.phone and not set(a.people).isdisjoint(b.people)
        if a.household and a.household == b.household and _is_copy(a, b, likeness):
            groups.join(i, j, rule="one household, name and number but for a slip (户内重复登记)", score=0.99)
        elif one_home and likeness >= Likeness.HOMOPHONE and _of_one_sex(a, b) and _is_registered_twice(groups, i, j):
            groups.join(i, j, rule="name, birth, guardian, telephone of two registrations (双重户籍)", score=0.999)
        elif likeness is Likeness.EXACT or a.number.valid == b.number.valid != "":
            doubts.append(Doubt(a=a.ref, b=b.ref, score=0.5, reason=IN_DOUBT))
    return doubts


def _is_copy(a: Record, b: Record, likeness: Likeness) -> bool:
    """Whether one of two rows of one household is a copy of the other with slips: of the number, or of the name, or of both."""
    if same_attempt(a.number.text, b.number.text) is not NumberLevel.NEAR or not (a.number.valid or b.number.valid):
        return False
    one_number = a.number.valid == b.number.valid
    return likeness >= Likeness.RELATED and (one_number or not set(a.births).isdisjoint(b.births))


def _of_one_sex(a: Record, b: Record) -> bool:
    return len({a.number.sex or a.sex, b.number.sex or b.sex} - {None}) <= 1


def _is_registered_twice(groups: Groups, i: int, j: int) -> bool:
    a, b = groups.records[i], groups.records[j]
    if set(a.births).isdisjoint(b.births):
        return False
    if a.name == b.name and WILDCARD not in a.name:
        # In one household two numbers that pass their check are two children's, or for the police to explain.
        return a.household != b.household or not (a.household and a.number.valid and b.number.valid)
    unused = any(all(r.register is Register.HUKOU for r in groups.rows(side)) for side in (i, j))
    return unused and bool(a.household and b.household) and a.household != b.household
