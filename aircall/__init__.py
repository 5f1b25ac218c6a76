"""Callboard's own rooms: the Aircall calls API, the mirrored call log, live updates and the pages."""
