"""The Compose file: every process, in order, with what it needs and nothing else."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.main import get_command

from deploy.cli import app
from deploy.postgres.cluster import SETTINGS
from services.chassis.config import SERVICES, read_process_settings
from services.chassis.relay import STOP_S
from tests.deploy.containers.needs import (
    ALL_SECRETS,
    FORWARDED,
    LOAD,
    OWNERS,
    PROCESSES,
    ROLES,
    client_behind,
    settings_read,
)
from tests.deploy.containers.reading import DEPLOY, EXACT_TAG, SCHEMAS, compose

BAOXUE = {process.name for process in PROCESSES}
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
JOBS = {"prepare", "migrate", "topics", "policy", "load", "secrets"}
WATCHING = {"collector", "prometheus", "tempo", "grafana"}
SECONDS = {"s": 1, "m": 60}

SERVICES_OF = compose()["services"]
process = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
every = pytest.mark.parametrize("name", sorted(SERVICES_OF))


def networks(service: dict[str, Any]) -> set[str]:
    return set(service.get("networks", ()))


def secrets(service: dict[str, Any]) -> set[str]:
    return set(service.get("secrets", ()))


@pytest.mark.parametrize("single", [False, True], ids=["three-brokers", "one-broker"])
def test_the_file_is_what_the_compose_specification_allows(single: bool) -> None:
    schema = json.loads((SCHEMAS / "compose.json").read_text(encoding="utf-8"))

    jsonschema.validate(compose(single=single), schema)


def test_the_engine_itself_can_read_the_file() -> None:
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run([docker, "compose", "version"], capture_output=True, timeout=30, check=False).returncode
    ):
        pytest.skip("NOT RUN: there is no `docker compose` to read the Compose file; the schema alone was held to")

    for files in (["compose.yaml"], ["compose.yaml", "compose/single.yaml"]):
        named = [word for file in files for word in ("--file", file)]
        read = subprocess.run(
            [docker, "compose", *named, "config", "--quiet"],
            cwd=DEPLOY, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert read.returncode == 0, read.stderr


def test_every_process_is_there_and_no_other() -> None:
    assert set(SERVICES_OF) == BAOXUE | JOBS | WATCHING | {"postgres", *BROKERS}


@process
def test_a_container_runs_its_part_alone(process) -> None:
    assert SERVICES_OF[process.name]["command"] == process.command


@process
def test_a_process_gets_the_secrets_it_needs_and_no_others(process) -> None:
    assert secrets(SERVICES_OF[process.name]) == process.secrets


def test_a_job_gets_the_secrets_it_needs_and_no_others() -> None:
    assert secrets(SERVICES_OF["prepare"]) == {"postgres", *ROLES}
    assert secrets(SERVICES_OF["migrate"]) == set(OWNERS)
    assert secrets(SERVICES_OF["topics"]) == set()
    assert secrets(SERVICES_OF["policy"]) == {"gateway_owner", "gateway_reader"}
    assert secrets(SERVICES_OF["load"]) == LOAD.secrets
    assert secrets(SERVICES_OF["postgres"]) == {"postgres"}


def test_the_secrets_are_the_files_that_are_made() -> None:
    given = compose()["secrets"]

    assert set(given) == ALL_SECRETS
    assert {secret["file"] for secret in given.values()} == {f"./compose/secrets/{name}" for name in ALL_SECRETS}
    assert SERVICES_OF["secrets"]["volumes"] == ["./compose/secrets:/secrets"]
    assert SERVICES_OF["secrets"]["command"] == ["deploy.cli", "secrets", "/secrets"]


def test_no_secret_stands_in_an_environment() -> None:
    for service in SERVICES_OF.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or name.endswith(("_FILE",)) or not value, name


def test_processes_are_given_the_settings_they_read_and_every_setting_is_given() -> None:
    ours = BAOXUE | JOBS
    given = {name for service in ours for name in SERVICES_OF[service].get("environment", {})}

    assert given - {FORWARDED} == settings_read()


def test_the_gateway_believes_the_host_s_proxy_who_asks_and_nobody_else() -> None:
    """Else all of the public would be one address, and one of them could use up what all may send."""
    [network] = compose()["networks"]["front"]["ipam"]["config"]
    believed = SERVICES_OF["gateway-api"]["environment"][FORWARDED]

    assert [name for name in BAOXUE if FORWARDED in SERVICES_OF[name]["environment"]] == ["gateway-api"]
    assert believed == network["gateway"]
    assert client_behind(believed, "203.0.113.9", by=network["gateway"]) == "203.0.113.9"
    assert client_behind(believed, "203.0.113.9", by="172.31.87.7") == "172.31.87.7"


def test_the_proxy_that_is_shipped_sets_who_asks_and_passes_websockets() -> None:
    text = (DEPLOY / "compose" / "proxy.conf").read_text(encoding="utf-8")
    told = dict(re.findall(r"^ *proxy_set_header (\S+) (\S+);", text, flags=re.MULTILINE))

    assert told["X-Forwarded-For"] == "$remote_addr"  # and not what whoever asks has sent
    assert (told["Upgrade"], told["Connection"]) == ("$http_upgrade", "$baoxue_connection")
    assert "proxy_http_version 1.1;" in text


def test_nginx_itself_takes_the_proxy_that_is_shipped(tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("NOT RUN: there is no nginx to read compose/proxy.conf; its text alone was looked at")
    shipped = (DEPLOY / "compose" / "proxy.conf").read_text(encoding="utf-8")
    certificate, key = _certificate()
    (tmp_path / "baoxue.crt").write_bytes(certificate)
    (tmp_path / "baoxue.key").write_bytes(key)
    (tmp_path / "proxy.conf").write_text(shipped.replace("/etc/nginx/", f"{tmp_path}/"), encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ include {tmp_path}/proxy.conf; }}\n")

    directives = f"pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
    read = subprocess.run(
        [nginx, "-t", "-q", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", directives],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (read.returncode, read.stderr) == (0, "")


def _certificate() -> tuple[bytes, bytes]:
    """A certificate for the host of the example, by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "baoxue.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    )
    own = made.sign(key, hashes.SHA256())
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return own.public_bytes(serialization.Encoding.PEM), key.private_bytes(*plain)


@process
def test_a_process_can_read_its_settings(process) -> None:
    environment = SERVICES_OF[process.name]["environment"]

    settings = read_process_settings(environment)

    assert "host=postgres" in settings.postgres
    assert settings.kafka == ("kafka:9092",)
    assert (settings.host, settings.port) == ("0.0.0.0", 8760)  # noqa: S104  # within its networks
    assert not settings.development
    assert settings.otlp_endpoint == "http://collector:4318"


def test_the_gateway_finds_every_service_under_its_address() -> None:
    settings = read_process_settings(SERVICES_OF["gateway-api"]["environment"])

    assert settings.services == {name: f"http://{name}:8760" for name in SERVICES}
    for name in SERVICES:
        assert SERVICES_OF[f"{name}-api"]["networks"]["services"] == {"aliases": [name]}


def test_development_has_to_be_asked_for() -> None:
    asked = compose(environment={"BAOXUE_DEVELOPMENT": "yes"})["services"]

    assert read_process_settings(asked["gateway-api"]["environment"]).development
    assert "BAOXUE_DEVELOPMENT" not in asked["cases-api"]["environment"]


@process
def test_a_process_is_on_the_networks_of_those_it_speaks_with(process) -> None:
    needed = {"database", "watch"}
    needed |= {"log"} if process.follows else set()
    needed |= {"services"} if process.is_face else set()
    needed |= {"front"} if process.name == "gateway-api" else set()
    needed |= {"out"} if process.sends else set()

    assert networks(SERVICES_OF[process.name]) == needed


def test_servers_and_jobs_are_on_no_network_they_do_not_need() -> None:
    assert networks(SERVICES_OF["postgres"]) == {"database"}
    assert {name for broker in BROKERS for name in networks(SERVICES_OF[broker])} == {"log"}
    assert networks(SERVICES_OF["prepare"]) == networks(SERVICES_OF["migrate"]) == {"database"}
    assert networks(SERVICES_OF["topics"]) == {"log"}
    assert SERVICES_OF["secrets"]["network_mode"] == "none"
    assert networks(SERVICES_OF["collector"]) == {"watch"}


def test_only_the_front_and_the_way_of_messages_lead_out_of_the_host() -> None:
    leading_out = {name for name, network in compose()["networks"].items() if not network.get("internal")}
    published = {name: service["ports"] for name, service in SERVICES_OF.items() if "ports" in service}

    assert leading_out == {"front", "out"}
    assert {name for name, service in SERVICES_OF.items() if "out" in networks(service)} == {"notify-sender"}
    assert set(published) == {"gateway-api", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@every
def test_a_container_can_do_as_little_as_possible(name: str) -> None:
    service = SERVICES_OF[name]

    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), "a number other than root's"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@every
def test_a_container_is_bounded(name: str) -> None:
    service = SERVICES_OF[name]

    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert all("size=" in place for place in service.get("tmpfs", ()))
    assert service["restart"] == ("no" if name in JOBS else "unless-stopped")


@every
def test_an_image_has_an_exact_version(name: str) -> None:
    assert EXACT_TAG.fullmatch(SERVICES_OF[name]["image"])


def test_the_brokers_are_those_the_tests_run_on() -> None:
    version = re.search(r"<kafka.version>([\d.]+)<", (DEPLOY / "kafka/pom.xml").read_text(encoding="utf-8"))

    assert version
    assert {SERVICES_OF[broker]["image"] for broker in BROKERS} == {f"apache/kafka:{version[1]}"}


def test_everything_is_started_in_order() -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in SERVICES_OF[name].get("depends_on", {}).items()}

    assert waits("prepare") == {"postgres": "service_healthy"}
    assert waits("migrate") == {"prepare": "service_completed_successfully"}
    assert waits("topics") == dict.fromkeys(BROKERS, "service_healthy")
    for one in PROCESSES:
        done = {"migrate", "topics"} if one.follows else {"migrate"}
        assert waits(one.name) == dict.fromkeys(done, "service_completed_successfully")


def test_what_is_waited_for_can_tell_that_it_is_well() -> None:
    for name in ("postgres", *BROKERS):
        assert SERVICES_OF[name]["healthcheck"]["test"][0] == "CMD", "no shell is needed"


def test_a_process_has_time_to_finish() -> None:
    for one in PROCESSES:
        period = SERVICES_OF[one.name]["stop_grace_period"]
        assert int(period[:-1]) * SECONDS[period[-1]] > STOP_S


@pytest.mark.parametrize("single", [False, True], ids=["three-brokers", "one-broker"])
def test_the_brokers_are_one_cluster(single: bool) -> None:
    services = compose(single=single)["services"]
    brokers = [name for name in BROKERS if "profiles" not in services[name]]
    voters = ",".join(f"{number}@{name}:9093" for number, name in enumerate(brokers, start=1))

    assert len(brokers) == (1 if single else 3)
    for number, name in enumerate(brokers, start=1):
        environment = services[name]["environment"]
        assert environment["KAFKA_NODE_ID"] == str(number)
        assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        assert environment["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        assert services[name]["networks"] == {"log": {"aliases": ["kafka"]}}
        replicas = {value for key, value in environment.items() if key.endswith("REPLICATION_FACTOR")}
        enough = {value for key, value in environment.items() if key.endswith(("MIN_ISR", "MIN_INSYNC_REPLICAS"))}
        assert replicas == {str(len(brokers))}
        assert enough == {str(len(brokers) // 2 + 1)}
    assert services["topics"]["command"] == ["deploy.cli", "topics", "--replicas", str(len(brokers))]
    assert set(services["topics"]["depends_on"]) == set(brokers)


def test_the_server_keeps_personal_data_out_of_its_log_as_the_embedded_one_does() -> None:
    embedded = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", SETTINGS, flags=re.MULTILINE))
    here = dict(word[2:].split("=", 1) for word in SERVICES_OF["postgres"]["command"][1:])

    for name, value in here.items():
        assert value == embedded[name] or name in {"max_connections", "shared_buffers"}, name
    assert {name for name in embedded if name.startswith("log_")} <= set(here)


def test_the_jobs_are_commands_that_there_are() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]

    for name in JOBS:
        module, command, *_ = SERVICES_OF[name]["command"]
        assert (module, command in known) == ("deploy.cli", True), command


def test_every_file_that_is_mounted_is_in_the_repository() -> None:
    for config in compose()["configs"].values():
        assert (DEPLOY / config["file"]).is_file(), config["file"]
