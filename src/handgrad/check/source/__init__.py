"""Checking a user's file: run it under watch, find what every line should have computed, search the edit that
mends it."""
