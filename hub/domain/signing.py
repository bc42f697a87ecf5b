"""Signatures of incoming requests: over the raw body, compared in constant time, bounded in age."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, NoReturn

from hub.contract.words import SigningScheme
from hub.domain.errors import SignatureRefused

WINDOW: Final = timedelta(minutes=5)
TOLERANCE: Final = timedelta(seconds=60)  # between the sender's clock and the database's
STANDARD_PREFIX: Final = "whsec_"
GRAFANA_TIME: Final = "X-Grafana-Alerting-Timestamp"
SIGNATURES_MAX: Final = 10  # of one request: a sender that rotates sends two
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_DELIVERY = re.compile(r"[!-\-/-~]{1,255}", re.ASCII)  # no full stop: it parts what is signed


class Secret(NamedTuple):
    """One that signs, and the way it does."""

    scheme: SigningScheme
    text: str


def verify(secrets: Sequence[Secret], headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """The delivery id that was signed along, None where the scheme signs none; raise SignatureRefused, with
    the reason of the newest secret, unless one of them (a rotation leaves two) has signed this very body."""
    refused: list[SignatureRefused] = []
    for secret in secrets:
        try:
            return _SCHEMES[secret.scheme](secret.text, headers, body, now)
        except SignatureRefused as refusal:
            refused.append(refusal)
    if not refused:
        _missing("Every signing secret of this integration has ended.")
    raise refused[0]


def standard_key(secret: str) -> bytes | None:
    """The key in a Standard Webhooks secret: 24 to 64 bytes in base64, behind `whsec_`; None in any other."""
    try:
        key = b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if 24 <= len(key) <= 64 else None


def _standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Standard Webhooks: `v1,` and the base64 of an HMAC-SHA-256 of `id.timestamp.body`, one or several."""
    delivery, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (delivery and at and given):
        _missing("webhook-id, webhook-timestamp and webhook-signature are required.")
    if not _DELIVERY.fullmatch(delivery):
        _wrong("webhook-id is not 1 to 255 visible characters without a full stop.")
    mac = _mac(standard_key(secret) or secret.encode(), f"{delivery}.{at}.".encode() + body)
    expected = b64encode(mac)
    signatures = [part[3:].encode() for part in given.split(" ")[:SIGNATURES_MAX] if part.startswith("v1,")]
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        _wrong("No signature in webhook-signature is that of this body.")
    _in_time("webhook-timestamp", at, now)
    return delivery


def _github(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """GitHub: the HMAC-SHA-256 of the body in hex, behind `sha256=`. Neither time nor id is signed."""
    given = headers.get("X-Hub-Signature-256", "")
    if not given:
        _missing("X-Hub-Signature-256 is required.")
    expected = b"sha256=" + _mac(secret.encode(), body).hex().encode()
    if not hmac.compare_digest(expected, given.encode()):
        _wrong("X-Hub-Signature-256 is not that of this body.")
    return headers.get("X-GitHub-Delivery")


def _begins_with_a_time(body: bytes) -> bool:
    digits, colon, _ = body.lstrip()[:13].partition(b":")
    return bool(colon) and digits.isdigit()


def _grafana(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """Grafana 12: the HMAC-SHA-256 in hex, of the body or, with a timestamp header, of `timestamp:body`.

    With the time, the signature is that of one request alone, so it is the request's name.
    """
    given, at = headers.get("X-Grafana-Alerting-Signature", ""), headers.get(GRAFANA_TIME, "")
    if not given:
        _missing("X-Grafana-Alerting-Signature is required.")
    expected = _mac(secret.encode(), f"{at}:".encode() + body if at else body).hex().encode()
    # The header could have been taken away and its time put into the body: no JSON begins like that.
    if not hmac.compare_digest(expected, given.encode()) or (not at and _begins_with_a_time(body)):
        _wrong(f"X-Grafana-Alerting-Signature is not that of this body; its time belongs in {GRAFANA_TIME}.")
    if at:
        _in_time(GRAFANA_TIME, at, now)
    return given if at else None


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, sha256).digest()


def _in_time(header: str, at: str, now: datetime) -> None:
    """Asked after the signature, so that nobody learns of our clock who could not sign."""
    if not _SECONDS.fullmatch(at):
        _wrong(f"{header} is not a number of seconds.")
    if abs(now.timestamp() - int(at)) > (WINDOW + TOLERANCE).total_seconds():
        raise SignatureRefused("old", f"{header} is more than five minutes from now.")


def _missing(detail: str) -> NoReturn:
    raise SignatureRefused("missing", detail)


def _wrong(detail: str) -> NoReturn:
    raise SignatureRefused("wrong", detail)


_SCHEMES = {
    SigningScheme.STANDARD_WEBHOOKS: _standard,
    SigningScheme.GITHUB: _github,
    SigningScheme.GRAFANA: _grafana,
}
