"""What a sender may put into our logs and rows, and what is made instead."""

from __future__ import annotations

import pytest

from hub.door.correlation import DEVICE_MAX, device, request_id, traceparent

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("given", ["a", "A-Z_0.9", "x" * 64])
def test_a_harmless_request_id_is_kept(given: str) -> None:
    assert request_id({"X-Request-ID": given}) == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\nb", "a,b", "é", "a\n"])
def test_any_other_is_replaced_by_a_fresh_one(given: str) -> None:
    made = request_id({"X-Request-ID": given})
    assert made != given
    assert len(made) == 16
    assert request_id({}) != request_id({})


def test_a_trace_is_honoured() -> None:
    assert traceparent({"traceparent": TRACE}) == TRACE


@pytest.mark.parametrize(
    "given",
    [
        "",
        "nonsense",
        TRACE.upper(),
        TRACE + "-x",
        "ff" + TRACE[2:],
        f"00-{'0' * 32}{TRACE[35:]}",
        TRACE + "\n",
    ],
)
def test_a_bad_trace_is_none(given: str) -> None:
    assert traceparent({"traceparent": given}) == ""


def test_a_device_is_printable_and_bounded() -> None:
    assert device({"User-Agent": "curl/8\x1b[31m"}) == "curl/8?[31m"
    assert len(device({"User-Agent": "x" * 5_000})) == DEVICE_MAX
    assert device({}) == ""
