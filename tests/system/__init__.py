"""Served dashboards as operators and people meet them: one, several, behind a proxy, stopped and killed."""
