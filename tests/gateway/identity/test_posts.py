"""The file that says where people sign in and who holds which post: what is refused before anybody could sign in by it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import load_policy
from gateway.identity.posts import Post, SignIn, read_sign_in
from services.chassis.clock import SteppedClock
from services.chassis.errors import Refused

CLOCK = SteppedClock(datetime(2026, 9, 14, tzinfo=UTC))
POLICY = load_policy()
HEAD = 'issuer = "https://id.test"\nclient_id = "baoxue"\naddress = "https://console.test/"\n'
OFFICE = '[[posts]]\nclaim = "groups"\nvalue = "/a"\nunit = "education_bureau:410326"\npurposes = ["dropout_control"]\n'
ROLES = '[[posts]]\nclaim = ["realm_access", "roles"]\nvalue = "b"\nkind = "village"\narea_claim = "code"\npurposes = ["dropout_control"]\n'


def read(folder: Path, text: str) -> SignIn | None:
    (folder / "sign-in.toml").write_text(text)
    return read_sign_in(folder / "sign-in.toml", policy=POLICY, clock=CLOCK)


def test_where_nothing_is_set_there_is_nowhere_to_sign_in(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("issuer = ", "can't be read"),
        (HEAD, "posts"),
        (HEAD.replace("https://id", "http://id") + OFFICE, "issuer is an https"),
        (HEAD.replace("https://console.test/", "console.test") + OFFICE, "address is an https"),
        (HEAD + OFFICE.replace("purposes", "purpose"), "can't be read.*purpose"),
        (HEAD + OFFICE.replace("dropout_control", "curiosity"), "post 1.*grants 'education_bureau' nothing for 'curiosity'"),
        (HEAD + OFFICE.replace("education_bureau:410326", "education_bureau"), "post 1.*is no unit"),
        (HEAD + OFFICE.replace("410326", "41"), "post 1.*is no unit"),
        (HEAD + OFFICE.replace("education_bureau", "landlord"), "post 1.*nothing"),
        (HEAD + OFFICE + ROLES.replace('area_claim = "code"\n', ""), "post 2.*area_claim"),
        (HEAD + OFFICE + OFFICE.replace('["dropout_control"]', "[]"), "post 2.*name a purpose"),
        (HEAD + OFFICE + 'role = "king"\n', "can't be read.*king"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_is_refused_by_the_line_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Refused, match=rf"sign-in\.toml(?s:.*){says}"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="BAOXUE_SIGN_IN"):
        read_sign_in(tmp_path / "sign-in.toml", policy=POLICY, clock=CLOCK)


@pytest.mark.parametrize(
    ("claims", "units"),
    [
        ({}, []),
        ({"groups": "/a"}, ["education_bureau:410326"]),
        ({"groups": ["/b", "/a", "/a"]}, ["education_bureau:410326"]),
        ({"groups": ["/A", "/a/", " /a"]}, []),
        ({"groups": {"/a": True}}, []),
        ({"groups": [["/a"]]}, []),
        ({"realm_access": {"roles": ["b"]}, "code": "410326103005"}, ["village:410326103005"]),
        ({"realm_access": {"roles": ["b"]}, "code": ["410326103005", "410326103", "", 7]}, ["village:410326103005"]),
        ({"realm_access": {"roles": ["b"]}}, []),
        ({"realm_access": ["b"], "code": "410326103005"}, []),
        ({"groups": "/a", "sub": "a name with spaces"}, []),
        ({"groups": "/a", "sub": ["two", "names"]}, []),
    ],
)
def test_posts_are_what_the_claims_say_and_nothing_else(
    tmp_path: Path, claims: dict[str, Any], units: list[str]
) -> None:
    sign_in = read(tmp_path, HEAD + OFFICE + ROLES)
    assert sign_in is not None

    found = sign_in.posts_of({"sub": "someone", **claims}, policy=POLICY, clock=CLOCK)

    assert found == tuple(Post(unit, "dropout_control") for unit in units)
    assert (sign_in.callback, sign_in.after_sign_out) == (
        "https://console.test/sign-in/callback",
        "https://console.test/sign-in",
    )
