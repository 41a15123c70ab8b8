"""The log without a broker keeps every promise of the log, in one process and across processes."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from services.chassis.log import Log
from services.chassis.log_direct import DirectLog
from services.chassis.vault import Vault
from tests.contracts.log import LogContract, Producer, Producers


class TestDirectLog(LogContract):
    @pytest.fixture
    def log(self, producers: Producers) -> Log:
        return DirectLog([producer.publication for producer in producers])


class TestDirectLogInAnotherProcess(LogContract):
    """The reader shares the producers' databases and nothing else: no bell rings, it has to look by itself."""

    @pytest.fixture
    def log(self, producers: Producers, vault: Vault) -> Iterator[Log]:
        with ExitStack() as stack:
            elsewhere = [
                stack.enter_context(closing(Producer(producer.name, dsn=producer.dsn, vault=vault)))
                for producer in producers
            ]
            yield DirectLog([producer.publication for producer in elsewhere])
