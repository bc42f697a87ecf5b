"""What the runtime role may do to which tables, beside reading and adding."""

from __future__ import annotations

UPDATABLE = {
    "head", "organization", "counter", "person", "identity", "membership", "team", "credential", "service",
    "integration", "incident", "alert", "task", "timer", "inbox", "lane", "attempt", "sealed_secret",
    "heartbeat", "listening", "flow",
    "consumer",
}  # fmt: skip
DELETABLE = {
    "credential", "role_binding", "team", "team_member", "timer", "attempt", "request_key",
    "service_dependency", "sealed_secret", "heartbeat",
    "consumer",
}  # fmt: skip
