"""Tests of what is kept in SQL, on real databases: SQLite files, and a PostgreSQL server of their own."""
