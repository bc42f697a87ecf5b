"""Ground: configuration, read once from the environment, frozen, and refused where it would be unsafe."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hub import crash

ASSETS = Path(__file__).resolve().parent
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")  # as browsers send it
LEVELS = ("debug", "info", "warning", "error")
POOLERS = ("", "session", "transaction")


class ConfigError(Exception):
    """A setting is missing or unsafe; the text is one sentence that names it."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of a process. `.env.example` lists the same names; a test compares the two."""

    database_url: str
    database_owner_url: str = ""
    database_pooler: str = ""
    redis_url: str
    secret_keys: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8080
    admin_port: int = 0
    worker_metrics_port: int = 0
    public_url: str = ""
    installation: str = "hub"
    web_processes: int = 1
    worker_threads: int = 2
    requests_per_credential: int = 1200
    requests_per_organization: int = 6000
    requests_per_address: int = 600
    ingest_per_organization: int = 300_000
    streams_per_organization: int = 1000
    streams_per_process: int = 12_000
    log_level: str = "info"
    data_dir: str = "data"
    listen_fd: int = -1
    admin_fd: int = -1
    trusted_proxies: tuple[str, ...] = ()
    crash_at: str = ""

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """The 32-byte keys of one purpose, newest first: the first signs, all verify.

        Each purpose ("cookie", "cursor", "hint", "presence", "queue", "page", "secret") derives its own by
        HMAC-SHA-256, so that a value made for one place means nothing in another.
        """
        return tuple(
            hmac.new(key.encode(), b"incidenthub/1/" + purpose.encode(), hashlib.sha256).digest()
            for key in self.secret_keys
        )

    @property
    def origins(self) -> frozenset[str]:
        """The exact origins that a browser may speak from: loopback at our port, and the public URL."""
        own = {f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        return frozenset(own | ({self.public_url} if self.public_url else set()))

    @property
    def hosts(self) -> frozenset[str]:
        """The exact `Host` values that are answered: those of the origins (Tornado checks none)."""
        return frozenset(urlsplit(origin).netloc for origin in self.origins)


def read(environment: Mapping[str, str]) -> Config:
    """Take the settings out of `environment`; raise ConfigError with one sentence for what cannot be."""

    def required(name: str) -> str:
        value = environment.get(name, "")
        if not value:
            raise ConfigError(f"{name} is not set; see .env.example.")
        return value

    def number(name: str, default: int, low: int, high: int) -> int:
        text = environment.get(name) or str(default)
        if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
        return int(text)

    secret_keys = tuple(key for key in required("HUB_SECRET_KEYS").split(",") if key)
    if not secret_keys or any(len(key) < 32 for key in secret_keys):
        raise ConfigError("HUB_SECRET_KEYS has a key of fewer than 32 characters.")
    port = number("HUB_PORT", 8080, 1, 65535)
    public_url = environment.get("HUB_PUBLIC_URL", "").rstrip("/")
    if public_url and not ORIGIN.fullmatch(public_url):
        raise ConfigError("HUB_PUBLIC_URL must be an origin, such as https://hub.example.org.")
    installation = environment.get("HUB_INSTALLATION") or "hub"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", installation):
        raise ConfigError(
            "HUB_INSTALLATION must be one word of letters, digits, - and _: a cookie is named so."
        )
    pooler = environment.get("HUB_DATABASE_POOLER", "")
    if pooler not in POOLERS:
        raise ConfigError(f"HUB_DATABASE_POOLER must be empty, session or transaction, not {pooler!r}.")
    log_level = (environment.get("HUB_LOG_LEVEL") or "info").lower()
    if log_level not in LEVELS:
        raise ConfigError(f"HUB_LOG_LEVEL must be one of {', '.join(LEVELS)}, not {log_level!r}.")
    crash_at = environment.get("HUB_CRASH_AT", "")
    if crash_at and not crash.is_wanted(crash_at):
        raise ConfigError(
            f"HUB_CRASH_AT must be a point of hub/crash.py, such as lock.after, not {crash_at!r}."
        )
    if crash_at and public_url.startswith("https:"):
        raise ConfigError(
            "HUB_CRASH_AT is for tests: it kills the process, so it goes with no https HUB_PUBLIC_URL."
        )
    return Config(
        database_url=required("HUB_DATABASE_URL"),
        database_owner_url=environment.get("HUB_DATABASE_OWNER_URL", ""),
        database_pooler=pooler,
        redis_url=required("HUB_REDIS_URL"),
        secret_keys=secret_keys,
        host=environment.get("HUB_HOST") or "127.0.0.1",
        port=port,
        admin_port=number("HUB_ADMIN_PORT", min(port + 1, 65535), 1, 65535),
        worker_metrics_port=number("HUB_WORKER_METRICS_PORT", 0, 0, 65535),
        public_url=public_url,
        installation=installation,
        web_processes=number("HUB_WEB_PROCESSES", 1, 1, 64),
        worker_threads=number("HUB_WORKER_THREADS", 2, 1, 64),
        requests_per_credential=number("HUB_REQUESTS_PER_CREDENTIAL", 1200, 1, 10_000_000),
        requests_per_organization=number("HUB_REQUESTS_PER_ORGANIZATION", 6000, 1, 10_000_000),
        requests_per_address=number("HUB_REQUESTS_PER_ADDRESS", 600, 1, 10_000_000),
        ingest_per_organization=number("HUB_INGEST_PER_ORGANIZATION", 300_000, 1, 100_000_000),
        streams_per_organization=number("HUB_STREAMS_PER_ORGANIZATION", 1000, 1, 1_000_000),
        streams_per_process=number("HUB_STREAMS_PER_PROCESS", 12_000, 1, 1_000_000),
        log_level=log_level,
        data_dir=environment.get("HUB_DATA_DIR") or "data",
        listen_fd=number("HUB_LISTEN_FD", -1, -1, 1 << 20),
        admin_fd=number("HUB_ADMIN_FD", -1, -1, 1 << 20),
        trusted_proxies=tuple(environment.get("HUB_TRUSTED_PROXIES", "").replace(",", " ").split()),
        crash_at=crash_at,
    )


def assets(name: str) -> Path:
    """The folder `static` or `migrations`: beside this file in a wheel, one up in a checkout."""
    packed = ASSETS / name
    return packed if packed.is_dir() else ASSETS.parent / name
