"""Problems: one table for every error, and nothing of ours in a 500."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from hub.contract.signals import Fault
from hub.domain import errors
from hub.door import problems
from hub.door.problems import STATUS, known, problem


def every_error(base: type[errors.HubError] = errors.HubError) -> Iterator[type[errors.HubError]]:
    for error in base.__subclasses__():
        if error.__module__ in {"hub.domain.errors", "hub.door.problems"}:
            yield error
        yield from every_error(error)


def test_every_error_has_a_status_and_no_two_share_a_code() -> None:
    assert set(every_error()) == set(STATUS)
    own = [error for error in STATUS if "code" in vars(error)]
    assert len({error.code for error in own}) == len(own)


def test_a_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    faults = [Fault(pointer="/title", code="required", detail="The field is missing.")]
    told = problem(errors.Invalid(faults), "req-1")
    assert told.status == 400
    assert msgspec.json.decode(told.body) == {
        "type": "/docs/problems#invalid",
        "title": "Bad Request",
        "status": 400,
        "detail": "The request has fields that cannot be read.",
        "code": "invalid",
        "request_id": "req-1",
        "errors": [{"pointer": "/title", "code": "required", "detail": "The field is missing."}],
    }


def test_a_conflict_names_who_was_first() -> None:
    told = problem(errors.Conflict("Ann was first.", {"id": "inc_1"}, {"actorname": "Ann"}), "req-1")
    body = msgspec.json.decode(told.body)
    assert (told.status, body["current"], body["first"]) == (409, {"id": "inc_1"}, {"actorname": "Ann"})


@pytest.mark.parametrize("error", [errors.Unavailable(retry_after=3), errors.RateLimited(3)])
def test_who_should_come_again_is_told_when(error: errors.HubError) -> None:
    assert problem(error, "").headers == {"Retry-After": "3"}


def test_who_is_unknown_is_told_how_to_say_who_he_is() -> None:
    assert problem(errors.Unauthenticated(), "").headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("error", [KeyError("secret"), errors.Broken("secret"), None])
def test_what_is_our_fault_leaks_nothing(error: Exception | None) -> None:
    told = problem(known(error), "req-1")
    assert told.status == 500
    assert b"secret" not in told.body
    assert b"req-1" in told.body


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (403, "cross_origin"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (599, "internal"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(status: int, code: str) -> None:
    assert known(None, status).code == code


def test_a_known_error_stays_itself() -> None:
    error = errors.Unavailable(retry_after=9)
    assert known(error) is error
    assert isinstance(known(errors.Contended()), errors.Contended)
    assert problems.STATUS[errors.Contended] == 503
