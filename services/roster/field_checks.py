"""The commands of the field check 摸排 (N1.8): lists go out by village, come back, are handed in by township, and accepted.

What the accepted version found comes into the registers as any list does: as a delivery of the township, previewed and then
committed. So it is linked and compared by the same engine, and a person met at a door becomes a child like any other.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid4

import msgspec

from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer
from services.chassis.errors import Forbidden, NotFound, Refused
from services.contracts.divisions import DIVISIONS
from services.roster.application import Roster
from services.roster.domain.child import Child
from services.roster.domain.delivery import Delivery
from services.roster.domain.field_check import FieldCheck, Found
from services.roster.domain.field_round import FieldRound
from services.roster.field_words import FieldWords
from services.roster.reconcile.registers import FIELDS

MOST_LISTS: Final = 200
"""Lists that go out, or sheets that come back, at once; a township has some twenty villages."""

COLUMNS: Final = (
    "name",
    "sex",
    "id_number",
    "student_number",
    "birth_date",
    "township",
    "village",
    "guardian_name",
    "guardian_phone",
    "found",
    "visited_on",
    "note",
)
"""The fields of the register that an accepted version is made of."""

HandIn = Callable[[str, str, bytes], Delivery]
"""Unit, file name and content: keeps the file and makes the delivery that it is, not yet recorded."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What one sheet says of one list: `sheet` is its hash, `met` people whom no register knows, as cells by field."""

    field_check_id: UUID
    sheet: str
    answers: Mapping[UUID, tuple[Found, date | None]]
    remarks: Mapping[UUID, str]
    met: Sequence[Mapping[str, str]]


class FieldChecks:
    """Everything that can be asked about the field check."""

    def __init__(self, *, roster: Roster, words: FieldWords, hand_in: HandIn) -> None:
        self.roster = roster
        self._words = words
        self._hand_in = hand_in

    @property
    def commands(self) -> tuple[Callable[..., Answer], ...]:
        """What can be asked from outside; sheets come by a door of their own."""
        return (
            self.open_field_check,
            self.settle_field_check,
            self.make_submission,
            self.accept_submission,
            self.return_submission,
        )

    def open_field_check(
        self,
        *,
        round: str,  # noqa: A002  # the field's word
        township: str,
        villages: dict[str, list[UUID]],
        due_on: date,
    ) -> Answer:
        """Sends the lists of these villages out 下发, children by village; all of them or none."""
        if not 0 < len(villages) <= MOST_LISTS:
            raise Refused(f"一次下发 1 至 {MOST_LISTS} 个村 / 1 to {MOST_LISTS} villages at once.")
        checks = [
            FieldCheck.open(
                round=round, township=township, village=village, children=children, due_on=due_on, today=today()
            )
            for village, children in sorted(villages.items())
        ]
        lists = [check.id for check in checks]
        standing = self.roster.find(FieldRound, FieldRound.id_of(round=round, township=township))
        if standing is None:
            standing = FieldRound.begin(round=round, township=township, lists=lists)
        else:
            standing.extend(lists)
        return self.roster.record(standing, *checks, answer=lists[0] if len(lists) == 1 else standing.id)

    def take_sheets(self, sheets: Sequence[Returned]) -> Answer:
        """Takes sheets back 回收, all or none; a sheet that was taken before changes nothing."""
        checks: dict[UUID, FieldCheck] = {}
        for sheet in sheets:
            check = checks.get(sheet.field_check_id) or self.own_list(sheet.field_check_id)
            checks[check.id] = check
            self._take(check, sheet)
        return self.roster.record(*checks.values())

    def own_list(self, field_check_id: UUID) -> FieldCheck:
        """A list that whoever acts may answer; raises `NotFound` or `Forbidden`."""
        check = self.roster.get(FieldCheck, field_check_id)
        check.must_be_of(who_acts().department)
        return check

    def _take(self, check: FieldCheck, sheet: Returned) -> None:
        known = self._words.find(check.words_id)
        words = known.with_more(remarks=dict(sheet.remarks), met=[dict(person) for person in sheet.met])
        words_id = None if words == known or sheet.sheet in check.sheets else uuid4()
        if words_id is not None:
            check.must_be_open()
            self._words.keep(words_id, field_check_id=check.id, words=words)
        check.take(
            sheet=sheet.sheet,
            answers=sheet.answers,
            met=len(words.met) - len(known.met),
            words_id=words_id,
            today=today(),
        )

    def settle_field_check(self, *, field_check_id: UUID, child_id: UUID, found: str, reason: str) -> Answer:
        """Decides which of two contradicting answers holds 裁定."""
        check = self.roster.get(FieldCheck, field_check_id)
        if who_acts().department.partition(":")[0] == "village":
            raise Forbidden("由乡镇裁定 / the township decides between two sheets.")
        check.must_be_of(who_acts().department)
        check.settle(child_id=child_id, found=found, reason=reason, today=today())
        return self.roster.record(check)

    def make_submission(self, *, township: str, round: str) -> Answer:  # noqa: A002
        """Hands a township's round in as its next version 上报; the answer names the version."""
        standing = self._round(township, round)
        checks = [self.roster.get(FieldCheck, check_id) for check_id in sorted(standing.lists)]
        for check in checks:
            check.lock()
        standing.submit(checks, sha256=self._digest(checks), by=who_acts().department, today=today())
        return self.roster.record(standing, *checks, answer=FieldRound.submission_of(standing.id, standing.handed_in))

    def accept_submission(self, *, township: str, round: str, version: int) -> Answer:  # noqa: A002
        """Countersigns a version 接收会签; what it found waits as a delivery of the township, to be previewed and committed."""
        standing = self._round(township, round)
        standing.must_wait(version, by=who_acts().department)
        checks = [self.roster.get(FieldCheck, at.field_check_id, version=at.version) for at in standing.submitted]
        rows = [row for check in checks for row in self._rows(check)]
        delivery = None
        if rows:
            name = f"摸排 {DIVISIONS.name_of(township)} {round} 第{version}版.csv"
            delivery = self._hand_in(f"township:{township}", name, _as_csv(rows))
        standing.accept(version, delivery_id=delivery.id if delivery else None, by=who_acts().department, today=today())
        answer = self.roster.record(
            standing, *([delivery] if delivery else []), answer=FieldRound.submission_of(standing.id, version)
        )
        self._words.drop([check.id for check in checks])
        return answer

    def return_submission(self, *, township: str, round: str, version: int, reason: str) -> Answer:  # noqa: A002
        """Gives a version back 退回补正; the township's lists are open again."""
        standing = self._round(township, round)
        standing.give_back(version, reason=reason, by=who_acts().department, today=today())
        checks = [self.roster.get(FieldCheck, at.field_check_id) for at in standing.submitted]
        for check in checks:
            check.unlock()
        return self.roster.record(standing, *checks, answer=FieldRound.submission_of(standing.id, version))

    def _round(self, township: str, round: str) -> FieldRound:  # noqa: A002
        standing = self.roster.find(FieldRound, FieldRound.id_of(round=round, township=township))
        if standing is None:
            raise NotFound("该乡镇没有这一轮摸排 / this township has no such round.")
        return standing

    def _digest(self, checks: Sequence[FieldCheck]) -> str:
        """The hash of all that a version says: each child and what was found, and the words beside."""
        digest = hashlib.sha256()
        for check in checks:
            words = self._words.find(check.words_id)
            found = sorted((str(child), check.found.get(child, "")) for child in check.children)
            remarks = sorted((str(child), text) for child, text in words.remarks.items())
            digest.update(msgspec.json.encode([check.village, found, remarks, words.met]) + b"\n")
        return digest.hexdigest()

    def _rows(self, check: FieldCheck) -> Iterator[dict[str, str]]:
        """What a list found as rows of the register: children of whom something is known, and whom nobody knew."""
        words = self._words.find(check.words_id)
        place = {
            "township": DIVISIONS.name_of(check.township),
            "village": DIVISIONS.name_of(check.village) or check.village,
        }
        for child_id, found in sorted(check.found.items()):
            child = self.roster.get(Child, child_id)
            if child.closed:
                continue
            told = child.identity
            visited_on = check.visited.get(child_id)
            yield {
                **place,
                "name": told.name,
                "sex": {"male": "男", "female": "女"}.get(told.sex, told.sex),
                "id_number": told.id_number,
                "student_number": child.student_numbers.current,
                "birth_date": told.birth_date,
                "guardian_name": told.guardian_name,
                "guardian_phone": told.guardian_phone,
                "found": found,
                "visited_on": visited_on.isoformat() if visited_on else "",
                "note": words.remarks.get(child_id, ""),
            }
        for person in words.met:
            yield {**person, **place}


def _as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([FIELDS[field][0] for field in COLUMNS])
    writer.writerows([row.get(field, "") for field in COLUMNS] for row in rows)
    return text.getvalue().encode()
