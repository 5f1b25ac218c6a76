"""What a stream of Redis answers. Knows nothing of what is in it."""

from collections.abc import Mapping, Sequence

# What was added under an id; rows, each with its id; and those of each stream.
Fields = Mapping[bytes, bytes]
Rows = Sequence[tuple[bytes, Fields]]
Streams = Sequence[tuple[bytes, Rows]]
