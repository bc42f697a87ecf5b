"""Background work: Huey wakes it, the sweeper does it anyway."""
