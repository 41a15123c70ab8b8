"""What the roster 花名册 asks somebody about and takes in, as tables of the map: the review queue, field checks, deliveries; see `map.py`."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Mapping
from typing import Final

from gateway.schema.table import TO_CHILD, Link, Table, columns, moment

SIDE_BY_SIDE = "{a}.register, {a}.batch_id, {a}.row, {a}.other_register, {a}.other_batch_id, {a}.other_row"
"""In which order pairs of rows are shown."""

_ROW = 'register text, batch_id uuid, "row" integer'
_TWO_ROWS = f"{_ROW}, other_register text, other_batch_id uuid, other_row integer"
_SIDES = "register batchId row otherRegister otherBatchId otherRow"

_OF_DOUBT = "{a}.doubt_id = {p}.doubt_id and {a}.child_id = {p}.child_id"
_OF_PAIR = "{a}.doubt_id = {p}.doubt_id and {a}.number = {p}.number"
_DOUBT = "reason score state raisedOn decision decisionReason decidedBy endedOn"

TABLES: Final = (
    Table(
        "FindingGround",
        "(select f.finding_id, f.child_id, f.township, f.village, f.school, g.* from finding f cross join lateral"
        ' jsonb_to_recordset(f.grounds) as g(register text, batch_id uuid, "row" integer, rule text))',
        columns("register batchId row rule"),
        placed=True,
    ),
    Table(
        "Source",
        "(select c.child_id, c.township, c.village, c.school, s.* from child c cross join lateral jsonb_to_recordset"
        '(c.sources) as s(fact text, register text, batch_id uuid, "row" integer, valid_on date, recorded_at timestamptz))',
        columns("fact register batchId row validOn", recordedAt=moment("{a}.recorded_at")),
        placed=True,
    ),
    Table(
        "ChildRow",
        "(select c.child_id, c.township, g.* from child_rows c cross join lateral"
        f" jsonb_to_recordset(c.grounds) as g({_ROW}))",
        columns("register batchId row"),
    ),
    Table(
        "RowLink",
        "(select c.child_id, c.township, l.* from child_rows c cross join lateral"
        f" jsonb_to_recordset(c.links) as l({_TWO_ROWS}, rule text, words text, score double precision))",
        columns(f"{_SIDES} rule words score"),
    ),
    Table(
        "MergeStep",
        "merge_step",
        columns("otherId what reason department", at=moment("{a}.at")),
    ),
    Table(
        "Doubt",
        "doubt",
        columns(_DOUBT, id="{a}.doubt_id"),
        {
            "child": TO_CHILD,
            "other": Link("Child", "{a}.child_id = {p}.other_id", names_no_other=True),
            "pairs": Link("RowPair", _OF_DOUBT, SIDE_BY_SIDE),
            "history": Link("DoubtStep", _OF_DOUBT, "{a}.at, {a}.step_id"),
        },
        pair=True,
    ),
    Table(
        "RowPair",
        "(select d.doubt_id, d.child_id, d.other_id, d.township, d.other_township, p.* from doubt d cross join lateral"
        f" rows from (jsonb_to_recordset(d.pairs) as ({_TWO_ROWS}, agree jsonb, differ jsonb)) with ordinality"
        " as p(register, batch_id, row, other_register, other_batch_id, other_row, agree, differ, number))",
        columns(_SIDES, agree="coalesce({a}.agree, '[]'::jsonb)", differ="coalesce({a}.differ, '[]'::jsonb)"),
        {
            "left": Link("DoubtRow", f"{_OF_PAIR} and {{a}}.child_id = {{p}}.child_id"),
            "right": Link("DoubtRow", f"{_OF_PAIR} and {{a}}.child_id = {{p}}.other_id"),
        },
        pair=True,
    ),
    Table(
        "DoubtRow",
        "doubt_row",
        columns(
            "name idNumber studentNumber birthDate sex guardianName guardianPhone place householdNumber schoolName grade"
            " schoolClass"
        ),
    ),
    Table(
        "DoubtStep",
        "doubt_step",
        columns("what reason score actor department", at=moment("{a}.at")),
        pair=True,
    ),
    Table("ChildDoubt", "doubt", columns(_DOUBT, id="{a}.doubt_id")),
    Table(
        "FieldCheck",
        "field_check",
        columns(
            "township village round children met openedOn dueOn answeredOn remindedOn escalatedOn",
            id="{a}.field_check_id",
            answered="cardinality({a}.answered)",
            conflicts="cardinality({a}.conflicts)",
        ),
        of_child=False,
        placed=True,
    ),
    Table(
        "FieldCheckAnswer",
        "field_check_answer",
        columns(
            "fieldCheckId childId township round found before conflict answeredOn settledReason settledOn",
            id="{a}.answer_id",
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "Submission",
        "submission",
        columns(
            "township round version villages children unanswered met sha256 state reason madeBy madeOn decidedBy decidedOn"
            " deliveryId",
            id="{a}.submission_id",
        ),
        of_child=False,
    ),
    Table(
        "Delivery",
        "delivery",
        columns(
            "unit part files state rows rejected childrenNew childrenChanged childrenMissed findingsRaised"
            " findingsResolved doubts reason handedInOn endedOn",
            id="{a}.delivery_id",
        ),
        of_child=False,
    ),
    Table(
        "ColumnMapping",
        "column_mapping",
        columns("unit register savedBy", id="{a}.mapping_id", savedAt=moment("{a}.saved_at")),
        {"columns": Link("MappedColumn", "{a}.mapping_id = {p}.mapping_id", "{a}.written")},
        of_child=False,
    ),
    Table(
        "MappedColumn",
        "(select m.mapping_id, m.township, m.unit, c.* from column_mapping m cross join lateral"
        " jsonb_to_recordset(m.columns) as c(written text, field text))",
        columns("written field"),
        of_child=False,
    ),
)

OWNER: Final[Mapping[str, str]] = {"Delivery": "unit", "ColumnMapping": "unit", "MappedColumn": "unit"}
"""The column that names the unit a row is `own` to."""
