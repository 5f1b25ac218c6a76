"""Benchmarks: each value with a reference measured in the same run. `python -m bench` runs them."""
