"""From a comparison to the counts of the four checks and three comparisons, village by village: pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from services.contracts.divisions import township_code, village_code
from services.roster.domain.four_checks import Place
from services.roster.reconcile.model import FindingKind, Reconciliation, Register

NAMED_IN: Final[Mapping[Register, str]] = {
    Register.HUKOU: "hukou",
    Register.ENROLMENT: "enrolled",
    Register.IN_SCHOOL: "in_school",
    Register.POVERTY: "poverty",
}
"""Which count a child of school age is in that a register names 四查."""

FOUND: Final[Mapping[FindingKind, str]] = {
    FindingKind.NOT_ENROLLED: "not_enrolled",
    FindingKind.NOT_IN_SEAT: "not_in_seat",
    FindingKind.POVERTY_OUT_OF_SCHOOL: "poverty_out",
}
"""Which count a child is in of whom the registers don't agree so 三比对."""

COUNTS: Final = ("in_window", *NAMED_IN.values(), *FOUND.values())


def by_village(result: Reconciliation) -> tuple[Place, ...]:
    """The counts of each village in the order of codes; children whose village nobody states stand under ''."""
    found: dict[str, set[FindingKind]] = defaultdict(set)
    for finding in result.findings:
        found[finding.label].add(finding.kind)
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for child in result.children:
        township = township_code(child.facts.township)
        of_village = counts[township, village_code(township=township, name=child.facts.village)]
        if child.in_window:
            of_village["in_window"] += 1
            of_village.update(NAMED_IN[register] for register in {ref.register for ref in child.rows} & NAMED_IN.keys())
        of_village.update(FOUND[kind] for kind in found[child.label] & FOUND.keys())
    return tuple(
        Place(township, village, **{name: counts[township, village][name] for name in COUNTS})
        for township, village in sorted(counts)
        if counts[township, village].total()
    )
