"""Somebody who asks the running system while PostgreSQL fails under it."""

import pytest

from deploy.distributed import Distributed
from tests.faults.postgres.asking import Caller


@pytest.fixture
def caller(system: Distributed) -> Caller:
    """One of the bureau's office."""
    return Caller(system)
