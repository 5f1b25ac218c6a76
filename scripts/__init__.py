"""Commands for people who work on Callboard."""
