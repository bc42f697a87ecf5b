"""The command line: it starts, stops and administers; nothing imports it."""
