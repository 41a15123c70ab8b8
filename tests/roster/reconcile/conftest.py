"""What the tests of the reconciliation engine share: the invented county, read and reconciled once."""

from datetime import date
from pathlib import Path

import pytest

from services.roster.reconcile.directory import read_directory
from services.roster.reconcile.engine import reconcile
from services.roster.reconcile.model import Reconciliation, Row
from services.roster.reconcile.reading import Reading

COUNTY = Path(__file__).parents[2] / "data" / "county"
AS_OF = date(2026, 9, 14)


@pytest.fixture(scope="session")
def county_reading() -> Reading:
    """The registers of the invented county as read."""
    return read_directory(COUNTY / "registers")


@pytest.fixture(scope="session")
def county_rows(county_reading: Reading) -> list[Row]:
    """Its rows."""
    return county_reading.rows


@pytest.fixture(scope="session")
def county(county_rows: list[Row]) -> Reconciliation:
    """Its reconciliation on 14 September 2026."""
    return reconcile(county_rows, as_of=AS_OF)
