"""Tests of the whole: real browsers on the served dashboard, on a real sandbox."""
