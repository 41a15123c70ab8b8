"""What the documents point to is there."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import CODE, ROOT, SERVICES, functions, modules

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADINGS = ["## Owns", "## Decides", "## Hears", "## Tells", "## Limits"]


def documents() -> list[Path]:
    """All Markdown of the tree."""
    folders = [path for folder in (*CODE, "tests") for path in sorted((ROOT / folder).rglob("*.md"))]
    return [*sorted(ROOT.glob("*.md")), *folders]


@cache
def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are linked to."""
    headings = re.findall(r"^#+ +(.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_within_the_tree_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    dead = []
    for match in LINK.finditer(text):
        link = match.group(1) or match.group(2)
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


@cache
def names_of_tests() -> set[str]:
    """What a document may call a test: a function, or a module of them."""
    named = {function.name for module in modules("tests") for function in functions(module)}
    return named | {Path(module.path).stem for module in modules("tests")}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_says_what_it_owns_decides_hears_and_tells_and_its_limits(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")

    assert re.findall(r"^## .+$", text, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_and_every_test_that_is_named_is_there(document: Path) -> None:
    named = re.findall(r"`([^`\n]+)`", document.read_text(encoding="utf-8"))
    paths = [name for name in named if re.fullmatch(r"(services|gateway|deploy|tests)/[\w./-]+", name)]
    tests = {name for name in named if re.fullmatch(r"test_\w+", name)}

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert tests - names_of_tests() == set()
