"""IncidentHub: one log in Postgres is the truth, Redis is a doorbell, doors are thin, the domain is pure."""

__version__ = "0.1.0"
