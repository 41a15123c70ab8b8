"""What every test may ask for. Fixtures live in `tests/fixtures/`, one module for each thing that has to be started."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.folders",
    "tests.fixtures.postgres",
    "tests.fixtures.store",
    "tests.fixtures.chromium",
    "tests.fixtures.kafka",
    "tests.fixtures.otlp",
]

# How long a property takes says nothing on a machine that runs other tests beside it. The same tree is tried with the same cases,
# so that it is green or not; `make explore` looks for others.
settings.register_profile("baoxue", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("baoxue"), derandomize=False, print_blob=True)
settings.load_profile("baoxue")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a module on one worker, where they have not asked for another's company: what a module starts is started once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(item.config.rootpath).as_posix()))
