"""The commands of assistance over HTTP; see `services.chassis.http` for headers and errors."""

from fastapi import FastAPI

from services.assistance.application import Assistance
from services.assistance.payments import Payments
from services.chassis.http import Surroundings, command_api


def build_api(assistance: Assistance, payments: Payments, *, surroundings: Surroundings) -> FastAPI:
    """One route per command; what only the policy does (`state_groups`, `learn_residence`, `move_student_plan`, `end_student_plan`) has none."""
    return command_api(
        title="assistance 资助帮扶",
        application=assistance,
        surroundings=surroundings,
        commands=(
            assistance.recognise_eligibility,
            assistance.end_eligibility,
            assistance.grant_award,
            assistance.pay_award,
            assistance.return_award,
            assistance.open_student_plan,
            assistance.plan_measure,
            assistance.carry_out_measure,
            assistance.review_student_plan,
            assistance.open_household_plan,
            assistance.include_child,
            assistance.review_household_plan,
            assistance.begin_learning_support,
            assistance.review_learning_support,
            assistance.hold_support_session,
            assistance.end_learning_support,
            assistance.give_home_teaching,
            payments.recognise_term,
            payments.open_recognition,
            payments.cancel_recognition,
            payments.make_payment_list,
            payments.approve_payment_list,
            payments.withdraw_payment_list,
            payments.take_bank_result,
            payments.answer_refused_payment,
            payments.ask_about_aid,
            payments.answer_aid_question,
        ),
        only_records=True,
    )
