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
TEXT = (FOLDER / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPS = {name: service for name, service in SERVICES.items() if service.get("image") == COMPOSE["name"]}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# ${NAME:?why it has to be set} or ${NAME:-what it is where it is not}
STATED_OUTSIDE = re.compile(r"\$\{(?P<name>[A-Z_]+):(?P<kind>[?-])(?P<text>[^}]*)\}")
PINNED = re.compile(r"[\w/]+:(\d+\.\d+(\.\d+)?-bookworm|v\d+\.\d+\.\d+)")
SECRET = re.compile("PASSWORD|SECRET|AUTH")
# Settings that the image has, and whose values Compose relies on.
OF_THE_IMAGE = {"HOST", "PORT", "DATA_DIR"}
OPERATOR = {
    "PUBLIC_ORIGIN": "https://calls.example.com",
    "TLS_DIR": "/etc/callboard/tls",
    "SECRET_KEY": "a key for tests, which is long enough",
    "POSTGRES_PASSWORD": "swordfish",
    "REDIS_PASSWORD": "herring",
}


def filled_in(text: str) -> str:
    """A value as Compose passes it on where only what has to be set is set."""
    return STATED_OUTSIDE.sub(lambda found: OPERATOR.get(found["name"], found["text"]), text)


def networks(name: str) -> set[str]:
    return set(SERVICES[name]["networks"])


@pytest.mark.parametrize("name", APPS)
def test_an_instance_is_given_settings_that_the_dashboard_takes_and_neighbours_that_it_waits_for(
    name: str, tmp_path: Path
) -> None:
    environment = {key: filled_in(value) for key, value in SERVICES[name]["environment"].items()}
    hosts = {urlsplit(environment[neighbor]).hostname for neighbor in ("DATABASE_URL", "REDIS_URL")}

    config = Config.from_environment(
        environment | {"HOST": "0.0.0.0", "DATA_DIR": str(tmp_path)}  # noqa: S104  # as in the image
    )

    assert environment.keys() == settings_read() - OF_THE_IMAGE
    assert (config.public_origin, config.log_format) == (OPERATOR["PUBLIC_ORIGIN"], "json")
    assert hosts == SERVICES[name]["depends_on"].keys()
    assert all(networks(name) & networks(str(host)) for host in hosts)


def test_what_has_to_be_set_outside_is_explained_at_the_top_and_no_secret_stands_in_the_file() -> None:
    needed = {found["name"] for found in STATED_OUTSIDE.finditer(TEXT) if found["kind"] == "?"}
    values = [item for service in SERVICES.values() for item in service.get("environment", {}).items()]
    passwords = {urlsplit(filled_in(value)).password for _, value in values if "://" in value}

    assert needed == OPERATOR.keys()
    assert all(name in TEXT.split("name: callboard")[0] for name in needed)
    assert [key for key, value in values if SECRET.search(key) and STATED_OUTSIDE.sub("", value)] == []
    assert passwords <= {None, OPERATOR["POSTGRES_PASSWORD"], OPERATOR["REDIS_PASSWORD"]}


def test_nginx_alone_is_to_be_reached_from_outside_and_asks_each_dashboard_by_an_address_that_stays() -> None:
    asked = re.findall(r"^    server (\S+):(\d+) ", CONFIGURATION.read_text(), re.MULTILINE)
    addresses = {service["networks"]["front"]["ipv4_address"] for service in APPS.values()}

    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == ["80:80", "443:443"]
    assert "ports" in SERVICES["nginx"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert networks("postgres") == networks("redis") == {"back"}
    assert {host for host, _ in asked} == APPS.keys() == SERVICES["nginx"]["depends_on"].keys()
    assert {port for _, port in asked} == set(re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.M))
    assert len(addresses) == len(APPS)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_may_write_little_is_watched_and_comes_back(name: str) -> None:
    service = SERVICES[name]

    assert (service["read_only"], service["restart"]) == (True, "unless-stopped")
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert name in APPS or re.fullmatch(
        r"[\w/]+:(\d+\.\d+(\.\d+)?-(bookworm|trixie)|v\d+\.\d+\.\d+)", service["image"]
    )
    assert "healthcheck" in service or (name in APPS and re.search("^HEALTHCHECK", DOCKERFILE, re.M))


def test_what_is_mounted_exists_and_what_has_to_outlive_its_container_is_in_a_volume() -> None:
    mounted = [volume.split(":") for each in SERVICES.values() for volume in each.get("volumes", ())]
    files = [place[0] for place in mounted if place[0].startswith(".")]
    kept = {place[0]: place[1] for place in mounted if place[0] in COMPOSE["volumes"]}

    assert files
    assert [path for path in files if not (FOLDER / path).is_file()] == []
    assert kept == {
        "postgres": "/var/lib/postgresql/data",
        "redis": "/data",
        "prometheus": "/prometheus",
    }
    assert kept.keys() == COMPOSE["volumes"].keys()
    assert all((FOLDER / service["build"] / "Dockerfile").is_file() for service in APPS.values())


def test_prometheus_is_started_on_demand_and_asks_every_instance_with_the_token() -> None:
    service = SERVICES["prometheus"]
    scraping = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    (job,) = scraping["scrape_configs"]
    (secret,) = service["secrets"]

    assert service["profiles"] == ["monitoring"]
    assert [name for name, each in SERVICES.items() if "profiles" in each] == ["prometheus"]
    assert COMPOSE["secrets"] == {secret: {"environment": "METRICS_TOKEN"}}
    assert job["authorization"] == {"credentials_file": f"/run/secrets/{secret}"}
    assert {target for each in job["static_configs"] for target in each["targets"]} == {
        f"{each['networks']['front']['ipv4_address']}:8000" for each in APPS.values()
    }
    assert all(f"./{name}:/etc/prometheus/{name}:ro" in service["volumes"] for name in scraping["rule_files"])


PASSWORD = "herring"


@contextmanager
def redis_as_composed(directory: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Redis and its port, run as its container would, but for the port, and the folder of its file."""
    port = free_port()
    shell, options, script = SERVICES["redis"]["command"]
    # Compose writes a dollar twice where it is to be one.
    here = script.replace("$$", "$").replace("<<END\n", f"<<END\nbind {LOOPBACK}\nport {port}\n")
    with running(
        [shell, options, here],
        "Ready to accept connections",
        environment={"PATH": "/usr/local/bin:/usr/bin:/bin", "REDISCLI_AUTH": PASSWORD},
        directory=directory,
    ) as started:
        yield started.process, port


def connected(port: int, password: str | None = PASSWORD) -> Redis:
    """A client, which connects when it is first used."""
    return Redis(host=LOOPBACK, port=port, password=password, decode_responses=True)


def test_redis_keeps_strangers_out_evicts_nothing_and_outlives_a_restart(tmp_path: Path) -> None:
    with redis_as_composed(tmp_path) as (process, port):
        with connected(port, None) as stranger, pytest.raises(AuthenticationError):
            stranger.get("session")
        assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text()
        with connected(port) as client:
            limits = client.config_get("maxmemory*")
            client.set("session", "alice")

    assert limits["maxmemory-policy"] == "noeviction"
    assert int(limits["maxmemory"]) > 0
    with redis_as_composed(tmp_path) as (_, port), connected(port) as client:
        assert client.get("session") == "alice"
