"""Trusted documents 备案查询: the operations a partner's programs were registered with, each known by the hash of its text.

Outside development a caller can run only these: what a program asks was read by somebody before, and a stolen token asks
nothing else. A document is a file `*.graphql`; its id is `sha256:` and the hash of the file's bytes.
"""

import hashlib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from services.chassis.errors import Refused

MOST_DOCUMENTS = 10_000
_SCHEME = "sha256:"


class NotTrusted(Exception):
    """No trusted document has this id, or this text is none; the message says what to do."""


class Documents:
    """The trusted documents; where `free`, any other may be sent too."""

    def __init__(self, texts: Iterable[str], *, free: bool) -> None:
        self._texts = {id_of(text): text for text in texts}
        self._trusted = set(self._texts.values())
        self._free = free

    def trust(self, text: str) -> None:
        """Registers a document of the gateway's own pages, which are read like everybody's; there are not many."""
        self._texts[id_of(text)] = text
        self._trusted.add(text)

    def text(self, *, query: str | None, document_id: str | None) -> str:
        """The document a request means; raises `NotTrusted`."""
        if document_id is not None:
            if document_id not in self._texts:
                message = "No document is registered under this documentId. 此查询未备案。"
                raise NotTrusted(message)
            return self._texts[document_id]
        if query is None or not (self._free or query in self._trusted):
            message = "Only registered documents are run here; have yours registered. 仅执行已备案的查询，请先备案。"
            raise NotTrusted(message)
        return query

    def __len__(self) -> int:
        return len(self._texts)


def id_of(text: str) -> str:
    """The id of a document: the hash of its text as it is kept."""
    return _SCHEME + hashlib.sha256(text.encode(errors="replace")).hexdigest()


def read_documents(folder: Path | None, *, free: bool) -> Documents:
    """The documents that come with the gateway, and those of a folder; raises `Refused` where it can't be read."""
    shipped = [file for file in resources.files("gateway.documents").iterdir() if file.name.endswith(".graphql")]
    texts = [file.read_text(encoding="utf-8") for file in shipped]
    if folder is not None:
        if not folder.is_dir():
            raise Refused("The setting BAOXUE_DOCUMENTS names no folder that is there.")
        own = sorted(folder.rglob("*.graphql"))
        if len(own) > MOST_DOCUMENTS:
            raise Refused(f"The folder of BAOXUE_DOCUMENTS holds more than {MOST_DOCUMENTS} documents.")
        try:
            texts += [path.read_text(encoding="utf-8") for path in own]
        except (OSError, UnicodeDecodeError):
            raise Refused("A document in the folder of BAOXUE_DOCUMENTS can't be read as UTF-8.") from None
    return Documents(texts, free=free)
