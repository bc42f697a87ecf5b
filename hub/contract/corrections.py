"""Events of corrections: what a request had done is taken back, and the event that it was is named."""

from __future__ import annotations

from datetime import datetime

from hub.contract.events import Kind
from hub.contract.words import AlertStatus, Status


class IncidentCorrected(Kind, frozen=True, kw_only=True):
    """It should never have been opened, and nothing else is in it: closed, whatever it was before."""

    kind = "incident.corrected"
    about = "incident"
    corrects: str


class IncidentReopeningCorrected(Kind, frozen=True, kw_only=True):
    """It should never have been reopened: it has ended again, as it had before (`status`, whether that was
    `automatic`, and when)."""

    kind = "incident.reopening_corrected"
    about = "incident"
    corrects: str
    status: Status
    automatic: bool
    resolved_at: datetime | None
    closed_at: datetime | None


class IncidentNoteCorrected(Kind, frozen=True, kw_only=True):
    """A note is taken back. It stays on the timeline, marked as corrected."""

    kind = "incident.note_corrected"
    about = "incident"
    corrects: str


class IncidentAcknowledgementCorrected(Kind, frozen=True, kw_only=True):
    """The acknowledgement of one actor (`whose`) is taken back; those of others stay."""

    kind = "incident.acknowledgement_corrected"
    about = "incident"
    corrects: str
    whose: str


class AlertWithdrawn(Kind, frozen=True, kw_only=True):
    """It should never have fired: cleared, and counted among its incident's alerts no more. `was` is its
    status before."""

    kind = "alert.withdrawn"
    about = "alert"
    corrects: str
    was: AlertStatus


class AlertRestored(Kind, frozen=True, kw_only=True):
    """It should never have been cleared: it fires again, as `reporter` had said, under this episode."""

    kind = "alert.restored"
    about = "alert"
    corrects: str
    reporter: str
    episode: int


class ChangeCorrected(Kind, frozen=True, kw_only=True):
    """A change that was recorded is taken back."""

    kind = "change.corrected"
    about = "service"
    corrects: str
