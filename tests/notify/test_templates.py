"""No notice can name a person: by what a template may name, and by what those names can be filled with."""

import re
from dataclasses import fields
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.notify.domain.templates import FIELDS, TEMPLATES, Facts, Template, Templates
from tests.notify.given import CASE, DAY

ROOT = {"case", "township", "step", "due", "unit"}
FILLED = st.builds(
    Facts,
    case=st.none() | st.uuids(),
    township=st.from_regex(r"([0-9]{6}|[0-9]{9})?", fullmatch=True),
    step=st.sampled_from([*TEMPLATES.steps]) | st.text(max_size=20),
    due=st.none() | st.dates(),
    unit=st.from_regex(r"[a-z]{1,9}:([0-9]{6}|[0-9]{9,10}|[0-9]{12})", fullmatch=True),
)


def test_a_template_can_name_five_things_none_of_them_a_person() -> None:
    assert FIELDS == ROOT == {field.name for field in fields(Facts)}


def test_every_shipped_template_names_only_these_and_can_be_written() -> None:
    for reason in TEMPLATES.by_reason:
        facts = Facts(case=CASE, township="410326103", step="verify", due=DAY, unit="township:410326103")
        text = TEMPLATES.write(reason, facts=facts)
        assert "{" not in text
        assert "小店镇" in text


@given(name=st.from_regex(r"[a-z_][a-z0-9_.\[\]]{0,20}", fullmatch=True).filter(lambda name: name not in ROOT))
def test_a_template_that_names_anything_else_never_loads(name: str) -> None:
    with pytest.raises(ValueError, match="case_opened"):
        Template(reason="case_opened", text=f"请{{{name}}}办理", matter="case", days=1)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{case",
        "case}",
        "{0}",
        "{case.hex}",
        "{unit[0]}",
        "{case!r}",
        "{due:%Y}",
        "{child_name}",
        "{guardian_phone}",
        "{case:{unit}}",
    ],
)
def test_no_way_around_through_the_format_language(text: str) -> None:
    with pytest.raises(ValueError, match="template x"):
        Template(reason="x", text=text, matter="case", days=1)


@given(facts=FILLED, reason=st.sampled_from(sorted(TEMPLATES.by_reason)))
def test_what_is_filled_in_is_a_word_of_a_table_a_date_or_a_short_code(facts: Facts, reason: str) -> None:
    template = TEMPLATES.by_reason[reason]
    tables = {*TEMPLATES.steps.values(), *TEMPLATES.kinds.values(), *TEMPLATES.areas.values()}
    words = "|".join(re.escape(word) for word in {*tables, "应办事项", "有关单位", "本县", "即日"})
    digits = r"(?<![0-9])(?:[0-9]{6}|[0-9]{9,10}|[0-9]{12})(?![0-9])"
    fillings = {
        "case": r"(?:[0-9a-f]{8})?",
        "township": f"(?:{words}|{digits})",
        "step": f"(?:{words})",
        "due": r"(?:即日|\d{4}-\d\d-\d\d)",
        "unit": f"(?:{words}){{1,2}}(?:（{digits}）)?",
    }
    shape = re.sub(r"\\{([a-z]+)\\}", lambda field: fillings[field[1]], re.escape(template.text))
    assert re.fullmatch(shape, TEMPLATES.write(reason, facts=facts))


@given(
    text=st.from_regex(r"[\u4e00-\u9fff]{2,4}|1[3-9][0-9]{9}|[0-9]{17}[0-9X]|[0-9]{15}", fullmatch=True).filter(
        lambda text: text not in TEMPLATES.steps
    )
)
def test_a_name_telephone_or_id_number_is_no_area_no_unit_and_no_step(text: str) -> None:
    for changed in ({"township": text}, {"unit": text}, {"unit": f"school:{text}"}):
        with pytest.raises(Refused):
            Facts(**{"case": None, "township": "", "step": "", "due": None, "unit": "school:3141000300", **changed})
    unnamed, typed = (
        Facts(case=None, township="", step=step, due=None, unit="school:3141000300") for step in ("", text)
    )
    assert TEMPLATES.write("case_opened", facts=typed) == TEMPLATES.write("case_opened", facts=unnamed)


def test_a_reason_without_a_template_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(Refused, match="case_opened"):
        TEMPLATES.get("gossip")


@given(due=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_there_is_time_to_acknowledge_but_not_beyond_what_is_due(due: date | None) -> None:
    template = TEMPLATES.get("case_opened")
    reply_by = template.reply_by(due=due, today=DAY)
    assert DAY <= reply_by <= DAY + timedelta(days=template.days)
    assert due is None or reply_by <= max(due, DAY)


def test_a_case_is_named_by_eight_digits_of_its_id() -> None:
    facts = Facts(case=UUID(int=0x1234 << 112), township="", step="verify", due=None, unit="school:3141000300")
    assert "个案12340000（本县）" in TEMPLATES.write("case_opened", facts=facts)


def test_a_template_of_an_unknown_kind_of_matter_never_loads() -> None:
    file = {
        "template": {"x": {"text": "请办理", "matter": "weather", "days": 1}},
        "steps": {},
        "kinds": {},
        "areas": {},
        "matters": {"case": "个案"},
    }

    with pytest.raises(ValueError, match="template x: weather"):
        Templates.of(file)


def test_of_a_reason_that_has_no_template_any_more_the_matter_is_unknown() -> None:
    assert TEMPLATES.matter_of("case_opened") == "case"
    assert TEMPLATES.matter_of("weather") == ""
