"""A change of the policy in the words in which a department's head reads it."""

from gateway.access.policy import Policy, compile_policy, load_policy
from gateway.access.policy_changes import EVERYBODY, Change, changes, rule_changes

FIELDS = "kinds,purpose,type,fields,relation,mode,legal_basis\n"
COMMANDS = "kinds,purpose,commands,legal_basis\n"
PURPOSES = "kinds,purpose,approval,legal_basis\n"


def policy(*, fields: str = "", commands: str = "", purposes: str = "justice,legal_action,post,law\n") -> Policy:
    return compile_policy(fields=FIELDS + fields, commands=COMMANDS + commands, purposes=PURPOSES + purposes)


def test_fields_that_change_alike_are_one_line_for_a_department_and_a_purpose() -> None:
    before = policy(fields="justice,legal_action,Child,id sex village,referral,full,law\n")
    after = policy(fields="justice,legal_action,Child,id name school,referral,full,law\n")

    assert changes(before, after) == [
        Change("justice", "legal_action", "Child: name school", "", "full, referral (law)"),
        Change("justice", "legal_action", "Child: sex village", "full, referral (law)", ""),
    ]


def test_another_mode_relation_or_legal_basis_is_a_change() -> None:
    before = policy(fields="justice,legal_action,Child,name,referral,full,law\n")
    for said, says in (
        ("referral,mask,law", "mask, referral (law)"),
        ("case,full,law", "full, case (law)"),
        ("referral,full,another law", "full, referral (another law)"),
        ("referral,none,law", "none, referral (law)"),
    ):
        after = policy(fields=f"justice,legal_action,Child,name,{said}\n")
        assert changes(before, after) == [
            Change("justice", "legal_action", "Child: name", "full, referral (law)", says)
        ]


def test_a_new_department_brings_its_approval_its_fields_and_its_commands() -> None:
    row = "justice,legal_action,Child,id,referral,full,law\n"
    before = policy(fields=row)
    after = policy(
        fields=row + "health,emergency,Child,id,emergency,full,law\n",
        commands="health,emergency,break_glass,law\n",
        purposes="justice,legal_action,head,law\nhealth,emergency,post,law\n",
    )

    assert changes(before, after) == [
        Change("health", "emergency", "Child: id", "", "full, emergency (law)"),
        Change("health", "emergency", "approval 审批", "", "post (law)"),
        Change("health", "emergency", "command break_glass", "", "law"),
        Change("justice", "legal_action", "approval 审批", "post (law)", "head (law)"),
    ]


def test_nothing_is_said_where_nothing_changes() -> None:
    assert changes(load_policy(), load_policy()) == []
    assert rule_changes({"referral": {"grace_days": 3}}, {"referral": {"grace_days": 3}}) == []


def test_a_rule_changes_for_everybody() -> None:
    assert rule_changes(
        {"referral": {"grace_days": 3}}, {"referral": {"grace_days": 5}, "order": {"longest_days": 90}}
    ) == [
        Change(EVERYBODY, "", "order.longest_days", "", "90"),
        Change(EVERYBODY, "", "referral.grace_days", "3", "5"),
    ]
