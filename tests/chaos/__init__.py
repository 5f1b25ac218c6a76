"""Several processes and what they stand on, killed, frozen and brought back."""
