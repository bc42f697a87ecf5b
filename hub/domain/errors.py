"""What can be refused, as a small tree: each error has a code that never changes and a safe sentence."""

from __future__ import annotations

from typing import ClassVar

from hub.contract.signals import Fault
from hub.contract.words import Action


class HubError(Exception):
    """The base. `detail` may be shown to whoever asked; door/problems.py maps the class to a status."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or (type(self).__doc__ or "").split("\n", 1)[0]
        super().__init__(self.detail)


class Invalid(HubError):
    """The request has fields that cannot be read."""

    code = "invalid"

    def __init__(self, faults: list[Fault], detail: str = "") -> None:
        super().__init__(detail)
        self.faults = faults


class Unauthenticated(HubError):
    """Sign in, or present an API key."""

    code = "unauthenticated"


class SignInFailed(Unauthenticated):
    """The address or the password is wrong."""

    code = "sign_in_failed"


class SignatureRefused(Unauthenticated):
    """This integration takes signed requests only; the signature is missing, wrong or too old."""

    code = "signature_refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Forbidden(HubError):
    """Your role does not allow this. `action` is what was lacking, where it was one action."""

    code = "forbidden"

    def __init__(self, detail: str = "", action: Action | None = None) -> None:
        super().__init__(detail)
        self.action = action


class NotFound(HubError):
    """There is no such thing here."""

    code = "not_found"


class NotAllowedNow(HubError):
    """The incident's status does not allow this."""

    code = "not_allowed_now"


class Conflict(HubError):
    """Somebody was first. `current` is the thing as it is, `first` the event that came before you."""

    code = "conflict"

    def __init__(self, detail: str, current: object, first: object) -> None:
        super().__init__(detail)
        self.current = current
        self.first = first


class TakenOver(HubError):
    """A newer connection holds this consumer, or it was changed since you took it."""

    code = "taken_over"


class Stale(HubError):
    """It has changed since you read it. `current` is the thing as it is."""

    code = "stale"

    def __init__(self, current: object, detail: str = "") -> None:
        super().__init__(detail)
        self.current = current


class KeyReused(HubError):
    """This Idempotency-Key was used with another body."""

    code = "idempotency_key_reused"


class RateLimited(HubError):
    """Too many requests; try again later."""

    code = "rate_limited"

    def __init__(self, retry_after: int, detail: str = "") -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(HubError):
    """The database cannot be reached; nothing was kept. Try again."""

    code = "unavailable"

    def __init__(self, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Contended(Unavailable):
    """Another transaction was in the way (a deadlock or a lock's time-out); doing it again is right."""


class TooSlow(Unavailable):
    """The database ended a statement that took too long; nothing was changed."""


class Broken(HubError):
    """An invariant does not hold. A bug: it is logged, and answered without detail."""

    code = "broken"
