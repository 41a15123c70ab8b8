"""Public disclosure from the office's command to the public's page: counted, made safe, seen before, released, taken along, withdrawn."""

import csv
import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import httpx
import psycopg
import pytest

from gateway.readmodel.disclosed import COUNT, SEXES, STAGES, STANDINGS, counted_on, tables_of
from gateway.readmodel.disclosure import FOLDS
from tests.gateway import county
from tests.gateway.cases_behind import Cases
from tests.gateway.conftest import Asking, Reply, asking_over

BUREAU = ("education_bureau:410326", "dropout_control")
TASKS, METHODS = ["零辍学,巩固率100%"], ["每学期开学一周内核实未报到学生"]
PREPARE = """mutation ($tasks: [String!]!, $methods: [String!]!, $bodies: [ResponsibleBody!]!)
    { prepareDisclosure(tasks: $tasks, methods: $methods, bodies: $bodies) { id } }"""
SUPERVISED_SO_FAR = {
    "inspections": 4,
    "rectified_in_time": 2,
    "rectified_late": 2,
    "rectifying": 4,
    "interviews": 2,
    "circulars": 2,
    "accountability": 4,
}
"""What supervision did in the county that is written here; the fifth unit is another county's."""
GIVEN = {
    "tasks": TASKS,
    "methods": METHODS,
    "bodies": [{"unit": "township:410326103", "duty": "责令限期改正"}],
}


class Bureau:
    """The office at work, and anybody at the page."""

    def __init__(self, asking: Asking, service: Cases) -> None:
        self.gateway, self._service = asking, service

    def prepare(self, **other: object) -> Reply:
        return self._done(self.gateway.ask(PREPARE, {**GIVEN, **other}, by=BUREAU, actor="bureau-office"))

    def act(self, act: str, made: str, *, actor: str = "bureau-second") -> Reply:
        return self._done(
            self.gateway.ask(
                f"mutation ($id: UUID!) {{ {act}(disclosureId: $id) {{ id }} }}", {"id": made}, by=BUREAU, actor=actor
            )
        )

    def withdraw(self, made: str) -> Reply:
        return self._done(
            self.gateway.ask(
                'mutation ($id: UUID!) { withdrawDisclosure(disclosureId: $id, reason: "乡镇一栏有误") { id } }',
                {"id": made},
                by=BUREAU,
                actor="bureau-office",
            )
        )

    def get(self, path: str, *, by: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.gateway.token(by)}"} if by else {}
        return self.gateway.runner.run(self.gateway._http.get(path, headers=headers))

    def _done(self, reply: Reply) -> Reply:
        """Projects what the service has told by now."""
        self._service.project(FOLDS, writer_dsn=self.gateway.writer_dsn)
        return reply


@pytest.fixture(scope="module")
def bureau(read_model: Any) -> Iterator[Bureau]:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("delete from disclosure")
        connection.execute("update tracking set position = 1000 where name = 'cases/0'")
        connection.execute("insert into tracking values ('roster/1', 30)")
    service = Cases()
    with asking_over(read_model, service) as asking:
        yield Bureau(asking, service)


@pytest.fixture(scope="module")
def released(bureau: Bureau) -> str:
    """The id of the first release, made step by step."""
    made = str(bureau.prepare().data["prepareDisclosure"]["id"])
    assert bureau.act("approveDisclosure", made).data
    assert bureau.act("releaseDisclosure", made).data
    return made


def test_the_tables_count_every_child_of_the_window_once(bureau: Bureau) -> None:
    gateway = bureau.gateway
    principal = gateway.runner.run(gateway.tokens.verify(gateway.token(BUREAU)))
    found = gateway.runner.run(
        gateway.reader.fetch_dicts(COUNT.encode(), counted_on(county.TODAY), claims=principal.claims)
    )
    partition = gateway.ask("{ partition { state count } }", by="bureau-office").data["partition"]
    everybody = sum(row["count"] for row in partition if row["state"] != "gone")

    counted = tables_of(found, area="410326")

    tables = {table["table"]: table for table in cast("list[dict[str, Any]]", counted["counted"])}
    sums = {
        name: Counter(dict(zip(table["columns"], map(sum, zip(*table["cells"], strict=True)), strict=True)))
        for name, table in tables.items()
    }
    assert everybody
    assert sums["children_by_township"] == sums["children_by_stage"] == sums["children_by_sex"]
    assert sum(sums["children_by_sex"].values()) == everybody
    assert (tables["children_by_stage"]["rows"], tables["children_by_sex"]["rows"]) == (STAGES, SEXES)
    assert tables["children_by_sex"]["columns"] == STANDINGS
    assert sum(sums["measures_by_township"].values())
    assert sums["supervision_by_township"] == SUPERVISED_SO_FAR
    assert counted["reached"] == [{"service": "cases", "position": 1000}, {"service": "roster", "position": 30}]


def test_a_draft_is_seen_by_the_office_and_by_nobody_else(bureau: Bureau) -> None:
    only_here = "只在稿中"
    made = bureau.prepare(tasks=[only_here]).data["prepareDisclosure"]["id"]

    draft = bureau.get(f"/files/disclosures/{made}", by="bureau-office")

    assert draft.status_code == 200
    assert "未公开稿" in draft.text
    assert only_here in draft.text
    assert bureau.get(f"/files/disclosures/{made}", by="xiaodian-officer").status_code == 403
    assert bureau.get(f"/files/disclosures/{made}").status_code == 401
    assert (
        bureau.get(f"/files/disclosures/{made}", by=("education_bureau:410327", "dropout_control")).status_code == 404
    )
    assert only_here not in bureau.get("/disclosure").text


def test_who_prepared_it_is_refused_its_approval_in_words(bureau: Bureau) -> None:
    made = bureau.prepare().data["prepareDisclosure"]["id"]

    refused = bureau.act("approveDisclosure", made, actor="bureau-office")

    assert refused.code == "REFUSED"
    assert "another person reads it first" in refused.message


def test_a_release_hangs_on_the_page_without_script_and_tells_no_small_number(bureau: Bureau, released: str) -> None:
    page = bureau.get("/disclosure")

    assert page.status_code == 200
    assert "script-src" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "第1号" in page.text
    assert TASKS[0] in page.text
    decided = bureau.gateway.ask(
        '{ disclosures(first: 1, state: "released") { nodes { id sha256 reached cells { table row column value } } } }',
        by="bureau-office",
    ).data["disclosures"]["nodes"][0]
    inner = [cell["value"] for cell in decided["cells"] if cell["row"] and cell["column"]]
    assert decided["id"] == released
    assert any(value is None for value in inner)
    assert all(value is None or value == 0 or value >= 10 for value in inner)
    assert decided["reached"] == ["cases:1000", "roster:30"]


def test_the_same_is_taken_along_and_its_hash_can_be_counted_again(bureau: Bureau, released: str) -> None:
    told = bureau.get("/disclosure/1.json")
    lines = list(csv.reader(io.StringIO(bureau.get("/disclosure/1.csv").text.removeprefix("\ufeff"))))
    book = zipfile.ZipFile(io.BytesIO(bureau.get("/disclosure/1.xlsx").content))

    sha256 = hashlib.sha256(told.content).hexdigest()
    assert sha256 in bureau.get("/disclosure/1").text
    assert lines[0][-1] == f"SHA-256：{sha256}"
    assert ["年度任务", TASKS[0]] in lines
    assert len([name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]) == 6


@pytest.mark.parametrize(
    "path", ["/disclosure/2", "/disclosure/0", "/disclosure/1.exe", "/disclosure/x", "/disclosure/99.csv"]
)
def test_what_was_not_released_is_not_there(bureau: Bureau, released: str, path: str) -> None:
    assert bureau.get(path).status_code == 404


def test_departments_without_a_ground_are_refused_the_list_and_the_commands(bureau: Bureau, released: str) -> None:
    by = "xiaodian-officer"

    assert bureau.gateway.ask("{ disclosures { nodes { id } } }", by=by).code == "FORBIDDEN"
    assert bureau.gateway.ask(PREPARE, GIVEN, by=by).code == "FORBIDDEN"


def test_one_that_is_withdrawn_says_why_and_shows_its_numbers_no_longer(bureau: Bureau, released: str) -> None:
    assert bureau.withdraw(released).data

    page = bureau.get("/disclosure/1")

    assert "乡镇一栏有误" in page.text
    assert "<table>" not in page.text
    assert bureau.get("/disclosure/1.csv").status_code == 404
