"""The HTTP face of cases: command in, id and position out."""

from collections.abc import Callable

from fastapi import FastAPI

from services.cases.application import Cases
from services.cases.courts import Courts
from services.cases.data_requests import DataRequests
from services.cases.disclosures import Disclosures
from services.cases.oversight import Oversight
from services.cases.public_reports import PublicReports
from services.cases.responsibility import Responsibility
from services.cases.statistics import Statistics
from services.chassis.application import Answer
from services.chassis.http import Surroundings, command_api


def build_api(
    cases: Cases,
    oversight: Oversight,
    public_reports: PublicReports,
    responsibility: Responsibility,
    disclosures: Disclosures,
    courts: Courts,
    statistics: Statistics,
    data_requests: DataRequests,
    *,
    surroundings: Surroundings,
) -> FastAPI:
    """One route per command; `open_case` is `POST /commands/open-case`."""
    return command_api(
        title="cases 个案",
        application=cases,
        surroundings=surroundings,
        commands=(
            *_of_cases(cases),
            *_around_them(oversight),
            *_of_the_public(public_reports),
            *_responsible(responsibility),
            *_made_public(disclosures),
            *_before_the_court(courts),
            *_counted(statistics),
            *_of_what_is_held(data_requests),
        ),
        only_records=True,
    )


def _of_cases(cases: Cases) -> tuple[Callable[..., Answer], ...]:
    return (
        cases.open_case,
        cases.begin_verification,
        cases.confirm_case,
        cases.report_unreachable,
        cases.record_search,
        cases.record_persuasion,
        cases.report_case,
        cases.issue_order,
        cases.issue_penalty,
        cases.issue_demand,
        cases.take_to_justice,
        cases.record_proceeding,
        cases.set_aside_document,
        cases.issue_document,
        cases.serve_document,
        cases.record_document_result,
        cases.record_return,
        cases.count_seat_days,
        cases.record_attendance,
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
        cases.hand_on_referral,
        cases.record_crime_decision,
        cases.return_referral,
        cases.revoke_referral,
        cases.expire_steps,
        cases.miss_visit,
        cases.note_unnamed,
    )


def _around_them(oversight: Oversight) -> tuple[Callable[..., Answer], ...]:
    return (
        oversight.record_visit,
        oversight.plan_visits,
        oversight.end_visits,
        oversight.confirm_cases,
        oversight.sign_zero_report,
        oversight.open_persuasion_list,
        oversight.sign_persuasion_list,
        oversight.report_to_county,
        oversight.sign_statement,
        oversight.open_inspection,
        oversight.record_inspection_finding,
        oversight.report_rectification,
        oversight.check_rectification,
        oversight.close_inspection,
        oversight.issue_admonition,
        oversight.answer_admonition,
        oversight.decide_accountability,
        oversight.send_assistance_letter,
        oversight.remind_assistance_letter,
        oversight.answer_assistance_letter,
        oversight.receive_procuratorate_notice,
        oversight.answer_procuratorate_notice,
        oversight.warn_of_reply,
        oversight.watch_reply,
    )


def _of_the_public(public_reports: PublicReports) -> tuple[Callable[..., Answer], ...]:
    return (
        public_reports.receive_public_report,
        public_reports.supplement_public_report,
        public_reports.record_report_inquiry,
        public_reports.open_case_of_report,
        public_reports.handle_public_report,
    )


def _responsible(responsibility: Responsibility) -> tuple[Callable[..., Answer], ...]:
    return (
        responsibility.assign_responsibility,
        responsibility.end_responsibility,
        responsibility.deputise_responsibility,
        responsibility.fill_post,
        responsibility.hand_over_post,
        responsibility.deputise_post,
    )


def _made_public(disclosures: Disclosures) -> tuple[Callable[..., Answer], ...]:
    return (
        disclosures.prepare_disclosure,
        disclosures.approve_disclosure,
        disclosures.release_disclosure,
        disclosures.withdraw_disclosure,
        disclosures.discard_disclosure,
    )


def _before_the_court(courts: Courts) -> tuple[Callable[..., Answer], ...]:
    return (
        courts.file_proceedings,
        courts.accept_filing,
        courts.decline_filing,
        courts.record_hearing,
        courts.record_decision,
        courts.serve_decision,
        courts.appeal_decision,
        courts.record_enforcement,
        courts.withdraw_proceedings,
    )


def _counted(statistics: Statistics) -> tuple[Callable[..., Answer], ...]:
    return (statistics.freeze_statistics, statistics.restate_statistics, statistics.state_entry_cohort)


def _of_what_is_held(data_requests: DataRequests) -> tuple[Callable[..., Answer], ...]:
    return (
        data_requests.receive_data_request,
        data_requests.check_requester,
        data_requests.assign_data_request,
        data_requests.answer_data_request,
        data_requests.decline_data_request,
    )
