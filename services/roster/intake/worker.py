"""What waits is read, previewed and, once somebody has accepted it, taken in: on a thread of its own beside the clock.

One delivery at a time in all processes of the service, under `Lookup.claim`. Every step can be repeated, so whatever happens a
delivery goes on where its last whole step ended: what the events say decides what is next, never the table of progress. A
cancelled delivery and a process that stops are noticed between two reports of progress, which come at least with every lot.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from threading import Event, Lock, Thread
from typing import Final
from uuid import UUID, uuid4

from msgspec.structs import replace

from services.chassis.aggregate import Caused, acting
from services.chassis.clock import Clock, china_date
from services.chassis.errors import Refused
from services.chassis.runtime import by_the_clock
from services.roster.deliveries import Deliveries
from services.roster.domain.delivery import OPEN, REGISTERS_OF, Delivery
from services.roster.intake.loading import File, Intake, Read
from services.roster.intake.rejects import workbook_of
from services.roster.intake.tables import REJECTS, Again, Place, Report, Tables, Work
from services.roster.lookup import Busy, Claim
from services.roster.reconcile.model import CALLED, Register
from services.roster.reconcile.reading import Unknown
from services.roster.reconcile.registers import missing_for, to_map

TELL_EVERY_S: Final = 0.5
"""How often progress is written, and looked at whether to go on, within a step."""
STOP_S: Final = 60.0
PUT_OFF_S: Final = 60.0
"""How long a delivery waits that failed for a reason of ours, so that it does not keep the others waiting."""
UNDECIDED: Final = timedelta(days=30)
"""After how long a preview that nobody acts upon is withdrawn."""
PLACES_SHOWN: Final = 200
LIKELY_SHOWN: Final = 2
"""Registers of which a clerk is told the columns where none is nearer than another."""
PASSED_OVER: Final = "no row: a sum, a note, or a header said again (合计、备注或重复的表头，未作为名册行)"
RAN_OUT: Final = "预览后逾期未确认入库"
NOTHING: Final = "送来的文件中没有可收的行"
UNREADABLE: Final = "文件无法读取，详见退回说明"

logger = logging.getLogger(__name__)


class _Stopped(Exception):
    """The process ends, or the delivery was cancelled: what is whole stays, the rest is left."""


class Worker:
    """Works on the deliveries that wait; `look` never takes long, `work` does what there is to do."""

    def __init__(self, *, deliveries: Deliveries, intake: Intake, tables: Tables, clock: Clock) -> None:
        self._deliveries = deliveries
        self._intake = intake
        self._tables = tables
        self._clock = clock
        self._stopping = Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._put_off: dict[UUID, float] = {}

    def look(self) -> None:
        """Begins to work, on a thread of its own, where something waits and nobody in this process is at it."""
        self._tables.drop_stale()
        with self._lock:
            if self._stopping.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            waits = any(self._next(work) is not None for work in self._tables.open_work())
            if waits or self._tables.waiting_comparisons():
                self._thread = Thread(target=self._run, name="roster deliveries", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Ends after the lot at hand."""
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout=STOP_S)

    def work(self) -> None:
        """Does all there is to do now; returns at once where another process is at it."""
        for waiting in self._tables.open_work():
            step = self._next(waiting)
            if step is None or self._put_off.get(waiting.delivery_id, 0.0) > time.monotonic():
                continue
            try:
                with self._intake.alone() as claim:
                    step(claim)
            except Busy:
                return
            except _Stopped:
                continue
            except Exception as error:  # noqa: BLE001  # it is tried again, after the others had their turn
                logger.error("a delivery failed: %s", type(error).__name__)  # noqa: TRY400
                self._put_off[waiting.delivery_id] = time.monotonic() + PUT_OFF_S

    def compare(self) -> None:
        """Makes the comparisons that were asked for; returns at once where another process is at work."""
        for again in self._tables.waiting_comparisons():
            if self._put_off.get(again.comparison_id, 0.0) > time.monotonic():
                continue
            try:
                with self._intake.alone() as claim:
                    self._compare(again, claim)
            except Busy:
                return
            except _Stopped:
                continue
            except Exception as error:  # noqa: BLE001  # it is tried again later, and can be asked for anew
                logger.error("a comparison failed: %s", type(error).__name__)  # noqa: TRY400
                self._put_off[again.comparison_id] = time.monotonic() + PUT_OFF_S

    def _compare(self, again: Again, claim: Claim) -> None:
        """Compares the registers in force in the name of whoever asked; a day that is past is only counted."""
        last = ""

        def tell(step: str, done: int, total: int) -> None:
            nonlocal last
            if step != last or done == total:
                last = step
                claim.renew()
                if self._stopping.is_set():
                    raise _Stopped
                self._tables.tell_comparison(again.comparison_id, step=step, done=done, total=total)

        asked, now = again.asked, self._clock.now()
        caused = Caused(
            actor=asked.actor,
            department=asked.department,
            purpose=asked.purpose,
            at=now,
            command_id=uuid4(),
            correlation_id=asked.correlation_id,
            causation_id=asked.command_id,
        )
        with acting(caused):
            if again.as_of == china_date(now):
                self._intake.comparison.compare(as_of=again.as_of, progress=tell)
            else:
                self._intake.comparison.look_back(as_of=again.as_of, progress=tell)
        self._tables.tell_comparison(again.comparison_id, step="made", done=1, total=1, over=True)

    def _run(self) -> None:
        try:
            self.work()
            self.compare()
        except Exception as error:  # noqa: BLE001  # the next look begins again; what is whole is kept
            logger.error("deliveries failed: %s", type(error).__name__)  # noqa: TRY400

    def _next(self, work: Work) -> Callable[[Claim], None] | None:
        """What is to be done about a delivery now, None where a person decides next."""
        delivery = self._deliveries.roster.find(Delivery, work.delivery_id)
        if delivery is None:
            return None  # its event is just being recorded, or never was; then the upload goes stale
        match delivery.state:
            case "handed_in":
                return partial(self._preview, work, delivery)
            case "accepted":
                return partial(self._commit, work, delivery)
            case "previewed" if self._clock.now() - work.handed_in > UNDECIDED:
                return partial(self._lapse, work)
            case "previewed":
                return None
            case ended:
                return partial(self._tidy, work, ended)

    def _preview(self, work: Work, delivery: Delivery, claim: Claim) -> None:
        """Reads the files and says what they would change."""
        tell = self._telling(work, claim)
        with acting(by_the_clock(self._clock)):
            try:
                read = self._read(work, delivery, tell)
                self._keep_findings(work, read)
                _check(read, delivery)
                preview = self._intake.preview(read, as_of=china_date(self._clock.now()), progress=tell)
            except Refused as refused:
                self._refuse(work, refused)
                return
            self._go_on(work.delivery_id)
            self._deliveries.preview(
                work.delivery_id,
                rows=preview.rows,
                rejected=preview.rejected,
                missed=preview.missed,
                said=preview.said,
                doubts=preview.doubts,
            )
        self._tables.tell(work.delivery_id, step="previewed", done=1, total=1)

    def _commit(self, work: Work, delivery: Delivery, claim: Claim) -> None:
        """Takes the files in and compares, in the name of whoever accepted them."""
        tell = self._telling(work, claim)
        with acting(self._for(delivery)):
            try:
                read = self._read(work, delivery, tell)
                _check(read, delivery)
            except Refused as refused:
                self._refuse(work, refused)
                return
            loaded = self._intake.load(read, progress=tell)
            del read
            as_of = china_date(self._clock.now())
            self._intake.comparison.compare(as_of=as_of, progress=tell)
            self._go_on(work.delivery_id)
            self._deliveries.finish(work.delivery_id, batches=tuple(loaded.batches.values()))
        self._tidy(work, "committed", claim)

    def _lapse(self, work: Work, claim: Claim) -> None:
        with acting(by_the_clock(self._clock)):
            self._deliveries.lapse(work.delivery_id, reason=RAN_OUT)
        self._tidy(work, "cancelled", claim)

    def _tidy(self, work: Work, ended: str, _claim: Claim) -> None:
        """The files of a delivery that is over go; last, so that a crash before leaves it to be done."""
        self._tables.drop_files(work.upload_id, keep_rejects=True)
        self._tables.end_work(work.delivery_id, step=ended)

    def _read(self, work: Work, delivery: Delivery, tell: Callable[[str, int, int], None]) -> Read:
        files = [
            File(name, partial(self._tables.content, work.upload_id, number))
            for number, name in self._tables.files(work.upload_id)
        ]
        namings = self._deliveries.namings(delivery.unit)
        done = iter(range(len(files) + 1))

        def told(_name: str, at: int, _total: int) -> None:
            if at == 0:  # names of files may name people, and progress stands in the clear
                tell("read", next(done), len(files))

        return self._intake.read(files, part=delivery.part, namings=namings, keep_spoilt=True, progress=told)

    def _keep_findings(self, work: Work, read: Read) -> None:
        """Keeps what can't be read: where and why, and the workbook to correct it by."""
        reading = read.reading
        shown = tuple(
            Place(reject.register or "", reject.file, reject.sheet, reject.line, reject.column, reject.reason)
            for reject in reading.rejects[:PLACES_SHOWN]
        )
        passed = tuple(
            Place("", line.file, line.sheet, line.line, "", PASSED_OVER) for line in reading.passed[:PLACES_SHOWN]
        )
        report = Report(
            registers=read.counts,
            rejects=shown,
            rejected=len(reading.rejects),
            passed=passed,
            passed_over=reading.passed_over,
            replaces=self._intake.replaced(read),
        )
        self._tables.keep_report(work, report)
        if reading.rejects:
            content = workbook_of(reading.spoilt, rejects=reading.rejects, passed_over=reading.passed_over)
            self._tables.keep_file(work.upload_id, number=REJECTS, name="退回行.xlsx", content=content)

    def _refuse(self, work: Work, refused: Refused) -> None:
        """Says all of why to whoever handed it in, and to everybody else that it was so."""
        report = self._tables.report(work)
        self._tables.keep_report(work, replace(report, refused=str(refused)))
        self._deliveries.refuse(work.delivery_id, reason=NOTHING if isinstance(refused, _Empty) else UNREADABLE)

    def _for(self, delivery: Delivery) -> Caused:
        """Whoever accepted a delivery acts, now."""
        accepted = delivery.accepted_by
        if accepted is None:
            return by_the_clock(self._clock)
        return Caused(
            actor=accepted.actor,
            department=accepted.department,
            purpose=accepted.purpose,
            at=self._clock.now(),
            command_id=uuid4(),
            correlation_id=accepted.correlation_id,
            causation_id=accepted.command_id,
        )

    def _telling(self, work: Work, claim: Claim) -> Callable[[str, int, int], None]:
        """Writes progress, and raises where the work must not go on: at most every `TELL_EVERY_S` and at each new step."""
        last_step, last_told = "", 0.0

        def tell(step: str, done: int, total: int) -> None:
            nonlocal last_step, last_told
            if step == last_step and done < total and time.monotonic() - last_told < TELL_EVERY_S:
                return
            last_step, last_told = step, time.monotonic()
            claim.renew()
            self._go_on(work.delivery_id)
            self._tables.tell(work.delivery_id, step=step, done=done, total=total)

        return tell

    def _go_on(self, delivery_id: UUID) -> None:
        """Raises where the process ends or the delivery was cancelled meanwhile."""
        if self._stopping.is_set():
            raise _Stopped
        if self._deliveries.roster.get(Delivery, delivery_id).state not in OPEN:
            raise _Stopped


class _Empty(Refused):
    """No row of any register."""


def _check(read: Read, delivery: Delivery) -> None:
    """Raises `Refused`, with what to do, where there is nothing to take in or something that is not the unit's to bring."""
    if read.reading.unknown:
        among = [Register(register) for register in sorted(REGISTERS_OF[delivery.unit.partition(":")[0]])]
        raise Refused(_how_to_map(read.reading.unknown, among=among))
    if not read.rows:
        raise _Empty("没有可收的行：请检查文件 / there is no row to take in; look at the returned rows.")
    delivery.check_registers(map(str, read.rows))


def _how_to_map(unknown: Sequence[Unknown], *, among: Sequence[Register]) -> str:
    """What a clerk needs in order to map columns: which there are, what is missing, and what they can be mapped to."""
    lines = []
    for table in unknown[:10]:
        nearest, missing = missing_for(table.columns, among=among)
        likely = [nearest] if nearest is not None else [*among] if len(among) <= LIKELY_SHOWN else []
        told = [f"缺少栏目：{'、'.join(missing)}"] if missing else []
        told += (
            f"如为{CALLED[register]}({register})，可对应：{'、'.join(f'{called} {name}' for name, called in to_map(register).items())}"
            for register in likely
        )
        place = f"{table.file} {table.sheet}".strip()
        lines.append(
            f"{place}：栏目为 {'、'.join(filter(None, table.columns))[:500]}；{'；'.join(told) or '看不出是哪一类名册'}。"
        )
    return "认不出表头，请核对，或保存栏目对应(saveMapping)后重新送册。" + " ".join(lines)
