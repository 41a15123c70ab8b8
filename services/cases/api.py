"""The HTTP face of cases: command in, id and position out."""

from fastapi import FastAPI

from services.cases.application import Cases
from services.chassis.http import Surroundings, command_api


def build_api(cases: Cases, *, surroundings: Surroundings) -> FastAPI:
    """One route per command; `open_case` is `POST /commands/open-case`."""
    return command_api(
        title="cases 个案",
        application=cases,
        surroundings=surroundings,
        commands=(
            cases.open_case,
            cases.begin_verification,
            cases.confirm_case,
            cases.report_unreachable,
            cases.record_persuasion,
            cases.report_case,
            cases.issue_order,
            cases.issue_penalty,
            cases.issue_demand,
            cases.take_to_justice,
            cases.record_proceeding,
            cases.issue_document,
            cases.serve_document,
            cases.record_return,
            cases.count_seat_days,
            cases.watch_case,
            cases.close_case,
            cases.record_relapse,
            cases.move_case,
            cases.merge_case,
            cases.pause_step,
            cases.resume_step,
            cases.request_extension,
            cases.grant_extension,
            cases.decline_extension,
            cases.request_clearance,
            cases.approve_clearance,
            cases.decline_clearance,
            cases.open_referral,
            cases.accept_referral,
            cases.answer_referral,
            cases.revoke_referral,
            cases.receive_public_report,
            cases.assign_responsibility,
            cases.end_responsibility,
            cases.expire_steps,
        ),
    )
