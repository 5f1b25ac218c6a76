"""What a sandbox can be told at its start. Knows neither the command line nor what the options do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All times are in seconds. `calls` None means the recorded ones; `traffic` None means no colleagues."""

    host: str = "127.0.0.1"
    port: int = 9100
    calls: int | None = None
    seed: int = 1
    access_ttl: float = 600
    refresh_ttl: float = 3600
    strict_rotation: bool = False
    traffic: float | None = None
    max_limit: int | None = None
    latency: float = 0
    pusher_key: str = "d44e3d910d38a928e0be"
    pusher_secret: str = "the-sandbox-signs-with-this"  # noqa: S105 - everybody may know it
    activity_timeout: float = 120
    pong_timeout: float = 30
