"""Streams and the doorbell: from the log to every open connection, in order, without a hole."""
