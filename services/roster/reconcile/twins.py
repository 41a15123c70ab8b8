"""Rows whose number may be a brother's or sister's: a shared number under names that are only alike is no proof there.

Of twins, numbers and names get mixed up: a number is copied from the line above, two numbers change places, a name is written as it
sounds. Such rows are found here beforehand, so that they are weighed with their home and their namesakes in view instead of
being joined by the number at sight.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from services.roster.reconcile.model import Register
from services.roster.reconcile.normalise import sound_keys
from services.roster.reconcile.records import CLASS_LISTS, Record


def mixed_up(records: Sequence[Record], by_number: Mapping[str, Sequence[int]]) -> AbstractSet[int]:
    """The rows, by position, that may have somebody else's number.

    Those whose 学籍号 holds another number than the row, and one that a row of another name has as its own; and those of children
    whose name sounds like that of another child who was born on the same day, by the household register.
    """
    heard: dict[tuple[date, str], str] = {}
    alike: set[tuple[date, str]] = set()
    for record in records:
        if record.register is Register.HUKOU:
            for sound in sound_keys(record.name)[:1]:
                for birth in record.births:
                    if heard.setdefault((birth, sound), record.name) != record.name:
                        alike.add((birth, sound))
    days = {birth for birth, _ in alike}
    found: set[int] = set()
    for i, record in enumerate(records):
        number, older = record.number.valid, record.older_number.valid
        if not number or record.register in CLASS_LISTS:
            continue
        exchanged = older not in {"", number} and any(
            records[j].number.valid == older and records[j].name != record.name for j in by_number[older]
        )
        if (
            exchanged
            or (
                not days.isdisjoint(record.births)  # most are born on other days, and it is asked of every row
                and any((birth, s) in alike for birth in record.births for s in sound_keys(record.name)[:1])
            )
        ):
            found.add(i)
    return found
