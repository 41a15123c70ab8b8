"""What every test may ask for. Fixtures live in `tests/fixtures/`, one module for each thing that has to be started."""

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.store"]
