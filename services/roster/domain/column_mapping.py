"""How one unit calls the columns of one register 栏目对应: saved once by a clerk, used for every file the unit hands in."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused
from services.roster.domain.delivery import BUREAU, REGISTERS_OF

_MAPPINGS = UUID("0e5a7b19-6c34-5d0f-9b17-3f8d2c4a6e31")

MOST_COLUMNS: Final = 100
LONGEST: Final = 40
"""Characters of a column's name."""

_LONG_NUMBER: Final = re.compile(r"\d{6}")

NAMING: Final = frozenset({"name", "id_number", "disability_certificate"})
"""Fields of which a register needs one, so that a row is of somebody."""


class ColumnMapping(RecordedAggregate):
    """The columns of one unit's register, as it writes them, and the fields they are."""

    TOPIC = "roster.ColumnMapping"

    class Saved(RecordedAggregate.Event, Created):
        """A unit's columns were mapped for the first time 保存."""

        TOPIC = "roster.ColumnMapping.Saved"
        register: str
        unit: str
        columns: dict[str, str]

    class Replaced(RecordedAggregate.Event):
        """They were mapped anew 更改."""

        TOPIC = "roster.ColumnMapping.Replaced"
        columns: dict[str, str]

    class Deleted(RecordedAggregate.Event):
        """They are mapped no more 删除; files are read by the known names of columns again."""

        TOPIC = "roster.ColumnMapping.Deleted"

    class SavedAgain(RecordedAggregate.Event):
        """After they had been deleted they were mapped anew 重新保存."""

        TOPIC = "roster.ColumnMapping.SavedAgain"
        register: str
        unit: str
        columns: dict[str, str]

    @staticmethod
    def id_of(*, register: str, unit: str) -> UUID:
        """The id of a unit's mapping for a register."""
        return uuid5(_MAPPINGS, f"{unit}/{register}")

    @classmethod
    def save(
        cls, *, register: str, unit: str, columns: Mapping[str, str], fields: Collection[str], by: str
    ) -> "ColumnMapping":
        """Maps a unit's columns; `fields` are those there are, `by` the unit that acts."""
        _require_own(unit, by=by)
        kind = unit.partition(":")[0]
        if register not in REGISTERS_OF.get(kind, frozenset()):
            raise Refused(f"该单位不报送此类名册 / {kind} hands in no register called {register[:LONGEST]!r}.")
        mapping_id = cls.id_of(register=register, unit=unit)
        checked = _checked(columns, fields=fields)
        return cls._create(cls.Saved, id=mapping_id, register=register, unit=unit, columns=checked)

    def replace(self, columns: Mapping[str, str], *, fields: Collection[str], by: str) -> None:
        """Maps them anew; nothing where they are mapped so already."""
        _require_own(self.unit, by=by)
        checked = _checked(columns, fields=fields)
        if not self.columns:
            self.trigger_event(self.SavedAgain, register=self.register, unit=self.unit, columns=checked)
        elif checked != self.columns:
            self.trigger_event(self.Replaced, columns=checked)

    def delete(self, *, by: str) -> None:
        """Maps them no more; refused where they are not mapped."""
        _require_own(self.unit, by=by)
        if not self.columns:
            raise Refused("该名册没有栏目对应 / this register's columns are not mapped; there is nothing to delete.")
        self.trigger_event(self.Deleted)

    @event(Saved)
    def __init__(self, register: str, unit: str, columns: dict[str, str]) -> None:
        self.register = register
        self.unit = unit
        self.columns = columns

    @event(Replaced)
    def _replaced(self, columns: dict[str, str]) -> None:
        self.columns = columns

    @event(Deleted)
    def _deleted(self) -> None:
        self.columns = {}

    @event(SavedAgain)
    def _saved_again(self, columns: dict[str, str]) -> None:
        self.columns = columns


def _require_own(unit: str, *, by: str) -> None:
    if by != unit and by.partition(":")[0] != BUREAU:
        raise Forbidden("只能办理本单位的栏目对应 / a unit maps its own columns; the bureau may for any.")


def _checked(columns: Mapping[str, str], *, fields: Collection[str]) -> dict[str, str]:
    """The mapping in one order, or Refused with what is wrong about it."""
    if not 0 < len(columns) <= MOST_COLUMNS:
        raise Refused(f"A mapping names 1 to {MOST_COLUMNS} columns.")
    if any(not column.strip() or len(column) > LONGEST for column in columns):
        raise Refused(f"A column has a name, of at most {LONGEST} characters; map the words of the header line.")
    if any(_LONG_NUMBER.search(column) for column in columns):
        # A row of data mistaken for the header: it would be kept here in the clear for ever.
        raise Refused(
            "栏目名不含证件号、电话 / a column's name has no long number in it; map the words of the header line."
        )
    if unknown := sorted(set(columns.values()) - set(fields)):
        raise Refused(f"There is no field {', '.join(field[:LONGEST] for field in unknown)}.")
    given = list(columns.values())
    if twice := sorted({field for field in given if given.count(field) > 1}):
        raise Refused(f"两栏对应同一字段 / two columns are mapped to one field: {', '.join(twice)}.")
    if not NAMING & set(given):
        raise Refused(f"One of the columns has to be who a row is of: {', '.join(sorted(NAMING))}.")
    return dict(sorted(columns.items()))
