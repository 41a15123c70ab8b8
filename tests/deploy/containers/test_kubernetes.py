"""The Kubernetes manifests as kustomize renders them: every process, with what it needs and nothing else."""

import json
import re
from functools import cache
from typing import Any

import jsonschema
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from deploy.kafka.topics import FILE as TOPICS
from deploy.postgres.cluster import SETTINGS
from deploy.postgres.databases import DATABASES
from deploy.secrets import KEYS, PROVIDER, WAYS_OUT
from gateway.readmodel.projector import READER
from services.chassis.config import SERVICES, read_process_settings
from services.chassis.log_kafka import read_topics
from services.chassis.relay import STOP_S
from tests.deploy.containers.needs import (
    FORWARDED,
    HEARS,
    KAFKA_FILES,
    LOAD,
    OWNERS,
    PROCESSES,
    client_behind,
    settings_read,
)
from tests.deploy.containers.reading import DEPLOY, EXACT_TAG, SCHEMAS, Manifest, containers, of_kind, rendered

SIZES = ("small", "large")
FOLDERS = ("base/migrate", "base/load", *(f"overlays/{size}/{step}" for size in SIZES for step in ("data", "parts")))
DEVELOPMENT = "BAOXUE_DEVELOPMENT"
PRODUCERS = {topic.producer: topic for topic in read_topics(TOPICS)}

folder = pytest.mark.parametrize("folder", FOLDERS)
size = pytest.mark.parametrize("size", SIZES)
process = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
database = pytest.mark.parametrize("kind", DATABASES, ids=lambda kind: kind.name)


def parts(of: str = "small") -> dict[str, Manifest]:
    return of_kind(rendered(f"overlays/{of}/parts"), "Deployment")


def data(kind: str, of: str = "small") -> dict[str, Manifest]:
    return of_kind(rendered(f"overlays/{of}/data"), kind)


def job(name: str) -> Manifest:
    return of_kind(rendered(f"base/{name}"), "Job")[name]


def files(workload: Manifest, volume: str) -> dict[str, tuple[str, str]]:
    """The files of a projected volume: the Secret and the key each one comes from."""
    volumes = {one["name"]: one for one in workload["spec"]["template"]["spec"]["volumes"]}
    return {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in volumes[volume]["projected"]["sources"]
        for item in source["secret"]["items"]
    }


def environment(workload: Manifest) -> dict[str, str]:
    """The environment of a workload's container, its references followed."""
    given = of_kind(rendered("overlays/small/data"), "ConfigMap") | of_kind(
        rendered("overlays/small/parts"), "ConfigMap"
    )
    [container] = containers(workload)
    made: dict[str, str] = {}
    for source in container["envFrom"]:
        made |= given[source["configMapRef"]["name"]]["data"]
    for variable in container.get("env", ()):
        at = variable.get("valueFrom", {}).get("configMapKeyRef")
        made[variable["name"]] = given[at["name"]]["data"][at["key"]] if at else variable["value"]
    return made


# ── the forms ────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def schema_of(manifest_kind: str) -> jsonschema.Draft202012Validator:
    own = SCHEMAS / f"{manifest_kind}.json"
    if own.exists():
        return jsonschema.Draft202012Validator(json.loads(own.read_text(encoding="utf-8")))
    core = json.loads((SCHEMAS / "kubernetes.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{manifest_kind}"} | core)


@folder
def test_the_servers_would_take_every_manifest(folder: str) -> None:
    for manifest in rendered(folder):
        errors = [f"{list(error.path)}: {error.message}" for error in schema_of(manifest["kind"]).iter_errors(manifest)]
        assert not errors, (manifest["kind"], manifest["metadata"]["name"])


@folder
def test_everything_is_in_one_namespace(folder: str) -> None:
    for manifest in rendered(folder):
        if manifest["kind"] != "Namespace":
            assert manifest["metadata"]["namespace"] == "baoxue", manifest["metadata"]["name"]


@folder
def test_no_secret_is_written_down(folder: str) -> None:
    assert not of_kind(rendered(folder), "Secret")


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@size
def test_every_process_is_deployed_and_no_other(size: str) -> None:
    assert set(parts(size)) == {process.name for process in PROCESSES}


@process
def test_a_pod_runs_its_part_alone(process) -> None:
    [container] = containers(parts()[process.name])

    assert container["args"] == process.command
    assert "command" not in container, "the image's own entrypoint"


@process
def test_a_part_is_found_by_its_labels(process) -> None:
    """The upgrade goes by them, step by step."""
    deployment = parts()[process.name]
    labels = {"app.kubernetes.io/name": process.owner, "app.kubernetes.io/component": process.part}

    assert deployment["spec"]["selector"] == {"matchLabels": labels}
    assert deployment["metadata"]["labels"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert labels.items() < deployment["metadata"]["labels"].items()


@process
def test_a_process_gets_the_secrets_it_needs_and_no_others(process) -> None:
    needed = process.secrets | (KAFKA_FILES if process.follows else frozenset())

    given = files(parts()[process.name], "secrets")

    assert set(given) == needed
    for name, (secret, key) in given.items():
        assert (secret, key) == _kept_in(name, owner=process.owner)


def test_a_job_gets_the_secrets_it_needs_and_no_others() -> None:
    assert set(files(job("migrate"), "secrets")) == set(OWNERS)
    assert set(files(job("load"), "secrets")) == LOAD.secrets


def _kept_in(name: str, *, owner: str) -> tuple[str, str]:
    """The Secret, and the key in it, that holds a secret file."""
    if name == "kafka-ca.crt":
        return "kafka-cluster-ca-cert", "ca.crt"
    if name.startswith("kafka-user."):
        return f"log-{owner}", name.removeprefix("kafka-")
    if name in {*KEYS, *WAYS_OUT, PROVIDER}:
        return name.replace(".", "-"), "value"
    return f"role-{name.replace('_', '-')}", "password"


def test_secret_files_are_for_the_process_and_nobody_else() -> None:
    for workload in (*parts().values(), job("migrate"), job("load")):
        pod = workload["spec"]["template"]["spec"]
        modes = [volume["projected"]["defaultMode"] for volume in pod["volumes"] if volume["name"] == "secrets"]
        assert modes == [0o440]
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]


def test_processes_are_given_the_settings_they_read_except_the_one_that_lets_anybody_in() -> None:
    given = {name for deployment in parts().values() for name in environment(deployment)}

    assert given - {FORWARDED} == settings_read() - {DEVELOPMENT}
    assert set(environment(job("migrate"))) <= given


def test_the_gateway_believes_pods_who_asks_and_nobody_from_outside() -> None:
    believed = environment(parts()["gateway-api"])[FORWARDED]

    assert [name for name, deployment in parts().items() if FORWARDED in environment(deployment)] == ["gateway-api"]
    assert client_behind(believed, "203.0.113.9", by="10.244.0.7") == "203.0.113.9"
    assert client_behind(believed, "198.51.100.1, 203.0.113.9", by="10.244.0.7") == "203.0.113.9"
    assert client_behind(believed, "203.0.113.9", by="198.51.100.1") == "198.51.100.1"


@process
def test_a_process_finds_its_servers_and_knows_them_by_their_certificates(process) -> None:
    deployment = parts()[process.name]
    settings = read_process_settings(environment(deployment))
    [container] = containers(deployment)
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}

    for name in process.databases:
        server = conninfo_to_dict(settings.postgres.replace("{database}", name))
        certificate = server["sslrootcert"].removeprefix(f"{mounts['servers']}/")
        assert server["host"] == f"pg-{name}-rw"
        assert server["sslmode"] == "verify-full"
        assert files(deployment, "servers")[certificate] == (f"pg-{name}-ca", "ca.crt")
    assert set(files(deployment, "servers")) == {f"{name}.crt" for name in process.databases}
    assert settings.secrets.as_posix() == mounts["secrets"]
    assert settings.kafka == ("kafka-kafka-bootstrap:9093",)
    assert settings.kafka_security == "tls"


def test_the_gateway_finds_every_service_under_its_address() -> None:
    gateway = parts()["gateway-api"]
    settings = read_process_settings(environment(gateway))
    services = of_kind(rendered("overlays/small/parts"), "Service")
    [container] = containers(gateway)

    assert settings.services == {name: f"http://{name}:8760" for name in SERVICES}
    assert set(services) == {*SERVICES, "gateway"}
    for name, service in services.items():
        labels = parts()[f"{name}-api"]["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        assert service["spec"]["ports"] == [{"name": "http", "port": 8760, "targetPort": "http"}]
    assert settings.jwks is not None
    assert settings.jwks.parent.as_posix() in {mount["mountPath"] for mount in container["volumeMounts"]}


@process
def test_a_pod_can_do_as_little_as_possible(process) -> None:
    _holds_the_restricted_profile(parts()[process.name])


@pytest.mark.parametrize("name", ["migrate", "load"])
def test_a_job_can_do_as_little_as_possible(name: str) -> None:
    _holds_the_restricted_profile(job(name))


def _holds_the_restricted_profile(workload: Manifest) -> None:
    pod = workload["spec"]["template"]["spec"]
    assert pod["securityContext"] | {"runAsNonRoot": True, "runAsUser": 10001} == pod["securityContext"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for container in containers(workload):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@process
def test_a_pod_is_asked_how_it_is(process) -> None:
    [container] = containers(parts()[process.name])
    port = {"path": "/health/live", "port": "http"}

    assert container["startupProbe"]["httpGet"] == container["livenessProbe"]["httpGet"] == port
    assert container["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": 8760}]


@process
def test_a_pod_has_time_to_finish(process) -> None:
    deployment = parts()[process.name]
    [container] = containers(deployment)
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > STOP_S + before
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@size
def test_only_one_pod_of_a_part_is_taken_away_at_a_time(size: str) -> None:
    budgets = of_kind(rendered(f"overlays/{size}/parts"), "PodDisruptionBudget")

    assert set(budgets) == set(parts(size))
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"] == parts(size)[name]["spec"]["selector"]


def test_only_where_somebody_waits_for_an_answer_does_load_make_more_pods() -> None:
    scalers = of_kind(rendered("overlays/large/parts"), "HorizontalPodAutoscaler")

    assert set(scalers) == {process.name for process in PROCESSES if process.is_face}
    for name, deployment in parts("large").items():
        assert ("replicas" in deployment["spec"]) == (name not in scalers), "one of them says how many"


@size
def test_no_more_pods_share_the_partitions_than_there_are(size: str) -> None:
    partitions = min(topic.partitions for topic in PRODUCERS.values())

    for process in PROCESSES:
        if process.follows:
            wanted = 2 if process.part == "relay" else partitions  # of the relays one works and one stands by
            assert parts(size)[process.name]["spec"]["replicas"] <= wanted


@folder
def test_an_image_has_an_exact_version(folder: str) -> None:
    for manifest in rendered(folder):
        if manifest["kind"] in {"Deployment", "Job"}:
            assert {container["image"] for container in containers(manifest)} == {"registry.invalid/baoxue:0.1.0"}
        if manifest["kind"] == "Cluster":
            assert EXACT_TAG.fullmatch(manifest["spec"]["imageName"])


# ── who may reach whom ───────────────────────────────────────────────────────────────────────────────────────────────


Labels = dict[str, str]


def _everybody() -> dict[str, Labels]:
    """The labels of every pod in the namespace, by name."""
    workloads = [*parts().values(), job("migrate"), job("load")]
    pods = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in workloads}
    pods |= {f"pg-{kind.name}": {"cnpg.io/cluster": f"pg-{kind.name}"} for kind in DATABASES}
    return pods | {"kafka": {"strimzi.io/cluster": "kafka", "strimzi.io/name": "kafka-kafka"}}


def _needed() -> set[tuple[str, str, int]]:
    """Every connection the system is made of: from, to, port."""
    edges = {("gateway-api", f"{name}-api", 8760) for name in SERVICES}
    for process in (*PROCESSES, LOAD):
        name = "load" if process is LOAD else process.name
        edges |= {(name, f"pg-{one}", 5432) for one in process.databases}
        edges |= {(name, "kafka", 9093)} if process.follows else set()
    edges |= {("migrate", f"pg-{kind.name}", 5432) for kind in DATABASES}
    edges |= {(f"pg-{kind.name}", f"pg-{kind.name}", port) for kind in DATABASES for port in (5432, 8000)}
    return edges


def _matches(selector: dict[str, Any], labels: Labels) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for condition in selector.get("matchExpressions", ()):
        value = labels.get(condition["key"])
        if condition["operator"] == "In" and value not in condition["values"]:
            return False
        if condition["operator"] == "Exists" and value is None:
            return False
        assert condition["operator"] in {"In", "Exists"}, "an operator this test doesn't know"
    return True


def _lets(rule: dict[str, Any], *, peers: str, other: Labels, port: int) -> bool:
    """Whether a rule lets through a connection with another pod of the namespace."""
    within = any(
        entry["port"] <= port <= entry.get("endPort", entry["port"]) and entry["protocol"] == "TCP"
        for entry in rule["ports"]
    )
    inside = [one for one in rule.get(peers, ()) if "namespaceSelector" not in one]
    anywhere = peers not in rule
    return within and (anywhere or any(_matches(one["podSelector"], other) for one in inside))


def _may(source: Labels, target: Labels, port: int) -> bool:
    """Whether both sides let the connection through; every pod is closed by the policy `nobody`."""
    policies = [one["spec"] for one in data("NetworkPolicy").values()]
    out = any(
        _lets(rule, peers="to", other=target, port=port)
        for policy in policies
        if _matches(policy["podSelector"], source)
        for rule in policy.get("egress", ())
    )
    rules = [
        rule for policy in policies if _matches(policy["podSelector"], target) for rule in policy.get("ingress", ())
    ]
    if "strimzi.io/cluster" in target:  # whom the operator lets in, it reads from the listener
        [listener] = data("Kafka")["kafka"]["spec"]["kafka"]["listeners"]
        ports = [{"port": listener["port"], "protocol": "TCP"}]
        rules.append({"from": listener["networkPolicyPeers"], "ports": ports})
    return out and any(_lets(rule, peers="from", other=source, port=port) for rule in rules)


def test_nobody_may_reach_anybody_to_begin_with() -> None:
    nobody = data("NetworkPolicy")["nobody"]["spec"]

    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_everybody_may_reach_whom_it_needs_and_nobody_else() -> None:
    everybody = _everybody()
    ports = {
        name: (5432, 8000) if name.startswith("pg-") else (9093,) if name == "kafka" else (8760,) for name in everybody
    }

    possible = {
        (source, target, port)
        for source, its in everybody.items()
        for target, theirs in everybody.items()
        for port in ports[target]
        if _may(its, theirs, port)
    }

    assert possible == _needed()


def test_only_the_gateway_is_reached_from_outside_and_only_over_its_own_port() -> None:
    coming_in = {
        name: (rule["from"], rule["ports"])
        for name, policy in data("NetworkPolicy").items()
        for rule in policy["spec"].get("ingress", ())
        for peer in rule["from"]
        if "namespaceSelector" in peer
    }

    assert set(coming_in) == {"gateway-api", "postgres"}
    assert coming_in["gateway-api"][1] == [{"protocol": "TCP", "port": 8760}]
    operator = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "cnpg-system"}}}
    assert coming_in["postgres"][0] == [operator]


# ── Kafka ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@size
def test_the_topics_are_those_of_the_list(size: str) -> None:
    topics = data("KafkaTopic", size)
    nodes = data("KafkaNodePool", size)["node"]["spec"]["replicas"]

    assert set(topics) == {topic.name for topic in PRODUCERS.values()}
    for topic in PRODUCERS.values():
        assert topic.retention_days is None, "say it here in another way"
        assert topics[topic.name]["spec"] == {
            "partitions": topic.partitions,
            "replicas": nodes,
            "config": {
                "cleanup.policy": "delete",
                "retention.ms": -1,
                "retention.bytes": -1,
                "min.insync.replicas": nodes // 2 + 1,
            },
        }


def test_a_service_tells_its_own_topic_and_hears_those_it_listens_to() -> None:
    users = data("KafkaUser")

    assert set(users) == {f"log-{owner}" for owner in HEARS}
    for owner, producers in HEARS.items():
        acls = users[f"log-{owner}"]["spec"]["authorization"]["acls"]
        allowed = {(one["resource"]["type"], one["resource"]["name"], *one["operations"]) for one in acls}
        telling = {("topic", PRODUCERS[owner].name, "Write", "Describe")} if owner in PRODUCERS else set()
        hearing = {("topic", PRODUCERS[producer].name, "Read", "Describe") for producer in producers}
        reader = READER if owner == "gateway" else owner
        group = {("group", f"baoxue.{reader}", "Read", "Describe")} if producers else set()
        assert allowed == telling | hearing | group


@size
def test_brokers_are_reached_over_tls_with_certificates_on_both_sides(size: str) -> None:
    kafka = data("Kafka", size)["kafka"]["spec"]["kafka"]

    [listener] = kafka["listeners"]
    assert listener["tls"] is True
    assert listener["authentication"] == {"type": "tls"}
    assert kafka["authorization"] == {"type": "simple"}
    assert kafka["config"]["auto.create.topics.enable"] is False
    assert kafka["config"]["unclean.leader.election.enable"] is False


def test_the_brokers_are_those_the_tests_run_on() -> None:
    version = re.search(r"<kafka.version>([\d.]+)<", (DEPLOY / "kafka/pom.xml").read_text(encoding="utf-8"))

    assert version
    assert data("Kafka")["kafka"]["spec"]["kafka"]["version"] == version[1]


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────────


@size
def test_every_database_has_a_cluster_of_its_own_that_is_backed_up(size: str) -> None:
    clusters, backups = data("Cluster", size), data("ScheduledBackup", size)
    stores = data("ObjectStore", size)

    assert set(clusters) == set(backups) == {f"pg-{kind.name}" for kind in DATABASES}
    for name, cluster in clusters.items():
        [plugin] = cluster["spec"]["plugins"]
        assert plugin["isWALArchiver"] is True
        assert plugin["parameters"]["barmanObjectName"] in stores
        assert backups[name]["spec"]["cluster"] == {"name": name}


def test_keys_of_children_are_backed_up_apart_and_not_for_long() -> None:
    stores = data("ObjectStore")
    at = {name: store["spec"]["configuration"]["destinationPath"] for name, store in stores.items()}
    using = {
        name: cluster["spec"]["plugins"][0]["parameters"]["barmanObjectName"]
        for name, cluster in data("Cluster").items()
    }

    assert at["backups"] != at["backups-vault"]
    assert [name for name, store in using.items() if store == "backups-vault"] == ["pg-vault"]
    days = {name: int(store["spec"]["retentionPolicy"].removesuffix("d")) for name, store in stores.items()}
    assert days["backups-vault"] <= 7 < days["backups"]


def test_what_is_answered_is_on_two_servers() -> None:
    for cluster in data("Cluster", "large").values():
        assert cluster["spec"]["instances"] == 3
        synchronous = {"method": "any", "number": 1, "dataDurability": "required"}
        assert cluster["spec"]["postgresql"]["synchronous"] == synchronous
    for cluster in data("Cluster", "small").values():
        assert cluster["spec"]["instances"] == 2


@database
def test_the_roles_are_those_of_the_list(kind) -> None:
    spec = data("Cluster")[f"pg-{kind.name}"]["spec"]
    first = spec["bootstrap"]["initdb"]
    managed = {role["name"]: role for role in spec["managed"]["roles"]}

    assert (first["database"], first["owner"]) == (kind.name, kind.owner)
    assert first["secret"] == {"name": f"role-{kind.owner.replace('_', '-')}"}
    assert set(managed) == set(kind.workers)
    assert {f"CREATE ROLE {worker}" for worker in kind.workers} <= set(first["postInitSQL"])
    for name, role in managed.items():
        secret = {"name": f"role-{name.replace('_', '-')}"}
        assert role == {"name": name, "login": True, "inherit": False, "passwordSecret": secret}
    assert spec["enableSuperuserAccess"] is False


@database
def test_the_rights_are_those_that_prepare_gives(kind, database) -> None:
    """The statements of the manifest on a real server leave a database like one that `prepare` made."""
    first = data("Cluster")[f"pg-{kind.name}"]["spec"]["bootstrap"]["initdb"]
    given = database(kind.name)
    other = f"{given.name}_by_operator"
    with psycopg.connect(given.superuser, autocommit=True) as admin:
        admin.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {} LOCALE_PROVIDER {} BUILTIN_LOCALE {}"
                " LC_COLLATE {} LC_CTYPE {}"
            ).format(
                sql.Identifier(other),
                sql.Identifier(first["owner"]),
                *(sql.Literal(first[key]) for key in ("encoding", "localeProvider", "builtinLocale")),
                *(sql.Literal(first[key]) for key in ("localeCollate", "localeCType")),
            )
        )
        try:
            with psycopg.connect(given.superuser, dbname=other, autocommit=True) as connection:
                for statement in first["postInitApplicationSQL"]:
                    connection.execute(re.sub(rf"DATABASE {kind.name}\b", f"DATABASE {other}", statement).encode())
                made = _shape(connection)
            with psycopg.connect(given.superuser, autocommit=True) as connection:
                wanted = _shape(connection)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(other)))

    assert made == wanted


def _shape(connection: psycopg.Connection[Any]) -> list[object]:
    """Who may do what in the database of a connection, and how it sorts."""
    return connection.execute(
        """select pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datlocprovider::text, d.datlocale,
                  d.datcollate, d.datctype, (select array_agg(acl::text order by acl::text) from unnest(d.datacl) acl),
                  pg_get_userbyid(n.nspowner), (select array_agg(acl::text order by acl::text) from unnest(n.nspacl) acl)
           from pg_database d, pg_namespace n where d.datname = current_database() and n.nspname = 'public'"""
    ).fetchall()


def test_the_servers_keep_personal_data_out_of_their_logs_as_the_embedded_one_does() -> None:
    embedded = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", SETTINGS, flags=re.MULTILINE))

    for cluster in data("Cluster").values():
        given = cluster["spec"]["postgresql"]["parameters"]
        for name, value in given.items():
            assert value == embedded[name] or name in {"max_connections", "shared_buffers"}, name
        assert {name for name in embedded if name.startswith("log_") and name != "log_timezone"} <= set(given)


def test_servers_are_reached_over_tls_only() -> None:
    for cluster in data("Cluster").values():
        assert cluster["spec"]["postgresql"]["pg_hba"] == ["hostnossl all all all reject"]
