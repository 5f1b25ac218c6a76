"""Logins and the account that works with them, against the sandbox."""
