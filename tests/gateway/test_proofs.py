"""Whether something is really in a log: answered by the services, checked with the inspectors' own file, and said where it doesn't hold."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from deploy import packing
from deploy.packing import About, pack
from deploy.witness import verify
from gateway.files import bundles
from gateway.supervision.proofs import LOGS
from services.chassis.notes import Signer, checkpoint
from services.chassis.tree import origin_of, signer_of
from tests.gateway import county
from tests.gateway.logs_behind import RECORDED, SECRET, Logs, proving

CHECKPOINT = "{ origin size root note proved refusal signatures { name kind holds } keys }"
PROOF = f"""{{ log position index leaf topic actor path {{ side sibling node }} proof proved refusal checkpoint {CHECKPOINT}
  continued {{ proved refusal path }} }}"""
ASK = f'query($position: Int!, $earlier: String!) {{ proof(log: "cases", position: $position, earlier: $earlier) {PROOF} }}'
GO_ON = (
    f"query($earlier: String!) {{ continuation(earlier: $earlier) {{ log proved refusal path earlier {CHECKPOINT} }} }}"
)
OTHER_ACTOR = (
    "update events set actor = 'somebody else' where notification_id = 3",
    "update events set actor = 'user:17' where notification_id = 3",
)


@pytest.fixture(scope="module")
def logs(read_model: Any, module_database: Any) -> Iterator[Logs]:
    with proving(read_model, module_database) as logs:
        yield logs


def proof_of(logs: Logs, position: int, *, earlier: str = "") -> Any:
    return logs.asking.ask(ASK, {"position": position, "earlier": earlier}, by="inspector").data["proof"]


def going_on_from(logs: Logs, earlier: str) -> Any:
    return logs.asking.ask(GO_ON, {"earlier": earlier}, by="inspector").data["continuation"]


def first_note(logs: Logs) -> str:
    """The checkpoint of the first two events, as somebody kept it."""
    with psycopg.connect(logs.cases.app) as connection:
        [(note,)] = connection.execute("select note from tree_checkpoint where size = 2").fetchall()
    return str(note)


def test_an_event_is_proved_and_what_proves_it_is_good_elsewhere_too(logs: Logs) -> None:
    tree = logs.tree("cases")
    for position in range(1, RECORDED + 1):
        proof = proof_of(logs, position)
        assert (proof["proved"], proof["refusal"], proof["index"]) == (True, "", position - 1)
        assert (proof["actor"], proof["topic"]) == ("user:17", "tests.Thing.Happened")
        assert ([proof["leaf"]] + [step["node"] for step in proof["path"]])[-1] == proof["checkpoint"]["root"]

        trusted = [verify.Verifier.parse(tree.verifier)]
        found = verify.check_tlog_proof(proof["proof"], entry=tree.entry(position), trusted=trusted, origin=tree.origin)
        assert found.size == RECORDED
    assert proof["checkpoint"]["signatures"] == [{"name": tree.origin, "kind": "log", "holds": True}]
    assert proof["checkpoint"]["keys"] == [tree.verifier]


def test_an_event_that_was_changed_is_not_and_its_place_is_named(logs: Logs) -> None:
    with logs.changed(*OTHER_ACTOR):
        proof = proof_of(logs, 3)
        assert proof["proved"] is False
        assert proof["refusal"] == "cases/3: the entry at 2 is not what the log of 5 entries says is there"
        assert proof_of(logs, 4)["proved"] is True


def test_an_event_that_is_gone_is_said_to_be_gone(logs: Logs) -> None:
    gone = "create table aside as select * from events where notification_id = 5; delete from events where notification_id = 5"
    back = "insert into events select * from aside; drop table aside"
    with logs.changed(gone, back):
        proof = proof_of(logs, 5)

    assert (proof["proved"], proof["leaf"]) == (False, "")
    assert proof["refusal"] == "cases/5: the entry at position 5 was signed and is missing"


def test_hashes_that_were_changed_prove_nothing(logs: Logs) -> None:
    flipped = "update tree_tile set hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) where level = 0"
    with logs.changed(flipped, flipped):  # the first event's, beside the second's way
        assert proof_of(logs, 2)["proved"] is False


def test_a_log_goes_on_from_a_checkpoint_that_somebody_kept(logs: Logs) -> None:
    note = first_note(logs)

    assert proof_of(logs, 4, earlier=note)["continued"]["proved"] is True
    by_itself = going_on_from(logs, note)
    assert (by_itself["log"], by_itself["proved"], by_itself["earlier"]["size"]) == ("cases", True, 2)


def test_it_does_not_from_another_past_nor_from_more_than_there_is(logs: Logs) -> None:
    signer = signer_of(origin_of("cases"), secret=SECRET)
    other_past = signer.sign(checkpoint(signer.name, 2, bytes(32)))
    longer = signer.sign(checkpoint(signer.name, 9, bytes(32)))

    assert "something before was changed" in going_on_from(logs, other_past)["refusal"]
    assert going_on_from(logs, longer)["refusal"] == "continuation: a log of 9 entries doesn't become one of 5"


@pytest.mark.parametrize(
    ("note", "refusal"),
    [
        ("", "this is no checkpoint"),
        ("nothing of the kind\n", "this is no checkpoint"),
        (
            "elsewhere.example/log/1\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— x AAAAAAAA\n",
            "none of the logs",
        ),
    ],
)
def test_what_is_no_checkpoint_of_these_logs_is_said_to_be_none(logs: Logs, note: str, refusal: str) -> None:
    found = going_on_from(logs, note)
    assert found["proved"] is False
    assert refusal in found["refusal"]


def test_a_checkpoint_that_the_log_has_not_signed_is_not_taken(logs: Logs) -> None:
    signer = signer_of(origin_of("cases"), secret=SECRET)
    stranger = Signer(signer.name, signer_of("stranger", secret=SECRET).key)
    found = going_on_from(logs, stranger.sign(checkpoint(signer.name, 2, bytes(32))))

    assert found["refusal"].startswith("earlier: checkpoint: no trusted key")
    assert found["earlier"]["signatures"] == [{"name": signer.name, "kind": "unknown", "holds": None}]


def test_a_look_is_proved_in_the_log_of_looks(logs: Logs) -> None:
    logs.asking.ask("{ townships { code } }", by="inspector")
    [look] = logs.asking.receipts_of()
    ask = f"query($id: UUID!) {{ proofOfLook(id: $id) {PROOF} }}"
    early = logs.asking.ask(ask, {"id": str(look["receipt_id"])}, by="inspector")
    logs.tree("access").keep_up()
    proof = logs.asking.ask(ask, {"id": str(look["receipt_id"])}, by="inspector").data["proofOfLook"]

    assert early.code == "NOT_FOUND"
    assert (proof["proved"], proof["topic"], proof["actor"]) == (True, "baoxue receipt 1", "")


def test_every_log_is_listed_and_one_that_is_away_keeps_no_other_from_it(logs: Logs) -> None:
    found = logs.asking.ask(f"{{ signedLogs {{ log refusal checkpoint {CHECKPOINT} }} }}", by="inspector").data[
        "signedLogs"
    ]

    by_name = {one["log"]: one for one in found}
    assert tuple(by_name) == LOGS
    assert (by_name["cases"]["checkpoint"]["size"], by_name["cases"]["checkpoint"]["proved"]) == (RECORDED, True)
    assert "gave no answer" in by_name["roster"]["refusal"]
    assert by_name["policy"]["refusal"].endswith("nothing of it is signed yet.")


def test_whose_event_it_was_is_on_the_receipt_and_has_to_be_within_reach(logs: Logs) -> None:
    known = next(row["child_id"] for table, row in county.county_rows() if table == "child")
    with psycopg.connect(logs.gateway.dsn("gateway_writer")) as connection:
        connection.cursor().executemany(
            """insert into journal values ('cases', %s, gen_random_uuid(), 'cases.told.v1', gen_random_uuid(), 1, 'topic', now(),
                 'user:17', 'education', 'casework', gen_random_uuid(), gen_random_uuid(), null, '', %s, null, '{}')""",
            [(1, known), (2, UUID(int=9, version=4))],
        )
    asked = {"position": 1, "earlier": ""}

    assert logs.asking.ask(ASK, asked, by="inspector").data["proof"]["proved"] is True
    assert logs.asking.receipts_of()[0]["child_ids"] == [known]
    assert logs.asking.ask(ASK, {**asked, "position": 2}, by="inspector").code == "NOT_FOUND"


@pytest.mark.parametrize("position", [0, -1, RECORDED + 1, 2**31 - 1])
def test_what_is_not_signed_is_not_there(logs: Logs, position: int) -> None:
    assert logs.asking.ask(ASK, {"position": position, "earlier": ""}, by="inspector").code == "NOT_FOUND"


def test_nobody_but_supervision_may_ask(logs: Logs) -> None:
    for by in ("bureau-office", "xiaodian-officer", "police-officer"):
        assert logs.asking.ask(ASK, {"position": 1, "earlier": ""}, by=by).code == "FORBIDDEN"


def a_bundle(logs: Logs) -> bytes:
    """Three events of cases, as an operator hands them out."""
    tree, signer = logs.tree("cases"), signer_of(origin_of("bundles"), secret=SECRET)
    logs.tree("access").keep_key(signer.name, signer.verifier)
    about = About(
        of={"range": None},
        made_at=datetime(2026, 9, 14, tzinfo=UTC),
        made_by="operator-1",
        made_for="supervision:410326",
        reason="7号",
    )
    return pack(about, [packing.events(tree, "cases", [1, 3, 5], whole=())], keys=[tree.verifier], signer=signer)


def handed_in(logs: Logs, content: bytes, *, by: str = "inspector") -> Any:
    http = logs.asking._http
    headers = {"authorization": f"Bearer {logs.asking.token(by)}"}
    return logs.asking.runner.run(http.post("/files/bundle-check", content=content, headers=headers))


def test_a_bundle_is_checked_with_the_same_file_and_against_the_log_as_it_is(logs: Logs) -> None:
    found = handed_in(logs, a_bundle(logs)).json()

    assert (found["proved"], found["said"]["reason"]) == (True, "7号")
    [log] = found["logs"]
    assert (log["entries"], log["size"], log["continued"]) == (3, RECORDED, "")
    [look] = logs.asking.receipts_of()
    assert (look["operation"], look["rows"]) == ("check_bundle", 3)


def test_a_bundle_of_which_a_byte_was_changed_is_refused_with_the_place(logs: Logs) -> None:
    found = handed_in(logs, a_bundle(logs).replace(b"user:17", b"user:18", 1)).json()

    assert found["proved"] is False
    assert found["refusal"].startswith("zip: ")


def test_what_is_too_large_or_of_somebody_else_is_refused_in_words(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert handed_in(logs, b"PK", by="bureau-office").json()["code"] == "FORBIDDEN"
    monkeypatch.setattr(bundles, "BUNDLE_MAX", 8)
    refused = handed_in(logs, b"123456789").json()
    assert refused["code"] == "REFUSED"
    assert "verify.py" in refused["message"]
