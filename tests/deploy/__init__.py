"""What is deployed with the dashboard, tried for real: the proxy in front of it, and its image."""
