"""When others tell something, assistance does its part.

- roster.GroupsStated    -> the child's eligibility is found, or ends (N6.1)
- cases.CaseOpened       -> the child's township is remembered
- cases.CaseConfirmed    -> the child gets its plan, once per case (N6.3)

Each reaction looks at what is known first, so hearing a message again changes nothing. Time brings nothing here.
"""

from services.assistance.application import Assistance
from services.assistance.domain.categories import Groups
from services.contracts import cases, roster
from services.contracts.envelope import Envelope, Published

HEARS = ("roster", "cases")
"""The producers this policy listens to."""


def react(app: Assistance, envelope: Envelope, event: Published) -> None:  # noqa: ARG001  # every policy has this form
    """Does what a message asks of assistance; what it does not concern passes by."""
    match event:
        case roster.GroupsStated():
            groups = Groups(
                poverty=event.poverty,
                disability=event.disability,
                left_behind=event.left_behind,
                migrant=event.migrant,
            )
            app.state_groups(child_id=event.child_id, groups=groups, valid_on=event.valid_on)
        case cases.CaseOpened():
            app.learn_residence(child_id=event.child_id, township=event.township)
        case cases.CaseConfirmed():
            app.open_student_plan(child_id=event.child_id, case_id=event.case_id)
        case _:
            pass
