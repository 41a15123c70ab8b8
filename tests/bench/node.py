"""Peers that run on Node, installed from their lock files into a folder of the run."""

import shutil
import subprocess
import sys
from pathlib import Path

INSTALL_S = 600


def installed(peers: Path, *, into: Path) -> Path | None:
    """The folder with the peers and what they need; None, said aloud, where there is no npm."""
    if shutil.which("npm") is None:
        sys.stderr.write(f"NOT MEASURED: there is no npm to install {peers.parent.name}'s peers with\n")
        return None
    into.mkdir(parents=True, exist_ok=True)
    for file in peers.iterdir():
        shutil.copy(file, into)
    if not (into / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=into, check=True, timeout=INSTALL_S)
    return into
