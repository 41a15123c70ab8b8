"""What every test may ask for. Fixtures live in `tests/fixtures/`, one module for each thing that has to be started."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.workers",
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
