"""The root of all commands 办理: each is granted by `access/commands.csv`, sent to its service, and answered when readable.

The commands of each service stand in a module of `mutations/`; what they share is `mutations/command.py`.
"""

import strawberry

from gateway.schema.mutations.access import AccessCommands
from gateway.schema.mutations.assistance import AssistanceCommands
from gateway.schema.mutations.cases import CaseCommands
from gateway.schema.mutations.courts import CourtCommands
from gateway.schema.mutations.data_requests import DataRequestCommands
from gateway.schema.mutations.disclosure import DisclosureCommands
from gateway.schema.mutations.guardian_letters import GuardianLetterCommands
from gateway.schema.mutations.notify import NotifyCommands
from gateway.schema.mutations.oversight import OversightCommands
from gateway.schema.mutations.payments import PaymentCommands
from gateway.schema.mutations.roster import RosterCommands
from gateway.schema.mutations.statistics import StatisticsCommands


@strawberry.type(description="What departments may do 办理.")
class Mutation(
    AccessCommands,
    NotifyCommands,
    AssistanceCommands,
    RosterCommands,
    GuardianLetterCommands,
    OversightCommands,
    DisclosureCommands,
    CourtCommands,
    DataRequestCommands,
    CaseCommands,
    PaymentCommands,
    StatisticsCommands,
):
    """All commands. Retry with the same `Idempotency-Key` header after a lost answer: nothing happens twice."""
