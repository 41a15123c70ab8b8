"""Files over HTTP to a preview, by a person's word into force, and whatever is killed or cancelled on the way."""

import asyncio
import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import psycopg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from services.roster.deliveries import Deliveries
from services.roster.domain.delivery import Delivery
from services.roster.intake import Intake
from services.roster.intake.tables import ABANDONED, KEPT, Tables
from services.roster.intake.worker import UNDECIDED, Worker
from services.roster.lookup import Lookup
from services.roster.service import build
from tests.chassis.things import NOON
from tests.fixtures.postgres import FreshDatabase
from tests.roster.comparing import children_of, rewritten, rows_of, told_since
from tests.roster.conftest import KEY_SECRET, Office, open_office
from tests.roster.given import BUREAU, SCHOOL, days

HUKOU = "户号,姓名,性别,公民身份号码,出生日期,户主姓名,乡镇,行政村,户籍状态"
CHILD = "1,燕归来,女,41032620150607062X,2015-06-07,燕青,小店镇,小店村,正常"
PUPILS = "姓名,学校标识码,年级,班级,到校情况"
THIS_SCHOOL = f"school:{SCHOOL}"


class Api:
    """The service's face, asked one thing after the other."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = ASGITransport(app=app, raise_app_exceptions=False)

    def get(self, path: str, **more: Any) -> Response:
        return self._ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        return self._ask("POST", path, **more)

    def _ask(self, method: str, path: str, **more: Any) -> Response:
        async def ask() -> Response:
            async with AsyncClient(transport=self._transport, base_url="http://roster") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


@dataclass
class Counter:
    """The roster's face, and the worker behind it; what a caller does there by hand and a process by itself."""

    office: Office
    clock: SteppedClock
    api: Api
    worker: Worker
    tables: Tables
    deliveries: Deliveries

    def headers(self, unit: str = BUREAU) -> dict[str, str]:
        return {
            "authorization": "Bearer secret",
            "idempotency-key": str(uuid4()),
            "x-actor": "clerk-1",
            "x-department": unit,
            "x-purpose": "dropout_control",
        }

    def hand_in(self, files: dict[str, bytes], *, unit: str = BUREAU, **headers: str) -> Response:
        sent = [("files", (name, content)) for name, content in files.items()]
        return self.api.post("/deliveries", files=sent, headers=self.headers(unit) | headers)

    def taken(self, files: dict[str, bytes], *, unit: str = BUREAU) -> UUID:
        """Hands files in that are not refused at the door."""
        answer = self.hand_in(files, unit=unit)
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["id"])

    def seen(self, delivery_id: UUID, *, unit: str = BUREAU) -> dict[str, Any]:
        answer = self.api.get(f"/deliveries/{delivery_id}", headers=self.headers(unit))
        assert answer.status_code == 200, answer.text
        seen: dict[str, Any] = answer.json()
        return seen

    def command(self, name: str, *, unit: str = BUREAU, **arguments: Any) -> Response:
        return self.api.post(f"/commands/{name}", json=arguments, headers=self.headers(unit))

    def commit(self, delivery_id: UUID, *, unit: str = BUREAU) -> None:
        self.worker.work()
        answer = self.command("commit-delivery", unit=unit, delivery_id=str(delivery_id))
        assert answer.status_code == 200, answer.text
        self.worker.work()

    def stored(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.office.database.owner) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]  # written in this module

    def hired(self, lookup: Lookup) -> Worker:
        """Another worker on the same tables, with a lookup of its own."""
        intake = Intake(roster=self.office.roster, lookup=lookup, vault=self.office.vault)
        return Worker(deliveries=self.deliveries, intake=intake, tables=self.tables, clock=self.clock)


@pytest.fixture
def counter(database: Callable[..., FreshDatabase]) -> Iterator[Counter]:
    with ExitStack() as stack:
        office = open_office(database, stack)
        clock = SteppedClock(NOON)
        built = build(
            dsn=office.database.app,
            vault=office.vault,
            surroundings=Surroundings(clock=clock, token="secret"),
            key_secret=KEY_SECRET,
        )
        stack.callback(built.service.close)
        tables = stack.enter_context(closing(Tables(dsn=office.database.app, vault=office.vault, clock=clock)))
        api = Api(built.service.api)
        deliveries = Deliveries(roster=office.roster)
        yield Counter(office, clock, api, built.worker, tables, deliveries)


def a_list(*rows: str, header: str = HUKOU) -> bytes:
    return "\n".join((header, *rows)).encode()


def content_of(registers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in registers.iterdir()}


class TestACounty:
    def test_is_previewed_exactly_as_it_is_then_taken_in(self, counter: Counter, registers: Path) -> None:
        delivery_id = counter.taken(content_of(registers))
        assert counter.seen(delivery_id)["state"] == "handed_in"
        counter.worker.work()
        preview = counter.seen(delivery_id)["preview"]
        assert children_of(counter.office) == {}
        assert counter.office.lookup.batches_in_force() == {}

        counter.commit(delivery_id)

        seen = counter.seen(delivery_id)
        assert (seen["state"], seen["step"]) == ("committed", "committed")
        children = children_of(counter.office)
        told = [topic for topic, _ in told_since(counter.office, 0)]
        assert preview["children_new"] == len(children) > 200
        assert preview["children_changed"] == preview["children_missed"] == 0
        assert preview["findings_raised"] == told.count("roster.Child.FindingRaised") > 0
        assert preview["doubts"] == told.count("roster.Doubt.Raised")
        assert sum(seen["registers"].values()) == preview["rows"] == len(rows_of(counter.office))
        assert counter.stored("select count(*) from delivery_file where number > 0") == [(0,)]

    def test_changed_later_says_what_changes_and_nothing_else(
        self, counter: Counter, registers: Path, tmp_path: Path
    ) -> None:
        counter.commit(counter.taken(content_of(registers)))
        changed = tmp_path / "hukou.csv"
        changed.write_bytes((registers / "hukou.csv").read_bytes())
        rewritten(changed, lambda lines: lines[:-40], encoding="gb18030")
        position = counter.office.roster.position()

        delivery_id = counter.taken({"hukou.csv": changed.read_bytes()})
        counter.worker.work()
        preview = counter.seen(delivery_id)["preview"]
        counter.commit(delivery_id)

        told = told_since(counter.office, position)
        topics = [topic for topic, _ in told]
        changed_children = {
            child_id
            for topic, child_id in told
            if topic.startswith("roster.Child.")
            and topic != "roster.Child.RowsLinked"  # one row more or less of the same
        }
        assert preview["children_new"] == topics.count("roster.Child.Registered")
        assert preview["findings_raised"] == topics.count("roster.Child.FindingRaised") > 0
        assert preview["findings_resolved"] == topics.count("roster.Child.FindingResolved")
        assert 0 < preview["children_missed"] < 40
        assert preview["children_changed"] + preview["children_missed"] == len(changed_children)

    def test_says_how_many_rows_it_would_take_the_place_of_and_which_lines_it_takes_for_none(
        self, counter: Counter
    ) -> None:
        counter.commit(counter.taken({"户籍.csv": a_list(CHILD, CHILD.replace("燕归来", "燕小乙"))}))
        delivery_id = counter.taken({"户籍.csv": a_list(CHILD, "合计,1人")})
        counter.worker.work()
        seen = counter.seen(delivery_id)
        assert (seen["registers"], seen["replaces"]) == ({"hukou": 1}, {"hukou": 2})
        assert (seen["passed_over"], [place["line"] for place in seen["passed"]]) == (1, [3])

    def test_again_changes_nothing(self, counter: Counter, registers: Path) -> None:
        first = counter.taken(content_of(registers))
        counter.commit(first)
        position = counter.office.roster.position()

        again = counter.taken(content_of(registers))
        counter.worker.work()

        assert again == first
        assert told_since(counter.office, position) == []


class TestAtTheDoor:
    def test_the_same_request_again_gets_the_first_answer(self, counter: Counter) -> None:
        key = {"idempotency-key": str(uuid4())}
        answers = [counter.hand_in({"户籍.csv": a_list(CHILD)}, **key) for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert counter.stored("select count(distinct upload_id) from delivery_file") == [(1,)]

    def test_two_files_of_one_name_are_two_files(self, counter: Counter) -> None:
        other = CHILD.replace("燕归来", "燕小乙").replace("41032620150607062X", "")
        sent = [("files", ("a.csv", a_list(CHILD))), ("files", ("a.csv", a_list(other)))]
        answer = counter.api.post("/deliveries", files=sent, headers=counter.headers())
        counter.worker.work()

        assert counter.seen(UUID(answer.json()["id"]))["registers"] == {"hukou": 2}

    @pytest.mark.parametrize(
        ("files", "words"),
        [
            ({"a.exe": b"MZ"}, "a.exe"),
            ({"a.xls": b"\xd0\xcf\x11\xe0"}, "a.xls"),
            ({f"{number}.csv": b"x" for number in range(201)}, "200"),
        ],
    )
    def test_what_is_no_table_or_too_much_is_refused_by_name_and_leaves_nothing(
        self, counter: Counter, files: dict[str, bytes], words: str
    ) -> None:
        refused = counter.hand_in(files)

        assert refused.status_code == 422
        assert words in refused.json()["message"]
        assert counter.stored("select 1 from delivery_file union all select 1 from delivery_chunk") == []

    def test_a_body_that_is_not_files_is_malformed(self, counter: Counter) -> None:
        answers = [
            counter.api.post("/deliveries", content=b"PK", headers=counter.headers()),
            counter.api.post(
                "/deliveries",
                content=b'--x\r\ncontent-disposition: form-data; name="f"; filename="a.csv"\r\n\r\nhalf',
                headers=counter.headers() | {"content-type": "multipart/form-data; boundary=x"},
            ),
        ]

        assert [answer.status_code for answer in answers] == [400, 400]
        assert counter.stored("select 1 from delivery_file") == []

    def test_nobody_without_the_secret_and_no_unit_that_hands_in_nothing_gets_in(self, counter: Counter) -> None:
        assert counter.hand_in({"a.csv": b"x"}, authorization="Bearer wrong").status_code == 401
        assert counter.hand_in({"a.csv": b"x"}, unit="village:410326103005").status_code == 403

    def test_names_and_numbers_and_names_of_files_lie_nowhere_in_the_clear(self, counter: Counter) -> None:
        broken = a_list(CHILD, CHILD.replace("2015-06-07", "某月某日"))
        counter.taken({"燕青家的名册.csv": broken})
        counter.worker.work()

        everything = str(
            [
                counter.stored("select t::text from delivery_work t"),
                counter.stored("select t::text from delivery_file t"),
                counter.stored("select t::text from delivery_chunk t"),
                counter.stored("select t::text from events t"),
            ]
        ) + str(counter.stored("select convert_from(state, 'utf8') from events"))
        assert [text for text in ("燕青", "燕归来", "41032620150607062X") if text in everything] == []

    def test_another_unit_sees_no_delivery_but_the_bureau_does(self, counter: Counter) -> None:
        pupils = a_list(f"燕归来,{SCHOOL},五年级,1班,在校", header=PUPILS)
        delivery_id = counter.taken({"a.csv": pupils}, unit=THIS_SCHOOL)
        path = f"/deliveries/{delivery_id}"

        assert counter.api.get(path, headers=counter.headers("school:3141000399")).status_code == 404
        assert counter.api.get(path, headers=counter.headers(THIS_SCHOOL)).status_code == 200
        assert counter.api.get(path, headers=counter.headers()).status_code == 200


class TestWhatCantBeRead:
    def test_is_said_by_place_and_comes_back_as_a_marked_workbook(self, counter: Counter) -> None:
        bad = [
            CHILD.replace("2015-06-07", "某月某日").replace("燕青", "=cmd|' /C calc'!A0"),
            ",,女,,2015-06-07,燕青,小店镇,小店村,正常",
        ]
        delivery_id = counter.taken({"户籍.csv": a_list(CHILD, *bad)})
        counter.worker.work()

        seen = counter.seen(delivery_id)
        places = [(place["file"], place["line"], place["column"]) for place in seen["rejects"]]
        assert places == [("户籍.csv", 3, "出生日期"), ("户籍.csv", 4, "姓名")]
        answer = counter.api.get(f"/deliveries/{delivery_id}/rejects.xlsx", headers=counter.headers())
        book = openpyxl.load_workbook(BytesIO(answer.content))
        _, rows = book.worksheets
        table = [[cell.value for cell in row] for row in rows.iter_rows()]
        assert table[0] == ["退回原因", "原行号", *HUKOU.split(",")]
        assert [line[1] for line in table[1:]] == [3, 4]
        assert table[1][0] == "日期无法识别"
        assert str(table[2][0]).startswith("整行未收")
        marked = rows.cell(2, 2 + 5)
        assert marked.comment is not None
        assert marked.comment.text == "日期无法识别"
        assert marked.fill.fgColor.rgb != rows.cell(2, 3).fill.fgColor.rgb
        assert str(rows.cell(2, 8).value).startswith("'=cmd")

    def test_the_workbook_of_returned_rows_never_takes_the_place_of_the_list(self, counter: Counter) -> None:
        delivery_id = counter.taken({"户籍.csv": a_list(CHILD.replace("2015-06-07", "某月某日"))})
        counter.worker.work()
        answer = counter.api.get(f"/deliveries/{delivery_id}/rejects.xlsx", headers=counter.headers())

        returned = counter.taken({"退回行.xlsx": answer.content})
        counter.worker.work()

        assert counter.seen(returned)["state"] == "refused"

    def test_at_all_is_refused_without_its_name_in_what_others_hear(self, counter: Counter) -> None:
        delivery_id = counter.taken({"燕青.xlsx": b"PK\x03\x04 not a workbook"})
        counter.worker.work()

        seen = counter.seen(delivery_id)
        assert seen["state"] == "refused"
        assert "燕青.xlsx" in seen["refused"]
        assert "燕青" not in str(counter.stored("select convert_from(state, 'utf8') from events"))
        assert counter.taken({"燕青.xlsx": b"PK\x03\x04 not a workbook"}) != delivery_id

    def test_by_its_columns_is_refused_with_them_and_read_once_they_are_mapped(self, counter: Counter) -> None:
        pupils = a_list(f"燕归来,{SCHOOL},五年级,一班,来了", header="娃娃,校码,几年级啦,哪个班,来没来")
        delivery_id = counter.taken({"a.csv": pupils}, unit=THIS_SCHOOL)
        counter.worker.work()
        refused = counter.seen(delivery_id)
        assert refused["state"] == "refused"
        assert all(column in refused["refused"] for column in ("娃娃", "校码", "几年级啦"))

        columns = {"娃娃": "name", "几年级啦": "grade", "来没来": "arrival", "校码": "school_code"}
        saved = counter.api.post(
            "/commands/save-mapping",
            json={"register": "in_school", "unit": THIS_SCHOOL, "columns": columns},
            headers=counter.headers(THIS_SCHOOL),
        )
        assert saved.status_code == 200, saved.text
        again = counter.taken({"a.csv": pupils}, unit=THIS_SCHOOL)
        counter.worker.work()

        assert counter.seen(again)["registers"] == {"in_school": 1}

    def test_by_its_columns_is_refused_again_once_the_mapping_is_deleted(self, counter: Counter) -> None:
        def asked(command: str, *, register: str = "in_school", **more: object) -> Response:
            body = {"register": register, "unit": THIS_SCHOOL, **more}
            return counter.api.post(f"/commands/{command}", json=body, headers=counter.headers(THIS_SCHOOL))

        assert asked("save-mapping", columns={"娃娃": "name"}).status_code == 200
        assert counter.deliveries.namings(THIS_SCHOOL) != []
        deleted = [asked("delete-mapping") for _ in range(2)]

        assert [answer.status_code for answer in deleted] == [200, 422], deleted[1].text
        assert counter.deliveries.namings(THIS_SCHOOL) == []
        assert asked("delete-mapping", register="hukou").status_code == 404

    def test_by_its_columns_is_asked_for_in_the_words_of_what_the_unit_hands_in(self, counter: Counter) -> None:
        delivery_id = counter.taken(
            {"班.csv": a_list("甲,三,来了,1", header="娃娃,几年级,来没来,电话")}, unit=THIS_SCHOOL
        )
        counter.worker.work()
        refused = counter.seen(delivery_id, unit=THIS_SCHOOL)["refused"]
        assert "在校生名册" in refused
        assert "年级 grade" in refused
        assert "摸排" not in refused

    def test_that_is_another_offices_register_is_refused(self, counter: Counter) -> None:
        delivery_id = counter.taken({"a.csv": a_list(CHILD)}, unit=THIS_SCHOOL)
        counter.worker.work()

        assert counter.seen(delivery_id, unit=THIS_SCHOOL)["state"] == "refused"


class TestParts:
    def pupils(self, *names: str, school: str = SCHOOL) -> bytes:
        return a_list(*(f"{name},{school},五年级,1班,在校" for name in names), header=PUPILS)

    def names(self, counter: Counter) -> set[str]:
        return {row.cells["name"] for row in rows_of(counter.office)}

    def test_a_schools_list_replaces_its_own_and_nobody_elses(self, counter: Counter) -> None:
        other = "3141000399"
        counter.commit(counter.taken({"a.csv": self.pupils("燕一", "燕二")}, unit=THIS_SCHOOL))
        counter.commit(counter.taken({"b.csv": self.pupils("燕三", school=other)}, unit=f"school:{other}"))
        counter.commit(counter.taken({"a.csv": self.pupils("燕二")}, unit=THIS_SCHOOL))

        assert self.names(counter) == {"燕二", "燕三"}
        rows = rows_of(counter.office)
        assert len({row.ref for row in rows}) == len(rows)

    def test_of_the_countys_list_and_a_schools_own_the_later_one_counts(self, counter: Counter) -> None:
        county = self.pupils("燕一") + b"\n" + self.pupils("燕三", school="3141000399").partition(b"\n")[2]
        counter.commit(counter.taken({"c.csv": county}))
        counter.commit(counter.taken({"a.csv": self.pupils("燕二")}, unit=THIS_SCHOOL))
        assert self.names(counter) == {"燕二", "燕三"}

        counter.commit(counter.taken({"c.csv": county}))
        assert self.names(counter) == {"燕一", "燕三"}

    def test_another_schools_pupil_on_a_schools_list_is_returned(self, counter: Counter) -> None:
        mixed = a_list(
            f"燕一,{SCHOOL},五年级,1班,在校", "燕二,3141000399,五年级,1班,在校", "燕三,,五年级,1班,在校", header=PUPILS
        )
        delivery_id = counter.taken({"a.csv": mixed}, unit=THIS_SCHOOL)
        counter.commit(delivery_id)

        assert self.names(counter) == {"燕一", "燕三"}
        assert {row.cells["school_code"] for row in rows_of(counter.office)} == {SCHOOL}
        assert [place["column"] for place in counter.seen(delivery_id)["rejects"]] == ["学校标识码"]


class Killed(Lookup):
    """A lookup whose process is killed at one of its steps."""

    def __init__(self, office: Office, *, at: str) -> None:
        super().__init__(dsn=office.database.app, vault=office.vault, key_secret=KEY_SECRET)
        self._at = at

    def _maybe(self, step: str) -> None:
        if step == self._at:
            raise KeyboardInterrupt

    def keep_rows(self, *arguments: Any) -> None:
        self._maybe("keep_rows")
        super().keep_rows(*arguments)

    def put_in_force(self, *arguments: Any, **more: Any) -> None:
        self._maybe("put_in_force")
        super().put_in_force(*arguments, **more)

    def keep_keys(self, *arguments: Any) -> None:
        self._maybe("keep_keys")
        super().keep_keys(*arguments)

    def keep_said(self, *arguments: Any) -> None:
        self._maybe("keep_said")
        super().keep_said(*arguments)

    def rows_in_force(self, **arguments: Any) -> Any:
        self._maybe("rows_in_force")
        return super().rows_in_force(**arguments)


class TestAKilledProcess:
    @pytest.mark.parametrize("at", ["rows_in_force", "keep_rows", "put_in_force", "keep_keys", "keep_said"])
    def test_leaves_a_delivery_that_another_one_finishes(self, counter: Counter, at: str) -> None:
        twenty = [CHILD.replace("燕归来", f"燕{n}").replace("41032620150607062X", "") for n in "一二三四五六七八九十"]
        delivery_id = counter.taken({"a.csv": a_list(CHILD, *twenty)})
        if at != "rows_in_force":
            counter.worker.work()
            counter.command("commit-delivery", delivery_id=str(delivery_id))
        with closing(Killed(counter.office, at=at)) as lookup, pytest.raises(KeyboardInterrupt):
            counter.hired(lookup).work()

        counter.commit(delivery_id) if at == "rows_in_force" else counter.worker.work()

        assert counter.seen(delivery_id)["state"] == "committed"
        assert len(children_of(counter.office)) == 11
        batches = [aggregate for topic, aggregate in told_since(counter.office, 0) if "RegisterBatch" in topic]
        assert batches == list(counter.office.lookup.batches_in_force().values())

    def test_before_its_files_went_lets_the_next_one_drop_them(self, counter: Counter) -> None:
        class Interrupted(Tables):
            def drop_files(self, *_: object, **__: object) -> None:
                raise KeyboardInterrupt

        delivery_id = counter.taken({"a.csv": a_list(CHILD)})
        counter.worker.work()
        counter.command("commit-delivery", delivery_id=str(delivery_id))
        with closing(
            Interrupted(dsn=counter.office.database.app, vault=counter.office.vault, clock=counter.clock)
        ) as tables:
            dying = Worker(
                deliveries=counter.deliveries, intake=counter.office.intake, tables=tables, clock=counter.clock
            )
            with pytest.raises(KeyboardInterrupt):
                dying.work()
        assert counter.stored("select count(*) from delivery_file") == [(1,)]

        counter.worker.work()

        assert counter.stored("select count(*) from delivery_file") == [(0,)]


class TestCancelling:
    def test_drops_the_files_and_changes_nothing(self, counter: Counter) -> None:
        delivery_id = counter.taken({"a.csv": a_list(CHILD)})
        counter.worker.work()
        assert counter.command("cancel-delivery", delivery_id=str(delivery_id), reason="送错").status_code == 200
        counter.worker.work()

        assert counter.seen(delivery_id)["state"] == "cancelled"
        assert counter.stored("select count(*) from delivery_chunk") == [(0,)]
        assert counter.office.lookup.batches_in_force() == {}
        assert counter.taken({"a.csv": a_list(CHILD)}) != delivery_id

    def test_while_it_is_taken_in_stops_at_the_next_step_and_leaves_whole_ones(self, counter: Counter) -> None:
        delivery_id = counter.taken({"a.csv": a_list(CHILD)})

        class Watched(Lookup):
            def put_in_force(self, *arguments: Any, **more: Any) -> None:
                super().put_in_force(*arguments, **more)
                counter.command("cancel-delivery", delivery_id=str(delivery_id), reason="送错")

        counter.worker.work()
        counter.command("commit-delivery", delivery_id=str(delivery_id))
        with closing(
            Watched(dsn=counter.office.database.app, vault=counter.office.vault, key_secret=KEY_SECRET)
        ) as own:
            counter.hired(own).work()

        assert counter.seen(delivery_id)["state"] == "cancelled"
        assert len(counter.office.lookup.batches_in_force()) == 1
        assert children_of(counter.office) == {}

    def test_is_done_by_time_where_nobody_decides(self, counter: Counter) -> None:
        delivery_id = counter.taken({"a.csv": a_list(CHILD)})
        counter.worker.work()
        counter.clock.step(UNDECIDED + days(1))

        counter.worker.work()

        assert counter.seen(delivery_id)["state"] == "cancelled"


class TestAFault:
    def test_of_ours_puts_a_delivery_off_and_lets_the_others_go_on(self, counter: Counter) -> None:
        class Faulty(Tables):
            def files(self, upload_id: UUID) -> list[tuple[int, str]]:
                if upload_id == faulty:
                    raise RuntimeError
                return super().files(upload_id)

        first = counter.taken({"a.csv": a_list(CHILD)})
        [(faulty,)] = counter.stored("select upload_id from delivery_work")
        second = counter.taken({"b.csv": a_list(CHILD, CHILD.replace("燕归来", "燕小乙"))})
        with closing(
            Faulty(dsn=counter.office.database.app, vault=counter.office.vault, clock=counter.clock)
        ) as tables:
            Worker(
                deliveries=counter.deliveries, intake=counter.office.intake, tables=tables, clock=counter.clock
            ).work()
        assert [counter.seen(delivery_id)["state"] for delivery_id in (first, second)] == ["handed_in", "previewed"]

        counter.worker.work()

        assert counter.seen(first)["state"] == "previewed"


class TestTheClock:
    def test_begins_the_work_and_is_not_held_up_by_it(self, counter: Counter) -> None:
        delivery_id = counter.taken({"a.csv": a_list(CHILD)})

        counter.worker.look()
        counter.worker.look()
        counter.worker.close()

        assert counter.seen(delivery_id)["state"] in {"handed_in", "previewed"}, "whole steps only"


class TestOneAtATime:
    def test_nothing_is_worked_on_while_somebody_else_is_at_it(self, counter: Counter) -> None:
        delivery_id = counter.taken({"a.csv": a_list(CHILD)})
        with counter.office.intake.alone():
            counter.worker.work()
            assert counter.seen(delivery_id)["state"] == "handed_in"

        counter.worker.work()

        assert counter.seen(delivery_id)["state"] == "previewed"


class TestWhatNobodyAsksForAnyMore:
    def test_goes(self, counter: Counter) -> None:
        counter.tables.keep_file(uuid4(), number=1, name="a.csv", content=b"x")
        delivery_id = counter.taken({"b.csv": a_list(CHILD.replace("2015-06-07", "某月某日"))})
        counter.commit(delivery_id)
        assert counter.stored("select count(*) from delivery_file") == [(2,)]

        counter.clock.step(ABANDONED + KEPT)
        counter.worker.look()

        assert counter.stored("select count(*) from delivery_file") == [(0,)]


def test_a_file_comes_back_as_it_was_handed_in(counter: Counter) -> None:
    text = StringIO()
    csv.writer(text).writerows([[str(number), "燕" * 50] for number in range(9000)])
    content = text.getvalue().encode()
    counter.taken({"a.csv": content})
    [(upload_id,)] = counter.stored("select upload_id from delivery_work")

    [(number, name)] = counter.tables.files(upload_id)
    assert (number, name) == (1, "a.csv")
    kept = counter.tables.content(upload_id, number)
    assert hashlib.sha256(kept).digest() == hashlib.sha256(content).digest()
    [(delivery_id,)] = counter.stored("select delivery_id from delivery_work")
    assert counter.office.roster.get(Delivery, delivery_id).sha256 == (hashlib.sha256(content).hexdigest(),)


def test_the_platforms_list_is_handed_out_as_it_came_to_whoever_answers_it(counter: Counter) -> None:
    header = "序号,疑似辍学编号,姓名,性别,身份证件号,户籍所在地,下发日期,核查期限"
    rows = ("1,YS1,燕归来,女,41032620150607062X,小店镇,2026-09-10,2026-09-30", "2,YS2,'=燕,男,,,2026-09-10,2026-09-30")
    counter.commit(counter.taken({"疑似.csv": a_list(*rows, header=header)}))

    listed = counter.api.get("/suspects", headers=counter.headers())
    others = counter.api.get("/suspects", headers=counter.headers(THIS_SCHOOL))

    assert [(each["row"], *each["cells"][:2]) for each in listed.json()] == [(1, "YS1", "燕归来"), (2, "YS2", "'=燕")]
    assert listed.json()[0]["cells"][3:] == ["41032620150607062X", "小店镇", "2026-09-10", "2026-09-30"]
    assert (others.status_code, others.json()["code"]) == (403, "FORBIDDEN")
