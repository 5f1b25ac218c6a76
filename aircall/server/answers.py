"""The headers that every answer carries, and the answer to what never reaches the application."""

from collections.abc import Mapping

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types fragments",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Pages show customers' numbers: keep no copy, not even for the Back button after a logout.
    "Cache-Control": "no-store",
}
# Seconds.
ONE_YEAR = 365 * 24 * 3600
PLAIN_TEXT = "text/plain; charset=utf-8"


def headers_of(*, is_https: bool) -> dict[str, str]:
    """Return the headers that an answer has unless it says otherwise itself."""
    if not is_https:
        return HEADERS
    return HEADERS | {"Strict-Transport-Security": f"max-age={ONE_YEAR}; includeSubDomains"}


def whole_answer(status: int, reason: str, headers: Mapping[str, str]) -> bytes:
    """Return an answer in HTTP/1.1 that names its status and closes the connection."""
    text = f"{status} {reason}\n"
    fields = {"Connection": "close", "Content-Type": PLAIN_TEXT, "Content-Length": str(len(text)), **headers}
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields.items()), "", text]
    return "\r\n".join(lines).encode("latin-1")
