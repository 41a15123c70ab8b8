"""One register file as it was handed in 登记册批次: what it was, how much of it could be read, by whom and when.

The batch's id is derived from the file's content, so the same file twice is the same batch. A batch is the whole register's
word, or that of one unit's `part` of it (`school:…`, `township:…`).
"""

from typing import Any, ClassVar
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event

_BATCHES = UUID("6d0f2f0e-8d0b-5b0e-9a51-2f4c7e1a9b10")


class RegisterBatch(RecordedAggregate):
    """A batch of register rows."""

    TOPIC = "roster.RegisterBatch"

    class Loaded(RecordedAggregate.Event, Created):
        """The file was read and its rows kept 入库."""

        TOPIC = "roster.RegisterBatch.Loaded"
        register: str
        rows: int
        rejected: int
        sha256: str
        part: str

        class_version: ClassVar[int] = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Before there were parts, a batch was the whole register's."""
            state["part"] = ""

    @staticmethod
    def id_of(*, register: str, sha256: str, part: str = "") -> UUID:
        """The id of the batch that this content is."""
        return uuid5(_BATCHES, f"{register}/{part}/{sha256}" if part else f"{register}/{sha256}")

    @classmethod
    def load(cls, *, register: str, sha256: str, rows: int, rejected: int, part: str = "") -> "RegisterBatch":
        """Takes a read file in."""
        batch_id = cls.id_of(register=register, sha256=sha256, part=part)
        return cls._create(
            cls.Loaded, id=batch_id, register=register, rows=rows, rejected=rejected, sha256=sha256, part=part
        )

    @event(Loaded)
    def __init__(self, register: str, rows: int, rejected: int, sha256: str, part: str) -> None:
        self.register = register
        self.part = part
        self.rows = rows
        self.rejected = rejected
        self.sha256 = sha256
