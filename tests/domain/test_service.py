"""Services, purely: how one does, and the way from one to another."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hub.contract.ids import new
from hub.contract.words import ServiceStatus, Severity
from hub.domain.service import status_of, way

A, B, C, D = (new() for _ in range(4))


@pytest.mark.parametrize(
    ("worst", "status"),
    [
        (None, ServiceStatus.OK),
        (Severity.SEV1, ServiceStatus.DOWN),
        (Severity.SEV2, ServiceStatus.DOWN),
        (Severity.SEV3, ServiceStatus.DEGRADED),
        (Severity.SEV5, ServiceStatus.DEGRADED),
    ],
)
def test_a_service_does_as_its_worst_incident(worst: Severity | None, status: ServiceStatus) -> None:
    assert status_of(worst) is status


def test_the_way_is_the_shortest_one() -> None:
    needs = {A: [B, C], B: [C], C: [D]}
    assert way(needs, [A], D) == [A, C, D]
    assert way(needs, [B, C], D) == [C, D]
    assert way(needs, [D], A) is None
    assert way({}, [A], A) == [A]


def test_a_circle_in_the_graph_is_walked_once() -> None:
    assert way({A: [B], B: [A]}, [A], D) is None


def test_a_graph_of_many_paths_is_walked_by_its_services() -> None:
    layers = [[new(), new()] for _ in range(60)]  # 2**60 paths
    needs = {here: after for before, after in pairwise(layers) for here in before}
    found = way(needs, layers[0], layers[-1][0])
    assert found is not None
    assert len(found) == 60
