"""Open pages stay right all day, and say so when they are not.

The times are limits of the waits. What was measured is kept where `MEASURED_FILE` names a file.
"""
