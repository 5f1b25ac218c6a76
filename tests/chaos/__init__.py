"""Several dashboards at work while one thing after the other is taken from them."""
