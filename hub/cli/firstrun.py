"""The first organization, and the words that tell how to reach it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from hub.config import Config
from hub.embedded.keep import read_kept, write_kept

ORGANIZATION = "demo"
EMAIL = "owner@example.org"

WELCOME = """
IncidentHub is running. Ctrl-C stops it.

    address    {url}
    sign in    {email}
    password   {password}
    operator   {admin_url}  (metrics and jobs, from this machine only)
    API key    {api_key}

Raise an alert:

    {curl}

This is kept in {file}; logs are in {log}.
"""
CURL = (
    "curl -X POST {url}/api/v1/ingest/events -H 'Authorization: Bearer {integration_key}'"
    " -H 'Content-Type: application/json' -d '"
    '{{"title": "Checkout fails", "severity": "critical", "source": "demo", "dedup_key": "checkout"}}'
    "'"
)
UNKNOWN = """
IncidentHub is running at {url} (operator: {admin_url}). Ctrl-C stops it.
It has an organization, but {file} is gone, and what it said was only there; `incidenthub org create`
makes another one.
"""


async def welcome(folder: Path, config: Config) -> str:
    """What to print; at the first start, an organization is founded and kept in first-run.json.

    The addresses in the file are those of this start, the rest is what it was.
    """
    file = folder / "first-run.json"
    kept = read_kept(file) or await found(config)
    addresses = {
        "url": config.public_url or f"http://127.0.0.1:{config.port}",
        "admin_url": f"http://127.0.0.1:{config.admin_port}",
    }
    if not kept:
        return UNKNOWN.format(file=file, **addresses)
    kept = addresses | {name: value for name, value in kept.items() if name not in addresses}
    write_kept(file, kept)
    return WELCOME.format(curl=CURL.format(**kept), file=file, log=folder / "log", **kept)


async def found(config: Config) -> dict[str, Any]:
    """The first organization with all that an alert needs; nothing when there is one already."""
    from hub.cli.ports import opened
    from hub.domain.errors import NotAllowedNow
    from hub.services import founding

    async with opened(config) as ports:
        try:
            founded = await founding.found(ports, ORGANIZATION, "Demo", EMAIL, secrets.token_urlsafe(12))
        except NotAllowedNow:
            return {}
    return {
        "organization": founded.organization,
        "email": founded.email,
        "password": founded.password or "(as it was)",
        "api_key": founded.api_key,
        "integration_key": founded.integration_key,
    }
