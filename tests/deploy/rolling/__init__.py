"""Two dashboards behind nginx, restarted one after the other while people work."""
