"""Every secret of an installation, each in a file of its own that only its owner may read."""

from pathlib import Path
from typing import Final

from deploy.postgres.cluster import SUPERUSER
from deploy.postgres.databases import DATABASES
from services.chassis.config import own_secret

WAYS_OUT: Final = ("email.password", "sms.key", "reports.key")
"""What the providers of channels know us by, and we their reports. Made at random like the others, so that a file is there: give
the last to them, and put theirs in the place of the first two."""
PROVIDER: Final = "sign-in.secret"
"""What the provider where people sign in knows the console by; made at random like the others, put the provider's in its place."""
KEYS: Final = ("services.token", "vault.kek", "roster.key", "trees.key", "console.key")
"""The secrets beside the passwords of the database roles: what services show each other, the key over all keys of
children (密钥加密密钥), the key of the roster's keyed hashes, that of which the keys are made that sign the trees, and that by
which the console's sessions are sealed and its tokens signed."""


def make_keys(folder: Path) -> None:
    """Makes what is missing beside the passwords: `KEYS`, and what others know us by, without which a process that needs it doesn't start."""
    for name in (*KEYS, *WAYS_OUT, PROVIDER):
        own_secret(folder / name)


def make_secrets(folder: Path) -> list[str]:
    """Makes every secret that is missing, passwords of the database roles and what others know us by included, and returns the names of all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    roles = [role for database in DATABASES for role in (database.owner, *database.workers)]
    names = [SUPERUSER, *roles, *KEYS, *WAYS_OUT, PROVIDER]
    for name in names:
        own_secret(folder / name)
    return names
