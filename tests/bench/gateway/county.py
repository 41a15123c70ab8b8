"""The rows everybody is measured on: children of invented counties, half of them with an open case, no names of anybody.

Twenty counties of ten townships each hold the same number of children, so a page, a count and a reach have the size they have
in one county, whatever the whole has.
"""

import hashlib
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import psycopg

from gateway.readmodel.migrate import migrate
from gateway.readmodel.partition import recount

COUNTIES: Final = tuple(f"4103{number}" for number in range(10, 30))
TOWNSHIPS: Final = tuple(f"{county}{number}" for county in COUNTIES for number in range(101, 111))

_CHILDREN = """
    insert into child (child_id, township, village, sex, school, school_name, stage, grade, schooling_status,
        accounted_state, accounted_reason, open_case_id)
    select md5('child/' || n)::uuid, t.code, t.code || '001', case mod(n, 2) when 0 then '男' else '女' end, '3141000300',
        '第一初级中学', '初中', '七年级', '在籍', (array['in_seat', 'suspect', 'placed', 'in_seat'])[mod(n / cardinality(%(townships)s::text[]), 4) + 1], '在校名单',
        case mod(n / cardinality(%(townships)s::text[]), 2) when 0 then md5('case/' || n)::uuid end
    from generate_series(0, %(children)s - 1) n
    join unnest(%(townships)s::text[]) with ordinality t(code, number) on t.number = mod(n, cardinality(%(townships)s::text[])) + 1"""
_NAMES = """
    insert into child_identity (child_id, township, name, id_number, birth_date, id_last4)
    select child_id, township, '某某', '', date '2010-01-01' + mod(n / cardinality(%(townships)s::text[]) * 97, 5000), ''
    from generate_series(0, %(children)s - 1) n join child on child_id = md5('child/' || n)::uuid"""
_CASES = """
    insert into case_file (case_id, child_id, state, cause, township, opened_on, owed_step, owed_by, owed_due_on)
    select open_case_id, child_id, 'confirmed', 'not_in_seat', township, date '2026-09-01', 'persuade', 'school',
        date '2026-12-01'
    from child where open_case_id is not null"""
_FOR_POSTGRAPHILE = """
    comment on table child is E'@foreignKey (open_case_id) references case_file (case_id)';
    comment on table child_identity is E'@foreignKey (child_id) references child (child_id)';
    comment on table case_file is E'@foreignKey (child_id) references child (child_id)';
    create or replace view township_count with (security_invoker = true) as
        select township, count(*)::integer as children from child where merged_into is null group by township;
    grant select on township_count to gateway_reader"""
"""What a program that reads the schema from the database has to be told; nobody else looks at it."""


def child_id(number: int) -> UUID:
    """The id of a child by its number; `number % 200` tells its township, and every other one of a township has an open case."""
    return UUID(hashlib.md5(f"child/{number}".encode(), usedforsecurity=False).hexdigest())


def child_of(township: str, *, place: int) -> UUID:
    """The id of one of a township's children, by its place among them."""
    return child_id(TOWNSHIPS.index(township) + place * len(TOWNSHIPS))


def fill(dsn: str, *, children: int) -> Mapping[str, int]:
    """Writes the rows, unless they are there; gives how many there are. `dsn` is a superuser's."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        migrate(connection)
        given = {"children": children, "townships": list(TOWNSHIPS)}
        [(there,)] = connection.execute("select count(*) from child").fetchall()
        if there != children:
            connection.execute("truncate child, child_identity, case_file")
            with connection.transaction():
                for statement in (_CHILDREN, _NAMES, _CASES):
                    connection.execute(statement, given)
                recount(connection)
        connection.execute(_FOR_POSTGRAPHILE)
        connection.execute("vacuum analyze child, child_identity, case_file, partition_count")
        [counts] = connection.execute(
            "select (select count(*) from child), (select count(*) from case_file)"
        ).fetchall()
        return {"children": counts[0], "cases": counts[1]}
