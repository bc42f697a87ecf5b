"""Embedded PostgreSQL and Valkey: the real engines from their wheels, for `up` and for the tests."""

from hub.embedded.postgres import Postgres
from hub.embedded.spec import EmbeddedError, Spec
from hub.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Postgres", "Spec", "Valkey"]
