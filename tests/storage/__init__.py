"""Tests of what is kept in SQL, on a real SQLite file."""
