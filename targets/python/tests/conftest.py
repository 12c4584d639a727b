from collections.abc import Iterator

import pytest

from tests.processes import COMMANDS, Server, running
from tests.slow_service import SlowService, slow_service


@pytest.fixture(scope="session")
def running_service() -> Iterator[SlowService]:
    with slow_service() as service:
        yield service


@pytest.fixture
def service(running_service: SlowService) -> SlowService:
    """The upstream, reset to its first state."""
    running_service.reset()
    return running_service


@pytest.fixture(scope="session", params=COMMANDS)
def server(request: pytest.FixtureRequest, running_service: SlowService) -> Iterator[Server]:
    """Each server in turn. It keeps running from test to test."""
    with running(request.param, UPSTREAM_URL=running_service.url) as server:
        yield server
