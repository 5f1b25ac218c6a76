"""A stand-in for the Aircall calls API and its Pusher channel, in one process, with named faults."""
