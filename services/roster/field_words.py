"""What villages write about people while a round of the field check runs 摸排说明: remarks on children, and whom they met.

Each sheet that came back with words has a row here with all words of the list up to then. A remark is sealed under its child's
key, so it goes with the child; people met have no key yet and stand under the list's. The events name the row and hold no word
themselves. The rows go once the round was accepted, because by then what they say is in the register.
"""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from services.chassis.store import lent
from services.chassis.vault import Vault

TOPIC: Final = "roster.field_words"

SCHEMA: Final = """
create table if not exists field_words (
    words_id       uuid primary key,
    field_check_id uuid not null,
    remarks        jsonb not null,
    met            text not null
);
create index if not exists field_words_of on field_words (field_check_id);
"""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a list: the remark on each child, and the people met whom no register knows, each as cells by field."""

    remarks: dict[UUID, str] = {}
    met: tuple[dict[str, str], ...] = ()

    def with_more(self, *, remarks: dict[UUID, str], met: Iterable[dict[str, str]]) -> "Words":
        """These words and further ones; a later remark takes the earlier one's place, a person met twice stands once."""
        fresh = [person for person in met if _who(person) not in {_who(known) for known in self.met}]
        return Words(remarks={**self.remarks, **remarks}, met=(*self.met, *fresh))


def _who(person: dict[str, str]) -> tuple[str, ...]:
    return tuple(person.get(field, "") for field in ("name", "id_number", "birth_date", "guardian_name"))


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the table, as its owner; any number of times."""
    connection.execute(SCHEMA)
    grant = psycopg.sql.SQL("grant select, insert, update, delete on field_words to {}")
    connection.execute(grant.format(psycopg.sql.Identifier(app_role)))


class FieldWords:
    """The table."""

    def __init__(self, *, dsn: str, vault: Vault) -> None:
        self._pool = ConnectionPool(dsn, min_size=0, max_size=2, open=True, timeout=10, reconnect_timeout=5)
        self._vault = vault

    def close(self) -> None:
        """Lets go of the database."""
        self._pool.close()

    def keep(self, words_id: UUID, *, field_check_id: UUID, words: Words) -> None:
        """Keeps the words of a list; before the event that names them, so that it never names what is not there."""
        closed = self._vault.closed_among(words.remarks)
        remarks = {
            str(child_id): self._seal(text, words_id, subject=child_id)
            for child_id, text in words.remarks.items()
            if child_id not in closed
        }
        met = self._seal(msgspec.json.encode(words.met).decode(), words_id, subject=field_check_id)
        with self._connection() as connection:
            connection.execute(
                "insert into field_words (words_id, field_check_id, remarks, met) values (%s, %s, %s, %s)",
                (words_id, field_check_id, Jsonb(remarks), met),
            )

    def find(self, words_id: UUID | None) -> Words:
        """The words kept under an id, without those on who was erased; none where there are none, or any more."""
        if words_id is None:
            return Words()
        with self._connection() as connection:
            row = connection.execute("select remarks, met from field_words where words_id = %s", (words_id,)).fetchone()
        if row is None:
            return Words()
        opened = {UUID(child_id): self._open(token, words_id) for child_id, token in row[0].items()}
        met = self._open(row[1], words_id)
        return Words(
            remarks={child_id: text for child_id, text in opened.items() if text is not None},
            met=msgspec.json.decode(met, type=tuple[dict[str, str], ...]) if met else (),
        )

    def drop(self, field_checks: Collection[UUID]) -> None:
        """The words of these lists go."""
        with self._connection() as connection:
            connection.execute("delete from field_words where field_check_id = any(%s)", (list(field_checks),))

    def _seal(self, text: str, words_id: UUID, *, subject: UUID) -> str:
        return self._vault.seal(
            text, subject=subject, aggregate_id=words_id, version=1, stored_topic=TOPIC, field="words"
        )

    def _open(self, token: str, words_id: UUID) -> str | None:
        return self._vault.open(token, aggregate_id=words_id, version=1, stored_topic=TOPIC)

    def _connection(self) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
        return lent(self._pool, of="the roster's database")
