"""The Flask part: pages, forms, sessions and sockets."""
