"""`make security`: what is promised of security, how it was tried, and what came of it, as one table."""
