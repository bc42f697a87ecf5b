"""What every request passes through before a handler translates it."""
