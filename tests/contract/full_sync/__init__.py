"""Reading the whole list into a mirror, from the sandbox and from lists that misbehave."""
