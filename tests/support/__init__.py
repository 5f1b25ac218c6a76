"""What tests of every kind use: processes, the sandbox, waiting."""
