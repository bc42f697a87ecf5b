"""The wire: the words, events, commands, frames and bodies that clients meet. Imports nothing of the hub."""
