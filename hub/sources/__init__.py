"""One module per inbound wire format, each with the same four pure functions."""
