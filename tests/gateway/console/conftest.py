"""The gateway that pages ask: with the past to replay, which in these tests is empty."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.replay import Replay
from tests.gateway.conftest import Asking
from tests.gateway.readmodel.telling import TestVault


@pytest.fixture(scope="module")
def gateway(read_model: Any) -> Iterator[Asking]:
    reader, vault = read_model.dsn("gateway_reader"), TestVault()
    asking = Asking(
        reader_dsn=reader,
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
        supervision=Answers(replay=Replay(dsn=reader, opener=vault), informants=Informants(dsn=reader, opener=vault)),
    )
    yield asking
    asking.close()
