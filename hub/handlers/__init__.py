"""HTTP: each handler is a translation of a few lines between a request and one use case."""
