"""The yearly audit and the policy's log, as they are asked for: by supervision and the bureau's head, and by nobody else."""

import hashlib
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import psycopg
import pytest

from gateway.readmodel import trees
from gateway.readmodel.in_force import CASE_RULES, Key, note_keys, note_rules
from gateway.supervision.audit import keep
from services.chassis.clock import SystemClock
from services.chassis.tree import LogTree, origin_of, signer_of
from tests.fixtures.audit_report import CONTENT
from tests.gateway.conftest import Asking
from tests.gateway.console.browsing import Browser, text_of

MADE_AT = datetime(2027, 1, 5, 2, tzinfo=UTC)
SUPERVISION = ("supervision:410326", "supervision")
BUREAU = ("education_bureau:410326", "dropout_control")
SEES = ((SUPERVISION, "officer"), (BUREAU, "head"))
ALL = """{ auditReports { nodes { id fromOn untilOn madeBy madeFor sha256 entry withheldUnder lacking
    logs { log origin first last entries size root checkpoints witnessed late longestS }
    figures { figure item value log counted } } } }"""


@pytest.fixture(scope="module")
def report(gateway: Asking) -> UUID:
    """A report that is kept, and an entry of the policy's log beside rules and a key."""
    with psycopg.connect(gateway.writer_dsn) as connection:
        report = keep(connection, CONTENT, by="auditor-1", unit="supervision:410326", at=MADE_AT)
        note_rules(connection, {CASE_RULES: b"[[rule]]\nfrom_on = 2018-02-01\n"}, at=MADE_AT)
        note_keys(connection, [Key("witness", "supervision.example/w", "ab12", "used")], at=MADE_AT)
    signer = signer_of(origin_of("policy"), secret=bytes(32))
    LogTree(dsn=gateway.writer_dsn, signer=signer, clock=SystemClock(), entries=trees.LOGS["policy"]).keep_up()
    return report


def fetch(gateway: Asking, path: str, *, by: Any, role: str = "officer") -> httpx.Response:
    headers = {"authorization": f"Bearer {gateway.token(by, role=role)}"}
    return gateway.runner.run(gateway._http.get(path, headers=headers))


@pytest.mark.parametrize(("by", "role"), SEES)
def test_a_report_is_shown_as_it_was_kept(gateway: Asking, report: UUID, by: Any, role: str) -> None:
    [shown] = gateway.ask(ALL, by=by, role=role).data["auditReports"]["nodes"]

    assert (shown["id"], shown["fromOn"], shown["madeBy"]) == (str(report), "2026-01-01", "auditor-1")
    assert shown["sha256"] == hashlib.sha256(CONTENT.written().encode()).hexdigest()
    assert shown["logs"][0]["root"] == "ab" * 32
    assert [(each["item"], each["value"]) for each in shown["figures"]] == [("2026-06", 6), ("", 6), ("", None)]
    assert shown["entry"] > 0
    one = gateway.ask(f'{{ auditReport(id: "{report}") {{ sha256 }} }}', by=by, role=role).data["auditReport"]
    assert one == {"sha256": shown["sha256"]}


@pytest.mark.parametrize(("by", "role"), SEES)
def test_it_is_handed_out_as_a_workbook_to_print_and_the_hash_leads_to_who_took_it(
    gateway: Asking, report: UUID, by: Any, role: str
) -> None:
    answer = fetch(gateway, f"/files/audit-reports/{report}", by=by, role=role)
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [[cell.value for cell in row] for row in book["指标"].iter_rows()]

    assert ["查阅次数（按月）", "2026-06", "6", "查阅留痕", "at"] in cells
    assert ["个人信息删除（人）", "合计", "※", "花名册", "roster.Child.Erased"] in cells
    assert book.sheetnames == ["指标", "存证日志", "说明"]
    sha256 = answer.headers["x-content-sha256"]
    assert gateway.receipts_of()[0]["document_hash"] == sha256
    known = fetch(gateway, f"/files/exports/{sha256}", by=SUPERVISION)
    assert known.json()["exports"][0]["operation"] == "export_audit_report"


def test_of_the_bureau_its_head_is_shown_it_and_to_others_there_is_none(gateway: Asking, report: UUID) -> None:
    assert gateway.ask(ALL, by=BUREAU).data["auditReports"]["nodes"] == []
    assert gateway.ask(f'{{ auditReport(id: "{report}") {{ id }} }}', by=BUREAU).data["auditReport"] is None
    assert fetch(gateway, f"/files/audit-reports/{report}", by=BUREAU).status_code == 404


@pytest.mark.parametrize("account", ["xiaodian-officer", "police-officer"])
def test_other_departments_are_refused(gateway: Asking, report: UUID, account: str) -> None:
    assert gateway.ask(ALL, by=account).code == "FORBIDDEN"
    assert gateway.ask("{ policyLog { nodes { name } } }", by=account).code == "FORBIDDEN"
    assert fetch(gateway, f"/files/audit-reports/{report}", by=account).status_code == 403


def test_no_claim_but_that_for_looks_opens_it(gateway: Asking, report: UUID) -> None:
    """Row security by itself: a reader who claims an area sees none."""
    for claimed, rows in (("", 0), ("on", 1)):
        with psycopg.connect(gateway.reader_dsn) as connection:
            connection.execute(
                "select set_config('app.receipts', %s, false), set_config('app.lo', '410326', false)", [claimed]
            )
            [(count,)] = connection.execute("select count(*) from audit_report").fetchall()
        assert count == rows


def test_the_policys_log_tells_of_rules_keys_and_reports_in_its_order(gateway: Asking, report: UUID) -> None:
    query = "{ policyLog { nodes { position kind name version holdsFrom } pageInfo { hasNextPage } } }"
    told = gateway.ask(query, by=SUPERVISION).data["policyLog"]["nodes"]
    places = [each["position"] for each in told]

    assert places == sorted(places, reverse=True)
    by_kind = {each["kind"]: each for each in told}
    assert by_kind["rules"]["name"] == CASE_RULES
    assert by_kind["rules"]["holdsFrom"] == ["2018-02-01"]
    assert (by_kind["key_used"]["name"], by_kind["key_used"]["version"]) == ("witness supervision.example/w", "ab12")
    assert by_kind["audit"]["name"] == "2026-01-01 2026-12-31"
    narrowed = gateway.ask('{ policyLog(kind: "rules", first: 1) { nodes { kind } } }', by=SUPERVISION).data
    assert narrowed["policyLog"]["nodes"] == [{"kind": "rules"}]


def test_at_the_console_a_report_is_tables_and_a_chart_and_leads_to_its_workbook(gateway: Asking, report: UUID) -> None:
    with Browser(gateway) as browser:
        reports = browser.signs_in("inspector").get("/audit-reports")
        page = browser.get(f"/audit-reports/{report}")
        log = browser.get("/policy-log?kind=rules")

    assert f'href="/audit-reports/{report}"' in reports.text
    assert "2026-06" in text_of(page)
    assert 'class="chart"' in page.text
    assert f'href="/files/audit-reports/{report}"' in page.text
    assert "ab" * 32 in page.text
    assert "个人信息安全事件" in text_of(page)
    assert CASE_RULES in text_of(log)
    assert "supervision.example/w" not in text_of(log)
