"""Tests over real sockets: what the neighbours promise, and what we promise them."""
