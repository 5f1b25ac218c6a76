"""Tests that need sockets patched by gevent, as the server has: `python -m gevent.monkey --module pytest …`.

A pytest without the patch leaves them out.
"""

from gevent import monkey

collect_ignore_glob = [] if monkey.is_module_patched("socket") else ["test_*.py"]
