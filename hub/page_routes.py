"""Routes of pages: the same bytes for everybody; what a page shows, it asks the API for."""

from __future__ import annotations

from typing import Final

from hub.contract.words import Action
from hub.door.route import Guard, Public, Route
from hub.handlers import docs, pages, reference

PAGE: Final[dict[str, Guard]] = {
    "GET": Public("The same bytes for everybody; what a page shows, it asks the API for.", is_counted=False)
}
DESCRIPTION: Final[dict[str, Guard]] = {"GET": Public("It is the same for everybody, and in the source.")}


def _page(path: str, file: str) -> Route:
    return Route(path, pages.Page, PAGE, {"file": file}, ("library",))


PAGES: Final[tuple[Route, ...]] = (
    Route("/", pages.Home, {"GET": Action.SELF_READ}),
    _page("/sign-in", "sign-in.html"),
    _page("/reset-password", "reset-password.html"),
    _page("/invitations", "invitation.html"),
    _page("/account", "account.html"),
    _page("/orgs/{org}", "board.html"),
    _page("/orgs/{org}/incidents/{incident}", "incident.html"),
    _page("/orgs/{org}/settings", "organization.html"),
    _page("/orgs/{org}/settings/invitations", "invitations.html"),
    _page("/orgs/{org}/settings/services", "services.html"),
    _page("/orgs/{org}/settings/services/{service}", "service.html"),
    _page("/orgs/{org}/settings/integrations", "integrations.html"),
    _page("/orgs/{org}/settings/integrations/{integration}", "integration.html"),
    _page("/orgs/{org}/settings/heartbeats", "heartbeats.html"),
    _page("/orgs/{org}/settings/keys", "keys.html"),
    _page("/orgs/{org}/settings/consumers", "consumers.html"),
    _page("/orgs/{org}/settings/receipts", "receipts.html"),
    _page("/orgs/{org}/receipts/{receipt}", "receipt.html"),
    _page("/orgs/{org}/settings/members", "members.html"),
    _page("/orgs/{org}/settings/teams", "teams.html"),
    Route("/static/{build}/{name:path}", pages.Static, PAGE, needs=("library",)),
    _page("/docs", "docs.html"),
    Route("/docs/problems", reference.Problems, PAGE, needs=("library",)),
    Route("/docs/roles", reference.Roles, PAGE, needs=("library",)),
    Route("/api/v1/openapi.json", docs.Description, DESCRIPTION, needs=("description",)),
    Route("/api/v1/asyncapi.json", docs.StreamDescription, DESCRIPTION, needs=("stream_description",)),
)
