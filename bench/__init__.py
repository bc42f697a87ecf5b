"""Benchmarks: each starts the real thing, measures it, and prints its figures (`python -m bench.NAME`)."""
