"""What every test may ask for. Fixtures live in `tests/fixtures/`, one module for each thing that has to be started."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.folders",
    "tests.fixtures.postgres",
    "tests.fixtures.store",
    "tests.fixtures.kafka",
    "tests.fixtures.otlp",
]

# How long a property takes says nothing on a machine that runs other tests beside it.
settings.register_profile("baoxue", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("baoxue")
