"""The rules, pure: no await, no I/O, no clock, no framework."""
