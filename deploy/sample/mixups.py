"""Further slips of one row: what belongs into another cell, numbers of an older form, and notes that tell people apart.

Like `slips`: each function strikes a draft in one field and says whether it could.
"""

from datetime import date
from random import Random

from deploy.sample.names import compose_given, compose_surname
from deploy.sample.slips import Draft


def told_apart(draft: Draft, rng: Random) -> bool:
    """A digit or letter behind the name, by which a school tells namesakes apart: a way of writing."""
    if not draft.name_is_right or draft.child.name.dotted:
        return False
    return draft.write_name(f"{draft.child.name}{rng.choice('12AB')}", states=draft.stated.name)


def former_name_noted(draft: Draft, rng: Random) -> bool:
    """The former name 曾用名 in brackets behind the name: a way of writing."""
    if not draft.name_is_right:
        return False
    former = draft.child.name.family + compose_given(sex=draft.child.sex, rng=rng)
    note = rng.choice((f"（曾用名：{former}）", f"(原名{former})", f"（又名{former}）"))
    return draft.write_name(f"{draft.child.name}{note}", states=draft.stated.name)


def both_surnames(draft: Draft, rng: Random) -> bool:
    """The other parent's surname put in after the first."""
    if not draft.name_is_right or draft.child.name.dotted:
        return False
    return draft.write_name(draft.child.name.family + compose_surname(rng) + draft.child.name.given)


def name_and_guardian_swapped(draft: Draft, _rng: Random) -> bool:
    """The guardian in the column of the child, and the child in that of the guardian."""
    guardian = draft.get("监护人姓名")
    if not guardian or not draft.name_is_right or not draft.claim("guardian"):
        return False
    draft.put("监护人姓名", str(draft.child.name))
    return draft.write_name(str(guardian))


def number_of_fifteen(draft: Draft, _rng: Random) -> bool:
    """The form before 1999: two digits of the year, no check. It states the same number."""
    number = draft.child.number or ""
    return draft.number_is_right and draft.write_number(number[:6] + number[8:17], states=number)


def labelled_number(draft: Draft, rng: Random) -> bool:
    """What kind of number it is, written before it: a way of writing."""
    number = draft.child.number or ""
    label = rng.choice(("身份证", "身份证号:", "居民身份证：", "'"))
    return draft.number_is_right and draft.write_number(label + number, states=number)


def phone_for_number(draft: Draft, _rng: Random) -> bool:
    """The telephone number in the column of the citizen number."""
    return draft.number_is_right and draft.write_number(draft.child.household.phone)


def birth_for_number(draft: Draft, _rng: Random) -> bool:
    """The birth date in the column of the citizen number."""
    return draft.number_is_right and draft.write_number(f"{draft.child.birth:%Y%m%d}")


def end_missing(draft: Draft, rng: Random) -> bool:
    """The last two to four characters missing."""
    number = draft.child.number or ""
    return draft.number_is_right and draft.write_number(number[: -rng.randint(2, 4)])


def two_digits(draft: Draft, rng: Random) -> bool:
    """Two digits wrong, in two places."""
    number = draft.child.number or ""
    if not draft.number_is_right:
        return False
    digits = list(number)
    for place in rng.sample(range(6, 17), 2):
        digits[place] = rng.choice([d for d in "0123456789" if d != digits[place]])
    return draft.write_number("".join(digits))


def certificate_slip(draft: Draft, rng: Random) -> bool:
    """A digit wrong in the number of a disability certificate."""
    certificate = str(draft.get("残疾人证号") or "")
    if len(certificate) < 20 or draft.stated.number != draft.child.number or not draft.claim("number"):
        return False
    place = rng.randrange(6, 17)
    digit = rng.choice([d for d in "0123456789" if d != certificate[place]])
    draft.put("残疾人证号", certificate[:place] + digit + certificate[place + 1 :])
    draft.state_number(certificate[:place] + digit + certificate[place + 1 : 18])
    return True


def birth_decade(draft: Draft, rng: Random) -> bool:
    """Ten years older or younger."""
    birth = draft.child.birth
    return draft.write_birth(date(birth.year + rng.choice((-10, 10)), birth.month, min(birth.day, 28)))


def both_guardians(draft: Draft, rng: Random) -> bool:
    """Both parents in the guardian's cell."""
    guardian = draft.get("监护人姓名")
    if not guardian or not draft.claim("guardian"):
        return False
    other = compose_surname(rng) + compose_given(sex=rng.choice(("男", "女")), rng=rng)
    draft.put("监护人姓名", rng.choice(("、", "，", "/", ";")).join((str(guardian), other)))
    return True
