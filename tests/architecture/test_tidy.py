"""The habits of the house that a reader relies on; a failure says where, and what to do instead."""

import ast
import re

from tests.architecture.sources import CODE, ROOT, SERVICES, attributes, functions, imported, modules

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 500
LONGER_FOR_A_REASON = {
    "deploy/embedded.py _start": "the composition root of the whole system, read top to bottom",
    "deploy/witness/verify.py": "an inspector is handed one file, and reads it",
    "services/cases/domain/case.py": "one aggregate, whose events, decisions and evolution are read together",
    "services/roster/domain/child.py": "one aggregate, whose events, decisions and evolution are read together",
    "services/chassis/store.py": "group commit, failure paths and statements are one argument and are read together",
}
FORBIDDEN_MODULES = {"base", "common", "helper", "helpers", "misc", "shared", "util", "utils"}
FORBIDDEN_IN_CLASSES = re.compile(r"Manager|Helper|Util|^Base|^Abstract|Impl$|DTO|Handler$|^I[A-Z][a-z]")
FORBIDDEN_IN_TEXT = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|(?<![\w.])/(home|root|Users|mnt|work|workspace)/\w")
CLOCK_READINGS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}


def test_a_function_fits_a_screen() -> None:
    long = [
        f"{place}: {lines} lines"
        for module in modules(*CODE)
        for function in functions(module)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
        and (place := f"{module.path} {function.name}") not in LONGER_FOR_A_REASON
    ]
    assert not long, f"split what is longer than {FUNCTION_LINES_MAX} lines by its steps: {long}"


def test_a_module_can_be_read_in_one_sitting() -> None:
    long = [
        f"{module.path}: {lines} lines"
        for module in modules(*CODE)
        if (lines := module.text.count("\n")) > MODULE_LINES_MAX and module.path not in LONGER_FOR_A_REASON
    ]
    assert not long, f"split what is longer than {MODULE_LINES_MAX} lines by what changes together: {long}"


def test_a_module_says_what_it_is_for() -> None:
    silent = [
        module.path for module in modules(*CODE) if module.text.strip() and not (ast.get_docstring(module.tree) or "")
    ]
    assert not silent, f"begin the module with one line of purpose: {silent}"


def test_no_name_says_nothing() -> None:
    empty_names = [
        module.path for module in modules(*CODE) if module.dotted.rpartition(".")[2].strip("_") in FORBIDDEN_MODULES
    ]
    empty_classes = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules(*CODE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and FORBIDDEN_IN_CLASSES.search(node.name)
    ]
    assert not empty_names + empty_classes, f"say what it is, or what it does: {empty_names + empty_classes}"


def test_no_text_speaks_of_unfinished_work_or_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for folder in CODE
        for suffix in ("py", "sql", "toml", "md", "yaml", "html", "js", "css")
        for path in sorted((ROOT / folder).rglob(f"*.{suffix}"))
        if ".min." not in path.name  # third parties' files, kept unchanged
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if FORBIDDEN_IN_TEXT.search(line)
    ]
    assert not found, f"finish it, or put it into the README's Limits: {found}"


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        f"{module.path}:{line}"
        for module in modules("services", "gateway")
        if module.path != "services/chassis/config.py"
        for line, name in attributes(module)
        if name in {"os.environ", "os.getenv", "os.environb"}
    ]
    assert not readers, f"take it as an argument; services/chassis/config.py reads it: {readers}"


def test_only_the_clock_reads_the_time_of_day() -> None:
    readers = [
        f"{module.path}:{line} {name}"
        for module in modules("services", "gateway")
        if module.path != "services/chassis/clock.py"
        for line, name in attributes(module)
        if name in CLOCK_READINGS
    ]
    assert not readers, f"take a Clock, or the moment itself, as an argument: {readers}"


def test_services_and_gateway_print_nothing() -> None:
    printing = [
        f"{module.path}:{node.lineno}"
        for module in modules("services", "gateway")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not printing, f"log without personal data, or return it: {printing}"


def test_an_application_refuses_nothing_itself() -> None:
    """A rule stands in the aggregate that it is about; the application knows only that there is no such thing."""
    refusing = [
        f"{module.path}:{node.lineno}"
        for module in modules(*(f"services/{service}" for service in SERVICES))
        if module.path.endswith("/application.py")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise) and not ast.unparse(node).startswith("raise NotFound(")
    ]
    assert not refusing, f"let the aggregate decide: {refusing}"


def test_a_command_records_once_and_answers_with_it() -> None:
    """A second `record` within one command would be taken for a repetition of the first, and its events lost."""
    astray = []
    for module in modules(*(f"services/{service}" for service in SERVICES)):
        if module.path.endswith("/application.py"):
            calls = _record_calls(module.tree)
            returns = [node for node in ast.walk(module.tree) if isinstance(node, ast.Return)]
            returned = {id(part) for node in returns for part in ast.walk(node)}
            astray += [f"{module.path}:{call.lineno}" for call in calls if id(call) not in returned]
    assert not astray, f"collect the aggregates and end with `return self.record(...)`: {astray}"


def test_tests_never_sleep_and_never_patch() -> None:
    """`eventually` waits for a condition with a deadline; what a part needs is handed to it."""
    sleeping = [
        f"{module.path}:{call.lineno}"
        for module in modules("tests")
        for call in _sleeps(module.tree)
        if call
        not in {within for loop in ast.walk(module.tree) if isinstance(loop, ast.While) for within in _sleeps(loop)}
    ]
    patching = [module.path for module in modules("tests") if {"unittest.mock", "mock"} & imported(module)]
    assert not sleeping + patching, f"wait for a condition, hand in a double: {sleeping + patching}"


def _sleeps(tree: ast.AST) -> list[ast.Call]:
    """Every sleep; one of no time lets others run and is none."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sleep"
    ]
    return [call for call in calls if re.fullmatch(r"(time|asyncio)\.sleep\((?!0\)).*\)", ast.unparse(call))]


def _record_calls(tree: ast.Module) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.record"]
