"""nginx with deploy/nginx.conf, in front of the servers of a test."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from tests.integration.api.certificates import write_certificate
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ROOT, running

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
NAME = "localhost"
# The lines that differ from place to place: what they say, and what they are.
OURS = re.compile(r"(?P<says>[^#\n]+)  # yours: (?P<what>.+)$", re.MULTILINE)
FOLDERS = re.compile("/var/log/nginx|/etc/nginx/tls")
READY = "start worker processes"
# What distributions put around a site's own file. Temporary files go where every user may write.
AROUND = """
daemon off;
worker_processes 2;
pid {directory}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/callboard.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it answers, by HTTPS with a certificate of its own and by HTTP, and what it logs."""

    url: str
    plain_url: str
    certificate: Path
    access_log: Path
    error_log: Path

    @property
    def port(self) -> int:
        """Its HTTPS port."""
        return int(urlsplit(self.url).port or 0)


def proxy_in(directory: Path) -> Proxy:
    """A proxy that does not run yet, at an address that can be told to the servers behind it."""
    write_certificate(directory, x509.DNSName(NAME))
    return Proxy(
        f"https://{NAME}:{free_port()}",
        f"http://{NAME}:{free_port()}",
        directory / "certificate.pem",
        directory / "access.log",
        directory / "error.log",
    )


@contextmanager
def standing_before(proxy: Proxy, instances: Sequence[str]) -> Iterator[None]:
    """Run it in front of the instances at these addresses, with empty logs."""
    directory = proxy.certificate.parent
    for log in (proxy.access_log, proxy.error_log):
        log.unlink(missing_ok=True)
    (directory / "callboard.conf").write_text(configuration(proxy, instances))
    (directory / "nginx.conf").write_text(AROUND.format(directory=directory))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [program, "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")]
    with running(command, READY):
        yield


def configuration(proxy: Proxy, instances: Sequence[str]) -> str:
    """The project's configuration, with nothing changed but the lines that are marked for it."""
    behind = [f"server {urlsplit(address).netloc} max_fails=1 fail_timeout=2s;" for address in instances]
    changed = {
        "one line for each instance": " ".join(behind),
        "the next": "",
        "name": f"server_name {NAME};",
        "https": f"listen {LOOPBACK}:{urlsplit(proxy.url).port}",
        "http": f"listen {LOOPBACK}:{urlsplit(proxy.plain_url).port}",
    }
    return OURS.sub(lambda line: _here(line, changed, proxy.certificate.parent), CONFIGURATION.read_text())


def _here(line: re.Match[str], changed: Mapping[str, str], directory: Path) -> str:
    says, what = line["says"], line["what"]
    if what in ("https", "http"):
        return re.sub("listen [0-9]+", changed[what], says)
    return changed[what] if what in changed else FOLDERS.sub(str(directory), says)
