"""Links that prove something: a signed, dated reference to a credential, one salt for each purpose."""

from __future__ import annotations

from datetime import timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

from hub.config import Config


def _signer(config: Config, purpose: str) -> URLSafeTimedSerializer:
    # itsdangerous signs with the last key of its list; ours are newest first.
    return URLSafeTimedSerializer([key.hex() for key in reversed(config.keys("link"))], salt=purpose)


def seal_link(config: Config, purpose: str, token: str) -> str:
    """What goes into a link. The credential's row has only a hash of the token."""
    return str(_signer(config, purpose).dumps(token))


def open_link(config: Config, purpose: str, presented: str, lasts: timedelta) -> str | None:
    """The token of a link; None for one that is too old, of another purpose, or not signed by us, so that
    nobody can make the database look for guesses."""
    try:
        token = _signer(config, purpose).loads(presented, max_age=int(lasts.total_seconds()))
    except BadSignature:
        return None
    return token if isinstance(token, str) else None
