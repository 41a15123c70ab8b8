"""Typed settings; the only place that reads the environment, and secrets only from files.

Every setting is `BAOXUE_…` in the environment, or handed in by a composition root. A secret's setting names a file.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import Refused

SERVICES = ("roster", "cases", "assistance", "notify")
"""The four services, in the order in which they are started."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know of its surroundings."""

    data_folder: Path
    """Where the embedded profile keeps its database, keys and blobs."""
    development: bool
    """Whether demo accounts and the built-in token issuer are allowed."""
    host: str
    port: int
    otlp_endpoint: str
    """OTLP/HTTP collector; empty for none."""
    trace_share: float
    """Share of operations that are traced, 0 to 1."""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment; raises `Refused` naming the setting that can't be read."""
    given = os.environ if environment is None else environment

    def setting(name: str, default: str) -> str:
        return given.get(f"BAOXUE_{name}", default)

    try:
        return Settings(
            data_folder=Path(setting("DATA", ".baoxue")).absolute(),
            development=setting("DEVELOPMENT", "no") == "yes",
            host=setting("HOST", "127.0.0.1"),
            port=int(setting("PORT", "8760")),
            otlp_endpoint=setting("OTLP_ENDPOINT", ""),
            trace_share=float(setting("TRACE_SHARE", "0.1")),
        )
    except ValueError as error:
        raise Refused(f"A setting BAOXUE_… can't be read: {error}.") from None


def own_secret(path: Path) -> str:
    """A secret of this installation, 32 random bytes in hex, made at its first use and readable by its owner only."""
    if not path.exists():
        written = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # another process was quicker: its secret is the one
            path.hardlink_to(written)
        written.unlink()
    return read_secret(path)


def read_secret(path: Path) -> str:
    """A secret from its file; raises `Refused` where the file is not there or others may read it."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise Refused(f"The secret file {path.name} is missing.") from None
    if mode & 0o077:
        raise Refused(f"The secret file {path.name} may be read by others; make it mode 0600.")
    return path.read_text().strip()
