"""The built files come with the licences of what is in them."""

import json
import re

from tests.support.processes import ROOT

# Needed for the build, under Node only, or replaced in the bundle, so not sent to browsers.
NOT_SENT = {
    "esbuild", "socket.io-parser", "engine.io-parser", "ws", "xmlhttprequest-ssl", "debug", "ms", "terser",
    "acorn", "buffer-from", "commander", "source-map", "source-map-support", "@jridgewell/gen-mapping",
    "@jridgewell/resolve-uri", "@jridgewell/source-map", "@jridgewell/sourcemap-codec",
    "@jridgewell/trace-mapping",
}  # fmt: skip


def test_every_package_that_is_sent_to_browsers_has_its_licence_beside_the_build() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    kept = (ROOT / "static" / "dist" / "LICENSES.txt").read_text()
    sent = {
        name.removeprefix("node_modules/"): package["version"]
        for name, package in packages.items()
        if name and not package.get("dev") and not package.get("optional")
    }

    missing = [
        f"{name} {version}"
        for name, version in sent.items()
        if name not in NOT_SENT and not has_licence(kept, name, version)
    ]

    assert {"idiomorph", "socket.io-client", "lucide-static"} <= set(sent)
    assert missing == []


def has_licence(kept: str, name: str, version: str) -> bool:
    """Return whether the package's whole licence is kept, under this version."""
    folder = ROOT / "node_modules" / name
    text = next(path for path in sorted(folder.glob("LICENSE*"))).read_text().strip()
    return re.search(rf"^{re.escape(name)} {re.escape(version)}$", kept, re.M) is not None and text in kept
