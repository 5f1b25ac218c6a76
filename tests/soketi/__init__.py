"""Tests against soketi, a Pusher-protocol server that nobody here wrote. They run only when asked for."""
