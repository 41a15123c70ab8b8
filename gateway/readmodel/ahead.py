"""Batches taken into a read model that nobody else writes, the next one folded while the one before is written.

PostgreSQL takes as long to write a batch as Python takes to fold it, and each has a processor of its own. So a batch is folded on
top of what is written and of what the one before it has changed (`Taker.prepare`), while a thread writes that one. It is the fold,
the settling and the writing of every batch; only who waits for whom differs. Where something of a batch has to be parked, or
can't be written after all, it is taken by `Taker.take` alone, and so is the one that was folded on top of it.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from gateway.readmodel.rows import Connection
from gateway.readmodel.taker import Prepared, Taker, is_the_events_fault
from services.chassis.log import Record


class Ahead:
    """Takes batches with one thread besides; for one thread, which closes it by leaving its context."""

    def __init__(self, taker: Taker, *, reading: Connection, writing: Connection) -> None:
        self._taker = taker
        self._reading = reading
        self._writing = writing
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gateway rebuild")
        self._at_hand: tuple[Prepared, Future[None]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def take(self, records: Sequence[Record]) -> None:
        """Folds a batch and has it written; raises what `Taker.take` raises, for this batch or the one before."""
        after = self._at_hand[0] if self._at_hand is not None else None
        prepared = self._taker.prepare(self._reading, records, after=after)
        if not self.finish() or prepared is None:
            self._taker.take(self._writing, records)
        else:
            self._at_hand = prepared, self._thread.submit(self._taker.write, self._writing, prepared)

    def finish(self) -> bool:
        """Waits until all that was taken is written; False where that went another way than it was prepared."""
        if self._at_hand is None:
            return True
        (prepared, written), self._at_hand = self._at_hand, None
        try:
            written.result()
        except Exception as error:
            if not is_the_events_fault(error):
                raise
            self._taker.take(self._writing, prepared.records)
            return False
        return True
