"""The addresses of the built scripts and styles. Their names carry a hash of what is in them."""

import json
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

URL_PREFIX = "/static/dist/"
MANIFEST = "manifest.json"


class AssetsMissingError(Exception):
    """The front end has not been built."""


def register(app: Flask, static_dir: Path) -> None:
    """Give templates `asset(name)`. Raises AssetsMissingError where the front end has not been built."""
    names = read_manifest(static_dir)
    app.add_template_global(lambda name: URL_PREFIX + names[name], "asset")


def read_manifest(static_dir: Path) -> dict[str, str]:
    """The built files' names by what they are. Raises AssetsMissingError where there are none."""
    path = static_dir / "dist" / MANIFEST
    try:
        return dict(json.loads(path.read_text()))
    except OSError as error:
        raise AssetsMissingError(f"{path} is missing: run `make setup` first.") from error


def serve(app: Flask, static_dir: Path) -> None:
    """Let WhiteNoise answer for the built files, compressed beforehand and cached for good."""
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask's documented place for middleware
        app.wsgi_app,
        root=static_dir / "dist",
        prefix=URL_PREFIX,
        immutable_file_test=lambda _path, _url: True,
        add_headers_function=_add_headers,
    )


def _add_headers(headers: dict[str, str], _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
