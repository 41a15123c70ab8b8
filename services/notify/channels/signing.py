"""Signatures after Standard Webhooks 1.0: HMAC-SHA256 over id, moment and body; `webhook-signature: v1,<base64>`.

Webhooks to departments, requests to the gateway for text messages and its reports back are signed alike. Whoever receives one
refuses a moment that is more than five minutes off, so that what somebody overheard can't be played again later, and takes
each id once.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
ID, MOMENT, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class NotSigned(Exception):
    """A request does not come from whoever shares the secret, or not now."""


def signed(body: bytes, *, key: bytes, id: str, at: datetime) -> dict[str, str]:  # noqa: A002  # the specification's word
    """The three headers of a body."""
    moment = str(int(at.timestamp()))
    return {ID: id, MOMENT: moment, SIGNATURE: f"v1,{_of(body, key=key, id=id, moment=moment)}"}


def verify(body: bytes, headers: Mapping[str, str], *, key: bytes, at: datetime) -> str:
    """The id of a body that is signed, whose headers have lower-case names; raises `NotSigned`."""
    id_, moment = headers.get(ID, ""), headers.get(MOMENT, "")
    if not id_ or not moment.isdecimal() or len(moment) > 12:
        raise NotSigned
    if abs(at.timestamp() - int(moment)) > TOLERANCE.total_seconds():
        raise NotSigned
    expected = _of(body, key=key, id=id_, moment=moment).encode()
    given = [text.removeprefix("v1,").encode() for text in headers.get(SIGNATURE, "").split() if text.startswith("v1,")]
    if not any(hmac.compare_digest(one, expected) for one in given):
        raise NotSigned
    return id_


def _of(body: bytes, *, key: bytes, id: str, moment: str) -> str:  # noqa: A002  # the specification's word
    digest = hmac.new(key, f"{id}.{moment}.".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
