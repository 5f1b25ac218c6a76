"""deploy/compose.yaml: what it names is there, the dashboard takes its settings, it keeps no secret."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from redis import AuthenticationError, Redis

from config import Config
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ROOT, running
from tests.support.settings_read import settings_read
from tests.system.proxy.nginx import CONFIGURATION

FOLDER = ROOT / "deploy"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPS = {name: service for name, service in SERVICES.items() if service.get("image") == COMPOSE["name"]}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# ${NAME:?why it has to be set} or ${NAME:-what it is where it is not}
STATED_OUTSIDE = re.compile(r"\$\{(?P<name>[A-Z_]+):(?P<kind>[?-])(?P<text>[^}]*)\}")
SECRET = re.compile("PASSWORD|SECRET|AUTH")
OPERATOR = {
    "PUBLIC_ORIGIN": "https://calls.example.com",
    "TLS_DIR": "/etc/callboard/tls",
    "SECRET_KEY": "k" * 32,
    "POSTGRES_PASSWORD": "swordfish",
    "REDIS_PASSWORD": "herring",
}
NEIGHBORS = ("DATABASE_URL", "REDIS_URL")


def filled_in(text: str) -> str:
    """A value as Compose passes it on where only what has to be set is set."""
    return STATED_OUTSIDE.sub(lambda found: OPERATOR.get(found["name"], found["text"]), text)


@pytest.mark.parametrize("name", APPS)
def test_an_instance_is_given_settings_that_the_dashboard_reads_and_takes(name: str, tmp_path: Path) -> None:
    environment = {key: filled_in(value) for key, value in SERVICES[name]["environment"].items()}

    config = Config.from_environment(
        environment | {"HOST": "0.0.0.0", "DATA_DIR": str(tmp_path)}  # noqa: S104  # as in the image
    )

    assert environment.keys() <= settings_read()
    assert config.public_origin == OPERATOR["PUBLIC_ORIGIN"]
    assert config.log_format == "json"


def test_what_has_to_be_set_outside_is_explained_at_the_top_of_the_file() -> None:
    text = (FOLDER / "compose.yaml").read_text()
    needed = {found["name"] for found in STATED_OUTSIDE.finditer(text) if found["kind"] == "?"}

    assert needed == OPERATOR.keys()
    assert all(name in text.split("name: callboard")[0] for name in needed)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    values = SERVICES[name].get("environment", {})
    addresses = [filled_in(value) for value in values.values() if "://" in value]

    assert [
        key for key, value in values.items() if SECRET.search(key) and STATED_OUTSIDE.sub("", value)
    ] == []
    assert {urlsplit(address).password for address in addresses} <= {None, "swordfish", "herring"}


def test_the_dashboards_differ_in_nothing_but_their_address() -> None:
    first, second = ({**service, "networks": set(service["networks"])} for service in APPS.values())
    addresses = {service["networks"]["front"]["ipv4_address"] for service in APPS.values()}

    assert first == second
    assert len(addresses) == 2


def test_what_has_to_outlive_its_container_is_in_a_volume() -> None:
    kept = {name: service["volumes"][0] for name, service in SERVICES.items() if name in COMPOSE["volumes"]}

    assert kept == {"postgres": "postgres:/var/lib/postgresql/data", "redis": "redis:/data"}


@pytest.mark.parametrize("name", APPS)
def test_an_instance_uses_the_neighbors_that_it_waits_for(name: str) -> None:
    environment = {key: filled_in(value) for key, value in SERVICES[name]["environment"].items()}
    hosts = {urlsplit(environment[neighbor]).hostname for neighbor in NEIGHBORS}

    assert hosts == SERVICES[name]["depends_on"].keys()
    assert all(_networks(name) & _networks(str(host)) for host in hosts)


def test_nginx_asks_the_dashboard_by_an_address_that_stays() -> None:
    asked = re.findall(r"^    server (\S+):(\d+) ", CONFIGURATION.read_text(), re.MULTILINE)

    assert {host for host, _ in asked} == APPS.keys() == SERVICES["nginx"]["depends_on"].keys()
    assert {port for _, port in asked} == set(re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.M))
    assert all(service["networks"]["front"]["ipv4_address"] for service in APPS.values())


def test_nobody_but_nginx_is_to_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert _networks("postgres") == _networks("redis") == {"back"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_write_little_is_watched_and_comes_back(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or (
        name in APPS and len(re.findall("^HEALTHCHECK", DOCKERFILE, re.M)) == 1
    )


def test_images_are_pinned_to_a_release() -> None:
    for service in SERVICES.values():
        if "build" not in service:
            assert re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?-bookworm", service["image"])


def test_every_file_and_volume_that_is_mounted_exists() -> None:
    mounted = [
        volume.split(":")[0]
        for each in SERVICES.values()
        for volume in map(filled_in, each.get("volumes", ()))
    ]
    files = [path for path in mounted if path.startswith(".")]

    assert files
    assert [path for path in files if not (FOLDER / path).is_file()] == []
    assert {name for name in mounted if name[0] not in "./"} == COMPOSE["volumes"].keys()
    assert all((FOLDER / service["build"] / "Dockerfile").is_file() for service in APPS.values())


def _networks(name: str) -> set[str]:
    return set(SERVICES[name]["networks"])


PASSWORD = "herring"
READY = "Ready to accept connections"


@pytest.fixture
def port() -> int:
    """Where it answers."""
    return free_port()


@contextmanager
def as_composed(directory: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run it as its container would, but for the port, and the folder of its file."""
    shell, options, script = SERVICES["redis"]["command"]
    # Compose writes a dollar twice where it is to be one.
    here = script.replace("$$", "$").replace("<<END\n", f"<<END\nbind {LOOPBACK}\nport {port}\n")
    with running(
        [shell, options, here],
        READY,
        environment={"PATH": "/usr/local/bin:/usr/bin:/bin", "REDISCLI_AUTH": PASSWORD},
        directory=directory,
    ) as started:
        yield started.process


def connected(port: int, password: str | None = PASSWORD) -> Redis:
    """A client, which connects when it is first used."""
    return Redis(host=LOOPBACK, port=port, password=password, decode_responses=True)


def test_who_has_not_the_password_gets_nothing_and_nobody_sees_it(tmp_path: Path, port: int) -> None:
    with as_composed(tmp_path, port) as process:
        with connected(port, None) as stranger, pytest.raises(AuthenticationError):
            stranger.get("session")
        with connected(port) as client:
            assert client.ping()
        assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_nothing_is_evicted(tmp_path: Path, port: int) -> None:
    with as_composed(tmp_path, port), connected(port) as client:
        limits = client.config_get("maxmemory*")

    assert limits["maxmemory-policy"] == "noeviction"
    assert int(limits["maxmemory"]) > 0


def test_what_it_holds_outlives_a_restart(tmp_path: Path, port: int) -> None:
    with as_composed(tmp_path, port), connected(port) as client:
        client.set("session", "alice")

    with as_composed(tmp_path, port), connected(port) as client:
        assert client.get("session") == "alice"
