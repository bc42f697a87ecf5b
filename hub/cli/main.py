"""The command line: `incidenthub`, also called `hub`."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

import hub
from hub.cli import settings
from hub.config import ConfigError
from hub.domain.errors import HubError
from hub.embedded import EmbeddedError

SLUG = re.compile(r"[a-z0-9](-?[a-z0-9]){1,38}")  # as the table's own check has it
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


class Sentences(click.Group):
    """A group whose commands end with one sentence on standard error, and code 1, for what we expected."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; let what nobody expected through, with its traceback."""
        try:
            return super().invoke(ctx)
        except (ConfigError, EmbeddedError, HubError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(hub.__version__, prog_name="incidenthub")
def main() -> None:
    """IncidentHub: a multi-tenant, real-time incident hub. Settings: see .env.example.

    Where HUB_DATABASE_URL is not set, commands speak to the hub whose data directory is HUB_DATA_DIR
    (./data unless it is set).
    """


# What a command needs is imported when it runs: `up` starts its children that much sooner.


@main.command()
def up() -> None:
    """Run everything here: embedded PostgreSQL and Valkey, web and worker."""
    import os

    from hub.cli.up import up as run

    run(os.environ)


@main.command()
@click.option("--processes", type=click.IntRange(1, 64), help="How many; HUB_WEB_PROCESSES unless given.")
def web(processes: int | None) -> None:
    """Run the web process, or several on one listening socket."""
    from hub.cli.web import web as run

    run(settings.environment(), processes)


@main.command()
def worker() -> None:
    """Run the worker: it processes what came in and seals the audit log."""
    config = settings.config()
    from hub.worker import main as run

    sys.exit(run(config))


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date (HUB_DATABASE_OWNER_URL)."""
    from hub.cli.admin import migrate as run

    run(settings.environment())


@main.group()
def org() -> None:
    """Organizations."""


def _slug(_: click.Context, __: click.Parameter, value: str) -> str:
    if not SLUG.fullmatch(value):
        raise click.BadParameter("2 to 39 small letters and digits, with single hyphens between them.")
    return value


def _email(_: click.Context, __: click.Parameter, value: str) -> str:
    if not EMAIL.fullmatch(value):
        raise click.BadParameter("an address such as owner@example.org.")
    return value


@org.command()
@click.argument("slug", callback=_slug)
@click.option(
    "--owner",
    "email",
    callback=_email,
    required=True,
    metavar="EMAIL",
    help="Who owns it; made when unknown.",
)
@click.option("--name", help="Its name for people; the slug unless given.")
def create(slug: str, email: str, name: str | None) -> None:
    """Make an organization; a new owner's password is printed once."""
    from hub.cli.admin import create_organization

    click.echo(create_organization(settings.config(), slug, name or slug, email))


@main.group()
def person() -> None:
    """People who sign in."""


@person.command()
@click.argument("email", callback=_email)
def reset(email: str) -> None:
    """Print a link with which EMAIL sets a new password, once, within an hour."""
    from hub.cli.admin import offer_reset

    click.echo(offer_reset(settings.config(), email))


@main.group()
def secrets() -> None:
    """Stored secrets, sealed under HUB_SECRET_KEYS."""


@secrets.command()
def rotate() -> None:
    """Seal every stored secret under the first of HUB_SECRET_KEYS; then an older one can be taken away."""
    from hub.cli.admin import rotate_secrets

    click.echo(rotate_secrets(settings.config()))


@main.group()
def audit() -> None:
    """The audit log."""


@audit.command()
def verify() -> None:
    """Check every sealed chain; exit with 1 when one does not verify."""
    from hub.cli.admin import verify_audit

    lines, is_sound = verify_audit(settings.config())
    click.echo("\n".join(lines))
    if not is_sound:
        raise click.ClickException("the audit log does not verify.")
