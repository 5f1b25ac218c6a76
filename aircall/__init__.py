"""Callboard's own rooms: the Aircall calls API, the mirrored call log, live updates and the pages."""

# The version of Callboard. `make release` writes it: docs/releasing.md.
VERSION = "0.1.0"
