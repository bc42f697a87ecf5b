"""Senders of a test that sign what they send, as the three schemes have it."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64decode, b64encode


def mac(key: bytes, signed: bytes) -> bytes:
    """HMAC-SHA-256."""
    return hmac.new(key, signed, hashlib.sha256).digest()


def standard(secret: str, body: bytes, delivery: str, ago: int = 0) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    at = str(int(time.time()) - ago)
    key = b64decode(secret.removeprefix("whsec_"))
    signature = b64encode(mac(key, f"{delivery}.{at}.".encode() + body)).decode()
    return {"webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def github(secret: str, body: bytes, delivery: str) -> dict[str, str]:
    """The headers of GitHub."""
    signature = mac(secret.encode(), body).hex()
    return {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Delivery": delivery}


def grafana(secret: str, body: bytes, ago: int | None = 0) -> dict[str, str]:
    """The headers of Grafana 12; without a time where `ago` is None."""
    at = "" if ago is None else str(int(time.time()) - ago)
    signature = mac(secret.encode(), f"{at}:".encode() + body if at else body).hex()
    return {"X-Grafana-Alerting-Signature": signature} | ({"X-Grafana-Alerting-Timestamp": at} if at else {})
