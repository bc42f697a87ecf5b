"""Signatures: the vendors' own examples, every bit of what is signed, and how old is too old."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from hub.contract.words import SigningScheme
from hub.domain.errors import SignatureRefused
from hub.domain.signing import Secret, standard_key, verify

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = str(int(NOW.timestamp()))
BODY = b'{"title": "Disk full"}'
WHSEC = "whsec_" + b64encode(b"k" * 24).decode()
STANDARD, GITHUB, GRAFANA = SigningScheme


def mac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def standard(
    at: str = AT, delivery: str = "msg_1", body: bytes = BODY, key: bytes = b"k" * 24
) -> dict[str, str]:
    signature = b64encode(mac(key, f"{delivery}.{at}.".encode() + body)).decode()
    return {"webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def grafana(at: str = AT, body: bytes = BODY, secret: str = "s" * 16) -> dict[str, str]:
    signed = f"{at}:".encode() + body if at else body
    headers = {"X-Grafana-Alerting-Signature": mac(secret.encode(), signed).hex()}
    return headers | ({"X-Grafana-Alerting-Timestamp": at} if at else {})


def github(body: bytes = BODY, secret: str = "s" * 16) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + mac(secret.encode(), body).hex(), "X-GitHub-Delivery": "d-1"}


def refusal(secret: Secret, headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> str:
    with pytest.raises(SignatureRefused) as caught:
        verify([secret], headers, body, now)
    return caught.value.reason


def test_the_example_of_standard_webhooks_is_taken() -> None:
    secret = Secret(STANDARD, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    assert verify([secret], headers, b'{"test": 2432232314}', now) == headers["webhook-id"]


def test_the_example_of_github_is_taken() -> None:
    secret = Secret(GITHUB, "It's a Secret to Everybody")
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
    assert verify([secret], headers, b"Hello, World!", NOW) == "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def test_grafana_signs_the_body_alone_or_with_its_time() -> None:
    secret = Secret(GRAFANA, "s" * 16)
    timed = grafana()
    assert verify([secret], timed, BODY, NOW) == timed["X-Grafana-Alerting-Signature"]
    assert verify([secret], grafana(at=""), BODY, NOW) is None


CASES = [
    (Secret(STANDARD, WHSEC), standard()),
    (Secret(GITHUB, "s" * 16), github()),
    (Secret(GRAFANA, "s" * 16), grafana()),
    (Secret(GRAFANA, "s" * 16), grafana(at="")),
]


@pytest.mark.parametrize(("secret", "headers"), CASES)
def test_another_body_another_secret_and_every_other_signature_are_wrong(
    secret: Secret, headers: dict[str, str]
) -> None:
    verify([secret], headers, BODY, NOW)
    assert refusal(secret, headers, BODY + b" ") == "wrong"
    assert refusal(secret, headers, BODY.replace(b"full", b"Full")) == "wrong"
    other = "whsec_" + b64encode(b"o" * 24).decode() if secret.scheme is STANDARD else "o" * 16
    assert refusal(Secret(secret.scheme, other), headers) == "wrong"
    name = next(name for name in headers if "ignature" in name)
    for signature in (
        headers[name][:-1],
        headers[name].upper(),
        "v1,",
        "sha256=",
        "v1a," + headers[name],
        "é",
    ):
        assert refusal(secret, headers | {name: signature}) == "wrong", signature


@pytest.mark.parametrize(("secret", "headers"), CASES)
def test_what_is_not_signed_at_all_says_what_is_missing(secret: Secret, headers: dict[str, str]) -> None:
    assert refusal(secret, {}) == "missing"
    others = {
        key: value for each, case in CASES if each.scheme is not secret.scheme for key, value in case.items()
    }
    assert refusal(secret, others) == "missing"


def test_what_is_signed_along_cannot_be_changed() -> None:
    secret, headers = Secret(STANDARD, WHSEC), standard()
    assert refusal(secret, headers | {"webhook-id": "msg_2"}) == "wrong"
    assert refusal(secret, headers | {"webhook-timestamp": str(int(AT) + 1)}) == "wrong"
    timed = grafana()
    assert refusal(CASES[2][0], timed | {"X-Grafana-Alerting-Timestamp": str(int(AT) + 1)}) == "wrong"


def test_the_time_cannot_be_moved_between_header_and_body() -> None:
    timed = grafana()
    without = {name: value for name, value in timed.items() if not name.endswith("Timestamp")}
    assert refusal(CASES[2][0], without, f"{AT}:".encode() + BODY) == "wrong"
    dotted = standard(delivery="msg.1")
    assert refusal(CASES[0][0], dotted) == "wrong", "msg, 1 and the rest would be signed alike"


@pytest.mark.parametrize("seconds", [-360, -299, 0, 299, 360])
def test_five_minutes_and_the_clocks_tolerance_are_in_time(seconds: int) -> None:
    at = str(int(AT) + seconds)
    assert verify([CASES[0][0]], standard(at), BODY, NOW) == "msg_1"
    assert verify([CASES[2][0]], grafana(at), BODY, NOW)


@pytest.mark.parametrize("seconds", [-86_400, -361, 361, 10**11])
def test_beyond_it_is_old_however_well_it_is_signed(seconds: int) -> None:
    at = str(int(AT) + seconds)
    assert refusal(CASES[0][0], standard(at)) == "old"
    assert refusal(CASES[2][0], grafana(at)) == "old"


@pytest.mark.parametrize("at", ["now", "-1", "1e9", "1" * 13, "٣", "1614265330.5", " 1"])
def test_a_time_that_is_no_number_is_wrong(at: str) -> None:
    assert refusal(CASES[0][0], standard(at)) == "wrong"
    assert refusal(CASES[2][0], grafana(at)) == "wrong"


def test_while_secrets_overlap_either_is_right_and_the_newest_says_what_is_wrong() -> None:
    old, new = Secret(GITHUB, "s" * 16), Secret(STANDARD, WHSEC)
    assert verify([new, old], github(), BODY, NOW) == "d-1"
    assert verify([new, old], standard(), BODY, NOW) == "msg_1"
    with pytest.raises(SignatureRefused, match="webhook-id"):
        verify([new, old], {}, BODY, NOW)
    with pytest.raises(SignatureRefused, match="ended"):
        verify([], github(), BODY, NOW)


def test_a_sender_that_rotates_may_send_several_signatures() -> None:
    two = standard()
    two["webhook-signature"] = f"v1a,xxx v1,{b64encode(b'x' * 32).decode()} {two['webhook-signature']}"
    assert verify([CASES[0][0]], two, BODY, NOW) == "msg_1"
    many = standard()
    many["webhook-signature"] = "v1,x " * 10 + many["webhook-signature"]
    assert refusal(CASES[0][0], many) == "wrong", "the list is bounded"


def test_a_standard_secret_has_24_to_64_bytes_in_base64() -> None:
    assert standard_key(WHSEC) == standard_key(WHSEC.removeprefix("whsec_")) == b"k" * 24
    for bad in (
        "",
        "whsec_",
        "whsec_" + b64encode(b"k" * 23).decode(),
        b64encode(b"k" * 65).decode(),
        "no base64!",
    ):
        assert standard_key(bad) is None
