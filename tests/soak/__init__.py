"""A team's long day, made short: traffic, tokens that expire, and processes that are killed all the time."""
