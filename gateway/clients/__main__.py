"""Writes a client for a partner: `python -m gateway.clients python|typescript FOLDER`, to standard output."""

import sys
from pathlib import Path

from gateway.clients.write import WRITERS, read_operations
from services.chassis.errors import Refused


def main() -> None:
    """Reads the documents of a folder, writes the client; ends with 2 where something of it is no document of ours."""
    match sys.argv[1:]:
        case [language, folder] if language in WRITERS:
            try:
                operations = read_operations(sorted(Path(folder).glob("*.graphql")))
            except Refused as error:
                sys.exit(f"refused: {error}")
            sys.stdout.write(WRITERS[language](operations))
        case _:
            sys.exit(f"usage: python -m gateway.clients {'|'.join(WRITERS)} FOLDER")


if __name__ == "__main__":
    main()
