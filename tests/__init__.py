"""All tests, by what they need.

`unit` needs nothing; `storage` a database file; `contract` servers to talk to; `web` the pages in-process;
`server` the dashboard served as in production; `e2e` a browser before it; `soketi` another's Pusher server.
"""
