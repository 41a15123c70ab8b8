"""The snapshots of the published language, and what may change in them.

    python -m tests.architecture.schemas        writes them anew, for review

One file for each wire type under `services/contracts/schemas/`. A change that would break a reader of the old form is
not written: it needs a wire type of its own (`…v2`) beside the old one.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.contracts.envelope import Published, schema_of
from tests.architecture.sources import ROOT, modules

SCHEMAS = ROOT / "services" / "contracts" / "schemas"

Schema = dict[str, Any]


def contract_types() -> dict[str, type[Published]]:
    """Every wire type by name, from all modules of the contracts."""
    return {
        member.TYPE: member
        for module in modules("services/contracts")
        for member in vars(importlib.import_module(module.dotted)).values()
        if isinstance(member, type) and issubclass(member, Published)
        if member.__module__ == module.dotted and member is not Published
    }


def schema(published: type[Published]) -> Schema:
    """A wire type's schema as it is kept."""
    plain: Schema = json.loads(json.dumps(schema_of(published)))
    return plain


def path_of(wire_type: str) -> Path:
    """Where a wire type's schema is kept."""
    return SCHEMAS / f"{wire_type}.json"


def kept() -> dict[str, Schema]:
    """The snapshots, by wire type."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCHEMAS.glob("*.json"))}


def breaks(*, old: Schema, new: Schema) -> Iterator[str]:
    """What a reader of the old form would miss or misread in the new one; nothing where only fields were added."""
    for struct, before in old["$defs"].items():
        after = new["$defs"].get(struct)
        if after is None:
            yield f"{struct} is gone"
            continue
        if "properties" not in before:
            if _form(before) != _form(after):
                yield f"{struct} has another form"
            continue
        for name, form in before["properties"].items():
            if name not in after.get("properties", {}):
                yield f"{struct}.{name} is gone"
            elif _form(form) != _form(after["properties"][name]):
                yield f"{struct}.{name} has another type"
        demanded = set(after.get("required", ()))
        yield from (
            f"{struct}.{name} is new and has no default" for name in sorted(demanded - before["properties"].keys())
        )
        yield from (
            f"{struct}.{name} was always given and now has a default"
            for name in before.get("required", ())
            if name in after.get("properties", {}) and name not in demanded
        )
        yield from (
            f"{struct}.{name} had a default and now has none"
            for name in before["properties"]
            if name in demanded and name not in before.get("required", ())
        )


def _form(form: Any) -> Any:
    """A schema without what is there for people, and without defaults, which are compared for themselves."""
    if isinstance(form, dict):
        return {key: _form(value) for key, value in form.items() if key not in {"description", "title", "default"}}
    return [_form(item) for item in form] if isinstance(form, list) else form


def main() -> None:
    """Writes every snapshot that may change; says which may not."""
    before = kept()
    for wire_type, published in contract_types().items():
        now = schema(published)
        broken = list(breaks(old=before.get(wire_type, now), new=now))
        if broken:
            sys.stderr.write(f"{wire_type} is not written, make a type of its own: {'; '.join(broken)}\n")
            continue
        path_of(wire_type).write_text(json.dumps(now, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
