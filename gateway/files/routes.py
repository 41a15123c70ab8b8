"""The file routes of the gateway, and which command opens each."""

from dataclasses import dataclass
from typing import Final

from starlette.routing import Route

from gateway.files import lists
from gateway.files.aid import export_aid
from gateway.files.attachments import UPLOAD_S as UPLOAD_OF_PICTURE_S
from gateway.files.attachments import keep_attachment, read_attachment
from gateway.files.audit_report import export_audit_report
from gateway.files.bundles import check_bundle
from gateway.files.child_data import export_child_data
from gateway.files.deliveries import UPLOAD_S, export_rejects, hand_in_delivery, see_comparison, see_delivery
from gateway.files.desk import TIMEOUT_S, Desk, Handler, door
from gateway.files.disclosure import preview_disclosure
from gateway.files.field_check import export_field_check, print_submission, take_field_sheets
from gateway.files.letters import LETTERS_S, print_letters
from gateway.files.papers import print_document, print_paper
from gateway.files.payments import export_payment_list, take_bank_file
from gateway.files.sheets import export_ledger, print_partition, verify_export
from gateway.files.statistics import export_pack, export_statistics
from gateway.files.suspects import export_suspects


@dataclass(frozen=True, slots=True)
class Way:
    """One file route."""

    method: str
    path: str
    command: str
    handler: Handler
    timeout_s: float = TIMEOUT_S
    is_export: bool = False
    """Whether it takes many children's records out; see `desk.door`."""


WAYS: Final = (
    Way("GET", "/files/ledger", "export_ledger", export_ledger, is_export=True),
    Way("GET", "/files/partition", "print_partition", print_partition, is_export=True),
    *(
        Way("GET", f"/files/lists/{name}", f"Query.{name}", handler, is_export=True)
        for name, handler in lists.HANDLERS.items()
    ),
    Way("GET", "/files/exports/{hash}", "Query.receipts", verify_export),
    Way("POST", "/files/bundle-check", "Query.proof", check_bundle),
    Way("GET", "/files/documents/{id}", "print_document", print_document),
    Way("GET", "/files/field-check/{id}", "export_field_check", export_field_check),
    Way("GET", "/files/aid", "export_aid", export_aid, is_export=True),
    Way("GET", "/files/child-data/{id}", "export_child_data", export_child_data),
    Way("GET", "/files/payment-lists/{id}", "export_payment_list", export_payment_list, is_export=True),
    Way("POST", "/files/payment-lists/{id}/result", "take_bank_file", take_bank_file),
    Way("POST", "/files/field-check", "take_field_sheets", take_field_sheets),
    Way("GET", "/files/submission/{id}", "print_submission", print_submission, is_export=True),
    Way("GET", "/files/papers/{kind}/{id}", "print_paper", print_paper),
    Way("GET", "/files/letters/{id}", "print_letters", print_letters, LETTERS_S, is_export=True),
    Way("GET", "/files/disclosures/{id}", "preview_disclosure", preview_disclosure),
    Way("GET", "/files/statistics", "export_statistics", export_statistics),
    Way("GET", "/files/statistics-packs/{id}", "export_statistics", export_pack),
    Way("GET", "/files/audit-reports/{id}", "export_audit_report", export_audit_report),
    Way("POST", "/files/attachments", "keep_attachment", keep_attachment, UPLOAD_OF_PICTURE_S),
    Way("GET", "/files/attachments/{id}", "read_attachment", read_attachment),
    Way("POST", "/files/deliveries", "hand_in_delivery", hand_in_delivery, UPLOAD_S),
    Way("GET", "/files/deliveries/{id}", "see_delivery", see_delivery),
    Way("GET", "/files/comparisons/{id}", "see_comparison", see_comparison),
    Way("GET", "/files/suspects", "export_suspects", export_suspects, is_export=True),
    Way("GET", "/files/deliveries/{id}/rejects", "export_rejects", export_rejects, is_export=True),
)
"""Every file route."""
COMMANDS: Final = frozenset(way.command for way in WAYS if "." not in way.command)
"""The commands that are routes of files and no mutations."""


def file_routes(desk: Desk) -> list[Route]:
    """All of them."""
    return [
        door(
            way.path,
            method=way.method,
            command=way.command,
            desk=desk,
            handler=way.handler,
            timeout_s=way.timeout_s,
            is_export=way.is_export,
        )
        for way in WAYS
    ]
