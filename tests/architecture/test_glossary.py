"""The glossary's words stand in the code where it says."""

import re

from tests.architecture.sources import ROOT

PAGE = ROOT / "services" / "GLOSSARY.md"
_LINE = re.compile(r"^\| (?P<term>[^|]+) \| [^|]+ \| \[`(?P<name>[^`]+)`\]\((?P<path>[^)]+)\) \|$", re.MULTILINE)


def test_every_word_of_the_glossary_stands_where_it_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    words = list(_LINE.finditer(page))
    assert len(words) == len([line for line in page.splitlines() if line.startswith("| ")]) - page.count(
        "|---|---|---|"
    )

    astray = []
    for word in words:
        text = (PAGE.parent / word["path"]).resolve().read_text(encoding="utf-8")
        if not re.search(rf"\b{re.escape(word['name'])}\b", text) or word["term"] not in text:
            astray.append(f"{word['term']} {word['name']} in {word['path']}")
    assert not astray


def test_a_term_has_one_place_in_the_glossary() -> None:
    terms = [word["term"] for word in _LINE.finditer(PAGE.read_text(encoding="utf-8"))]
    assert len(terms) == len(set(terms))
