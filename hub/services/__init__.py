"""Use cases: authorise, load, decide, append, announce."""
