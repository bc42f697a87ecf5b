"""Routes: the sitemap. Every address, who answers it, and what a caller must be allowed to do there."""

from __future__ import annotations

from typing import Final

from hub.contract.receipts import BODY_MAX
from hub.contract.words import Action
from hub.door.route import ByCommand, Guard, Public, Route
from hub.handlers import (
    consumers,
    health,
    heartbeats,
    incidents,
    integrations,
    invitations,
    jobs,
    keys,
    members,
    organizations,
    password_resets,
    passwords,
    readers,
    services,
    sessions,
    snapshots,
    teams,
    tickets,
)
from hub.intakes import INTAKES
from hub.page_routes import PAGES
from hub.realtime.longpoll import Events
from hub.realtime.socket import Stream
from hub.realtime.sse import EventStream

ORG: Final = "/api/v1/orgs/{org}"
INCIDENT: Final = ORG + "/incidents/{incident}"
TEAM: Final = ORG + "/teams/{team}"
MEMBER: Final = ORG + "/members/{member}"
SERVICE: Final = ORG + "/services/{service}"
INTEGRATION: Final = ORG + "/integrations/{integration}"
HEARTBEAT: Final = ORG + "/heartbeats/{heartbeat}"
KEY: Final = ORG + "/keys/{api_key}"
CONSUMERS: Final = ORG + "/consumers"
HEALTH: Final[dict[str, Guard]] = {"GET": Public("Balancers have no credential, and it tells one word.")}
HOLDER: Final = Public("Who holds the link was invited; it is signed, and used up by the service.")
OPERATOR: Final[dict[str, Guard]] = {
    "GET": Public(
        "Only this machine reaches the port, and whoever is on it may read the database.", is_counted=False
    )
}


ROUTES: Final[tuple[Route, ...]] = (
    *INTAKES,
    # people work on it
    Route(
        ORG + "/incidents",
        incidents.Incidents,
        {"GET": Action.INCIDENT_READ, "POST": Action.INCIDENT_OPEN},
    ),
    Route(INCIDENT, incidents.Incident, {"GET": Action.INCIDENT_READ}),
    Route(INCIDENT + "/timeline", incidents.Timeline, {"GET": Action.INCIDENT_READ}),
    Route(INCIDENT + "/{command}", incidents.Command, {"POST": ByCommand()}),
    Route(ORG + "/stream", Stream, {"GET": Action.STREAM_FOLLOW}, needs=("station",)),
    Route(ORG + "/events/stream", EventStream, {"GET": Action.STREAM_FOLLOW}, needs=("station",)),
    Route(ORG + "/snapshot", snapshots.Snapshot, {"GET": Action.INCIDENT_READ}),
    Route(ORG + "/events", Events, {"GET": Action.STREAM_FOLLOW}, needs=("station",)),
    Route(ORG + "/stream-tickets", tickets.StreamTickets, {"POST": Action.STREAM_FOLLOW}),
    Route(CONSUMERS, consumers.Consumers, {"GET": Action.CONSUMER_USE, "POST": Action.CONSUMER_USE}),
    Route(
        CONSUMERS + "/{consumer}",
        consumers.Consumer,
        {"GET": Action.CONSUMER_USE, "PATCH": Action.CONSUMER_USE, "DELETE": Action.CONSUMER_USE},
    ),
    Route(CONSUMERS + "/{consumer}/ack", consumers.Ack, {"POST": Action.CONSUMER_USE}),
    # what they look up
    Route(
        ORG + "/services",
        services.Services,
        {"GET": Action.SERVICE_READ, "POST": Action.SERVICE_MANAGE},
    ),
    Route(SERVICE, services.Service, {"GET": Action.SERVICE_READ, "PATCH": Action.SERVICE_MANAGE}),
    Route(SERVICE + "/dependencies", services.Dependencies, {"PUT": Action.SERVICE_MANAGE}),
    Route(SERVICE + "/archive", services.Archive, {"POST": Action.SERVICE_MANAGE}, {"is_archived": True}),
    Route(SERVICE + "/unarchive", services.Archive, {"POST": Action.SERVICE_MANAGE}, {"is_archived": False}),
    Route(
        ORG + "/integrations",
        integrations.Integrations,
        {"GET": Action.INTEGRATION_READ, "POST": Action.INTEGRATION_MANAGE},
    ),
    Route(
        INTEGRATION,
        integrations.Integration,
        {"GET": Action.INTEGRATION_READ, "PATCH": Action.INTEGRATION_MANAGE},
    ),
    Route(INTEGRATION + "/rotate", integrations.RotateKey, {"POST": Action.INTEGRATION_MANAGE}),
    Route(
        INTEGRATION + "/disable",
        integrations.Disable,
        {"POST": Action.INTEGRATION_MANAGE},
        {"is_disabled": True},
    ),
    Route(
        INTEGRATION + "/enable",
        integrations.Disable,
        {"POST": Action.INTEGRATION_MANAGE},
        {"is_disabled": False},
    ),
    Route(INTEGRATION + "/test", integrations.Test, {"POST": Action.INTEGRATION_MANAGE}),
    Route(
        INTEGRATION + "/signing",
        integrations.Signing,
        {"POST": Action.INTEGRATION_MANAGE, "DELETE": Action.INTEGRATION_MANAGE},
    ),
    Route(INTEGRATION + "/hold", integrations.Hold, {"POST": Action.INTEGRATION_MANAGE}),
    Route(INTEGRATION + "/release", integrations.Release, {"POST": Action.INTEGRATION_MANAGE}),
    Route(INTEGRATION + "/undo", integrations.Undo, {"POST": Action.INTEGRATION_MANAGE}),
    Route(INTEGRATION + "/replay", integrations.ReplayDead, {"POST": Action.RECEIPT_REPLAY}),
    Route(INTEGRATION + "/uses", integrations.Uses, {"GET": Action.INTEGRATION_MANAGE}),
    Route(
        ORG + "/heartbeats",
        heartbeats.Heartbeats,
        {"GET": Action.INTEGRATION_READ, "POST": Action.INTEGRATION_MANAGE},
    ),
    Route(
        HEARTBEAT,
        heartbeats.Heartbeat,
        {
            "GET": Action.INTEGRATION_READ,
            "PATCH": Action.INTEGRATION_MANAGE,
            "DELETE": Action.INTEGRATION_MANAGE,
        },
    ),
    Route(ORG + "/keys", keys.Keys, {"GET": Action.KEY_MANAGE, "POST": Action.KEY_MANAGE}),
    Route(KEY, keys.Key, {"GET": Action.KEY_MANAGE, "DELETE": Action.KEY_MANAGE}),
    Route(KEY + "/rotate", keys.RotateKey, {"POST": Action.KEY_MANAGE}),
    Route(ORG + "/receipts", readers.Receipts, {"GET": Action.RECEIPT_READ}),
    Route(ORG + "/receipts/{receipt}", readers.Receipt, {"GET": Action.RECEIPT_READ}),
    Route(
        ORG + "/receipts/{receipt}/replay",
        readers.ReplayReceipt,
        {"POST": Action.RECEIPT_REPLAY},
        body_max=4 * BODY_MAX,  # a text takes more as JSON
    ),
    Route(ORG + "/receipts/{receipt}/discard", readers.DiscardReceipt, {"POST": Action.RECEIPT_REPLAY}),
    Route(ORG + "/audit", readers.Audit, {"GET": Action.AUDIT_READ}),
    # the organization and its people
    Route("/api/v1/orgs", organizations.Organizations, {"POST": Action.SELF_MANAGE}),
    Route(
        ORG,
        organizations.Organization,
        {"GET": Action.INCIDENT_READ, "PATCH": Action.ORGANIZATION_MANAGE},
    ),
    Route(ORG + "/members", members.Members, {"GET": Action.MEMBER_READ}),
    Route(
        MEMBER,
        members.Member,
        {"GET": Action.MEMBER_READ, "PATCH": Action.MEMBER_MANAGE, "DELETE": Action.MEMBER_MANAGE},
    ),
    Route(ORG + "/me", members.OwnMembership, {"DELETE": Action.SELF_MANAGE}),
    Route(MEMBER + "/holds", members.Holds, {"GET": Action.MEMBER_MANAGE}),
    Route(MEMBER + "/password-reset", members.PasswordReset, {"POST": Action.OWNER_MANAGE}),
    Route(ORG + "/teams", teams.Teams, {"GET": Action.MEMBER_READ, "POST": Action.TEAM_MANAGE}),
    Route(
        TEAM,
        teams.Team,
        {"GET": Action.MEMBER_READ, "PATCH": Action.TEAM_MANAGE, "DELETE": Action.TEAM_MANAGE},
    ),
    Route(
        TEAM + "/members/{member}",
        teams.TeamMember,
        {"PUT": Action.TEAM_MANAGE, "DELETE": Action.TEAM_MANAGE},
    ),
    Route(
        ORG + "/invitations",
        invitations.Invitations,
        {"GET": Action.MEMBER_MANAGE, "POST": Action.MEMBER_MANAGE},
    ),
    Route(
        ORG + "/invitations/{invitation}",
        invitations.Invitation,
        {"GET": Action.MEMBER_MANAGE, "DELETE": Action.MEMBER_MANAGE},
    ),
    Route("/api/v1/invitations/{link}", invitations.Offer, {"GET": HOLDER}),
    Route("/api/v1/invitations/{link}/accept", invitations.Accept, {"POST": HOLDER}),
    Route(
        ORG + "/bindings",
        members.Bindings,
        {"GET": Action.MEMBER_READ, "POST": Action.MEMBER_MANAGE},
    ),
    Route(
        ORG + "/bindings/{binding}",
        members.Binding,
        {"GET": Action.MEMBER_READ, "DELETE": Action.MEMBER_MANAGE},
    ),
    # who they are
    Route(
        "/api/v1/session",
        sessions.Session,
        {"POST": Public("It is how one gets a credential."), "DELETE": Action.SELF_MANAGE},
    ),
    Route(
        "/api/v1/me",
        sessions.Me,
        {
            "GET": Public(
                "Whoever presents a session or key may know whose it is; without one it is 401.",
                is_counted=False,  # whose it is is found out by the guard, which counts who has none
            )
        },
    ),
    Route("/api/v1/me/audit", readers.Audit, {"GET": Action.SELF_READ}),
    Route(
        "/api/v1/me/sessions",
        sessions.OwnSessions,
        {"GET": Action.SELF_READ, "DELETE": Action.SELF_MANAGE},
    ),
    Route("/api/v1/me/sessions/{session}", sessions.OwnSession, {"DELETE": Action.SELF_MANAGE}),
    Route("/api/v1/me/password", passwords.OwnPassword, {"PUT": Action.SELF_MANAGE}),
    Route(
        "/api/v1/password-resets/{link}",
        password_resets.PasswordReset,
        {"POST": Public("The link is the proof; an operator made it for one person, and it works once.")},
    ),
    # pages
    *PAGES,
    # machines ask
    Route("/livez", health.Livez, HEALTH, machine=True),
    Route("/readyz", health.Readyz, HEALTH, machine=True),
)

OPERATOR_ROUTES: Final[tuple[Route, ...]] = (
    Route("/", jobs.Jobs, OPERATOR),
    Route("/style.css", jobs.Style, OPERATOR),
    Route("/metrics", jobs.Metrics, OPERATOR),
)
