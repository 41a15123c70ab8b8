"""The composition root of cases 个案: read it top to bottom."""

from functools import partial

import psycopg

from services.cases import policy
from services.cases.api import build_api
from services.cases.application import Cases
from services.cases.attachments import add_attachments
from services.cases.courts import Courts
from services.cases.data_requests import DataRequests
from services.cases.disclosures import Disclosures
from services.cases.due import DueReplies
from services.cases.lookup import Dropouts, DueCases, DueVisits, NamedPersons, Posts
from services.cases.oversight import Oversight
from services.cases.public_reports import PublicReports
from services.cases.publisher import publish
from services.cases.responsibility import Responsibility
from services.cases.statistics import Statistics
from services.chassis import blobs as blobs_table
from services.chassis import relay, store, tree
from services.chassis.aggregate import today
from services.chassis.blobs import Blobs
from services.chassis.http import Surroundings
from services.chassis.mapper import SealingMapper
from services.chassis.own_events import OwnEvents
from services.chassis.publication import Publication
from services.chassis.runtime import Service
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.chassis.witnesses import Witnessing


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the service's tables, as their owner; once before its workers start."""
    store.migrate(connection, app_role="cases_app")
    tree.migrate(connection, app_role="cases_app")
    blobs_table.migrate(connection, app_role="cases_app")
    relay.migrate(connection, app_role="cases_app")


def build(*, dsn: str, vault: Vault, surroundings: Surroundings) -> Service:
    """Cases on its own database."""
    witnessing = Witnessing(
        dsn=dsn, entries=tree.EVENTS, clock=surroundings.clock, within=surroundings.witnessed_within
    )
    cases = Cases(recorder=Recorder(dsn=dsn), mapper=SealingMapper(vault=vault), require_witnessed=witnessing.require)
    due_cases, due_visits, due_replies = DueCases(), DueVisits(), DueReplies()
    named_persons, known, held = NamedPersons(), Dropouts(), Posts()

    sides = (due_cases.apply, due_visits.apply, due_replies.apply, named_persons.apply, known.apply, held.apply)

    def follow(event: object) -> None:
        for apply in sides:
            apply(event)

    own_events = OwnEvents(application=cases, apply=follow)

    def dropouts() -> Dropouts:
        own_events.catch_up()
        return known

    def posts() -> Posts:
        own_events.catch_up()
        return held

    blobs, oversight = Blobs(dsn=dsn, vault=vault), Oversight(cases=cases, dropouts=dropouts, posts=posts)

    def pass_time() -> None:
        own_events.catch_up()
        policy.tick(
            cases,
            oversight,
            today(),
            due_cases=due_cases,
            due_replies=due_replies,
            due_visits=due_visits,
            named_persons=named_persons,
        )

    api = build_api(
        cases,
        oversight,
        PublicReports(cases=cases),
        Responsibility(cases=cases),
        Disclosures(cases=cases),
        Courts(cases=cases),
        Statistics(cases=cases),
        DataRequests(cases=cases),
        surroundings=surroundings,
    )
    add_attachments(api, cases, blobs=blobs, surroundings=surroundings)

    def close() -> None:
        blobs.close()
        cases.recorder_of_commands.close()

    return Service(
        name="cases",
        dsn=dsn,
        application=cases,
        api=api,
        publication=Publication(producer="cases", application=cases, publish=publish),
        hears=policy.HEARS,
        react=partial(policy.react, cases),
        heeds=policy.HEEDS,
        looks_for=policy.looks_for,
        pass_time=pass_time,
        close=close,
    )
