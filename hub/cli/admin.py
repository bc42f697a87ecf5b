"""The administrator's commands: migrate, found an organization, rotate secrets, verify the audit log."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from alembic import command
from alembic.config import Config as Alembic
from sqlalchemy.engine import make_url

from hub.cli.ports import opened
from hub.config import Config, ConfigError, assets
from hub.services import founding, password_resets, resealing, seal


def migrate(environment: Mapping[str, str]) -> None:
    """Run the migrations that are missing, as the migrating role; nobody else has to be connected."""
    owner = environment.get("HUB_DATABASE_OWNER_URL")
    if not owner:
        raise ConfigError("HUB_DATABASE_OWNER_URL is not set; see .env.example.")
    url = make_url(owner).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    alembic = Alembic()
    alembic.set_main_option("script_location", str(assets("migrations")))
    alembic.set_main_option("sqlalchemy.url", url.replace("%", "%%"))  # it is a ConfigParser's value
    command.upgrade(alembic, "head")


def create_organization(config: Config, slug: str, name: str, email: str) -> str:
    """Found an organization and say how its owner signs in; raise HubError when the slug is taken."""

    async def create() -> founding.Founded:
        async with opened(config) as ports:
            return await founding.found(ports, slug, name, email, secrets.token_urlsafe(12))

    founded = asyncio.run(create())
    lines = [f"organization {founded.organization} is made; its owner is {founded.email}."]
    if founded.password:
        lines.append(f"password         {founded.password}")
    lines += [
        f"api key          {founded.api_key}",
        f"integration      {founded.integration_id}",
        f"integration key  {founded.integration_key}",
        "The secrets are shown this once.",
    ]
    return "\n".join(lines)


def offer_reset(config: Config, email: str) -> str:
    """The address at which a person sets a new password; raise NotFound for one that nobody has."""

    async def offer() -> str:
        async with opened(config) as ports:
            return await password_resets.offer(ports, email)

    return password_resets.address(config, asyncio.run(offer()))


def rotate_secrets(config: Config) -> str:
    """Seal all secrets under the first key; what was done. Raise Unavailable at one that no key opens."""

    async def rotate() -> resealing.Resealed:
        async with opened(config) as ports:
            return await resealing.reseal(ports)

    done = asyncio.run(rotate())
    return f"{done.secrets} secrets sealed anew ({done.tenants} organizations); all are under the first key."


def verify_audit(config: Config) -> tuple[list[str], bool]:
    """Check every chain; a line for each, and whether all are sound."""

    async def verify() -> list[seal.Verdict]:
        async with opened(config) as ports:
            return await seal.verify(ports)

    verdicts = asyncio.run(verify())
    lines = [
        f"{verdict.tenant}  {verdict.sealed} sealed, {verdict.waiting} waiting: {verdict.problem or 'sound'}"
        for verdict in verdicts
    ]
    return lines, not any(verdict.problem for verdict in verdicts)
