"""The thread that keeps the list fresh, against the sandbox."""
