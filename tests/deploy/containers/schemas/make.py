"""Makes the schemas in this folder from what the projects publish; README.md says where each of those comes from.

    python make.py CRDS COMPOSE_SPEC KUBERNETES      folders of CRDs and of Kubernetes' JSON schemas, the file of Compose

Descriptions are left out, and of the custom resources what our manifests don't use. What is left is strict: a field that is
not known is an error, as it would be for the server.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
CORE = {
    "Namespace": "v1",
    "ServiceAccount": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
    "Deployment": "apps-v1",
    "Job": "batch-v1",
    "PodDisruptionBudget": "policy-v1",
    "HorizontalPodAutoscaler": "autoscaling-v2",
    "NetworkPolicy": "networking-v1",
}
SAID_OF_VALUES = {
    "type",
    "required",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
}
UNUSED = {
    "Cluster": "additionalPodAffinity additionalPodAntiAffinity nodeAffinity projectedVolumeTemplate ephemeralVolumeSource"
    " externalClusters env envFrom probes tablespaces replica serviceAccountTemplate recovery pg_basebackup volumes"
    " topologySpreadConstraints podSecurityContext securityContext imageCatalogRef extensions pvcTemplate barmanObjectStore"
    " services monitoring import",
    "ObjectStore": "resources additionalContainerArgs env",
    "Kafka": "template cruiseControl kafkaExporter jmxOptions tieredStorage rack logging metricsConfig livenessProbe"
    " readinessProbe valueFrom",
    "KafkaNodePool": "affinity tolerations hostAliases dnsConfig imagePullSecrets securityContext kafkaContainer initContainer"
    " podSet persistentVolumeClaim perPodService perPodRoute perPodIngress valueFrom",
    "KafkaUser": "template valueFrom",
}


def strict(schema: dict[str, Any], *, without: frozenset[str]) -> dict[str, Any]:
    """The schema of a custom resource as JSON Schema, without the fields of these names."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    made: dict[str, Any] = {key: value for key, value in schema.items() if key in SAID_OF_VALUES}
    if schema.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            made[key] = [strict(one, without=without) for one in schema[key]]
    for key in ("items", "not", "additionalProperties"):
        if key in schema:
            made[key] = strict(schema[key], without=without) if isinstance(schema[key], dict) else schema[key]
    if "properties" in schema:
        kept = {name: field for name, field in schema["properties"].items() if name not in without}
        made["properties"] = {name: strict(field, without=without) for name, field in kept.items()}
        is_open = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("type") != "object"
        if not is_open:
            made.setdefault("additionalProperties", False)
    return made


def custom(crd: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind a CRD defines, and the strict schema of its stored version."""
    kind, group = crd["spec"]["names"]["kind"], crd["spec"]["group"]
    version = next(version for version in crd["spec"]["versions"] if version["storage"])
    schema = strict(version["schema"]["openAPIV3Schema"], without=frozenset(UNUSED.get(kind, "").split()))
    schema["properties"].pop("status", None)
    schema["properties"] |= {
        "apiVersion": {"const": f"{group}/{version['name']}"},
        "kind": {"const": kind},
        "metadata": {"type": "object"},
    }
    return kind, schema | {"required": ["apiVersion", "kind", "metadata", "spec"]}


def plain(value: Any, *, named: bool = False) -> Any:
    """The same without descriptions; `named` where the keys are names of fields."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    words = (
        ()
        if named
        else ("description", "title", "x-kubernetes-group-version-kind", "format", "deprecated", "$id", "$schema")
    )
    return {
        key: plain(one, named=not named and key in {"properties", "patternProperties", "definitions", "$defs"})
        for key, one in value.items()
        if key not in words
    }


def references(value: Any) -> Iterator[str]:
    """The names of the definitions that are referred to."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(one)
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        yield value["$ref"].rpartition("/")[2]


def core(folder: Path) -> dict[str, Any]:
    """One schema for the kinds of `CORE`, each under its name, with the definitions they share."""
    known = plain(json.loads((folder / "_definitions.json").read_text()))["$defs"]
    made = {kind: plain(json.loads((folder / f"{kind.lower()}-{v}.json").read_text())) for kind, v in CORE.items()}
    waiting = list(references(made))
    while waiting:
        name = waiting.pop()
        if name not in made:
            made[name] = known[name]
            waiting.extend(references(known[name]))
    schema: dict[str, Any] = json.loads(json.dumps({"$defs": made}).replace("/api/_definitions.json#", "#"))
    return schema


def write(name: str, schema: dict[str, Any]) -> None:
    """Writes one schema, small."""
    text = json.dumps(schema, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Makes them all."""
    crds, compose, kubernetes = map(Path, sys.argv[1:])
    for file in sorted(crds.glob("*.yaml")):
        kind, schema = custom(yaml.safe_load(file.read_text(encoding="utf-8")))
        write(kind, schema)
    write("compose", plain(json.loads(compose.read_text(encoding="utf-8"))))
    write("kubernetes", core(kubernetes))


if __name__ == "__main__":
    main()
