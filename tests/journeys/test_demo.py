"""The journey that `make demo` tells is a test: the same story on the same system, and every check of it must hold."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from deploy import demo


@pytest.fixture(autouse=True)
def own_data(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOXUE_DATA", str(data_folder))


def test_the_story_of_the_demo_is_told_and_every_check_holds() -> None:
    page = io.StringIO()

    failed = demo.tell(Console(file=page, width=140))

    told = page.getvalue()
    assert failed == 0, told[-6000:]
    for chapter in (
        "1. Six registers come in",
        "2. Rows become children",
        "3. What does not agree",
        "4. Every child accounted for",
        "5. One child's way back",
        "6. The same child through three windows",
        "7. The past, replayed",
        "8. No name in the clear",
    ):
        assert chapter in told


def test_a_check_that_does_not_hold_makes_the_demo_fail() -> None:
    checks = demo.Checks()
    checks.that("this holds", True)
    checks.that("this does not", False, "seen")

    failed = demo.conclude(checks, console=Console(file=io.StringIO()), seconds=1)

    assert failed == 1
