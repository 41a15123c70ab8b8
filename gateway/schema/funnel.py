"""How far a case came 办理进程: the steps, each with the condition by which a case came to it at least once.

One place says so for the sums (`caseFunnel`) and for the cases behind each (`cases(reached:)`). A paper that was set aside is none.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Mapping
from typing import Final


def _by(kind: str, *, served: bool) -> str:
    """A case with a paper of this kind; its township is the case's, so nobody is told of a paper out of reach."""
    also = " and d.served_on is not null" if served else ""
    return (
        "exists (select from document d where d.case_id = {a}.case_id and d.township = {a}.township"
        f" and d.kind = '{kind}' and d.decided_by = ''{also})"
    )


STEPS: Final[Mapping[str, str]] = {
    "opened": "true",
    "confirmed": "{a}.confirmed_on is not null",
    "educated": _by("criticism", served=False),
    "ordered": _by("order_to_correct", served=True),
    "fined": _by("penalty_decision", served=True),
    "sued": _by("judicial_document", served=True),
    "returned": "{a}.returned_on is not null",
    "closed": "{a}.closed_on is not null",
}
"""Each step in the order of the way back to school; `{a}` is the case."""
REACHED: Final = (
    "case {v}::text "
    + " ".join(f"when '{step}' then {condition}" for step, condition in STEPS.items())
    + " else false end"
)
"""Whether a case came to the step that is the argument."""
FUNNEL: Final = (
    "(select f.township, s.step, count(*)::integer as count from case_file f cross join lateral (values "
    + ", ".join(f"('{step}', {condition.replace('{a}', 'f')})" for step, condition in STEPS.items())
    + ") s(step, reached) where s.reached and {scope} group by f.township, s.step)"
)
"""How many cases of each township came to each step."""
