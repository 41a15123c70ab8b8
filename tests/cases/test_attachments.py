"""The door for photos: in with the headers of a command, once, and out again as they were."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from services.cases.domain.attachment import Attachment
from services.cases.service import build, migrate
from services.chassis import key_store
from services.chassis.keyring import KeyRing
from services.chassis.vault import Vault
from tests.cases.given import CHILD
from tests.cases.test_api import SURROUNDINGS
from tests.fixtures.postgres import FreshDatabase

PHOTO = b"\xff\xd8\xff\xe0 at the door"


class Door:
    """Cases as a service, asked over HTTP."""

    def __init__(self, api: FastAPI, vault: Vault) -> None:
        self.vault = vault
        self._api = api

    def ask(
        self, method: str, path: str, *, key: UUID | None = None, content: bytes = b"", secret: str = SURROUNDINGS.token
    ) -> Response:
        """One request in the gateway's name."""
        headers = {
            "Authorization": f"Bearer {secret}",
            "Idempotency-Key": str(key or uuid4()),
            "X-Actor": "teacher-1",
            "X-Department": "school:3141000300",
            "X-Purpose": "dropout_control",
        }

        async def send() -> Response:
            async with AsyncClient(transport=ASGITransport(app=self._api), base_url="http://cases") as client:
                return await client.request(method, path, content=content, headers=headers)

        return asyncio.run(send())

    def hand_in(self, content: bytes = PHOTO, *, key: UUID | None = None, shows: str = "visit") -> Response:
        """Hands a photo in."""
        return self.ask("POST", f"/attachments?child_id={CHILD}&shows={shows}", key=key, content=content)


@pytest.fixture
def door(database: Callable[..., FreshDatabase]) -> Iterator[Door]:
    """A door nobody has gone through yet."""
    with ExitStack() as stack:
        own, keys = database("cases", migrate=migrate), database("vault", migrate=key_store.migrate)
        vault = stack.enter_context(closing(Vault(dsn=keys.app, ring=KeyRing.single(bytes(32)))))
        service = build(dsn=own.app, vault=vault, surroundings=SURROUNDINGS)
        stack.callback(service.close)
        yield Door(service.api, vault)


def test_a_photo_goes_in_and_comes_out_as_it_was(door: Door) -> None:
    kept = door.hand_in()
    back = door.ask("GET", f"/attachments/{kept.json()['id']}")

    assert kept.status_code == 200
    assert (back.content, back.headers["content-type"], back.headers["cache-control"]) == (
        PHOTO,
        "image/jpeg",
        "no-store",
    )


def test_the_same_request_again_keeps_one_photo_and_gets_the_first_answer(door: Door) -> None:
    key = uuid4()

    assert door.hand_in(key=key).json() == door.hand_in(key=key).json()


def test_a_key_used_for_another_photo_is_refused(door: Door) -> None:
    key = uuid4()
    door.hand_in(key=key)

    assert door.hand_in(PHOTO + b"!", key=key).status_code == 422


@pytest.mark.parametrize(("content", "shows"), [(b"MZ", "visit"), (PHOTO, "the sea")])
def test_what_is_no_photo_or_shows_nothing_known_is_refused_in_words(door: Door, content: bytes, shows: str) -> None:
    refused = door.hand_in(content, shows=shows)

    assert refused.status_code == 422
    assert refused.json()["code"] == "REFUSED"


def test_nobody_comes_in_without_the_services_secret(door: Door) -> None:
    assert door.ask("POST", f"/attachments?child_id={CHILD}&shows=visit", content=PHOTO, secret="x").status_code == 401
    assert door.ask("GET", f"/attachments/{uuid4()}", secret="x").status_code == 401


def test_an_erased_childs_photo_is_said_to_be_gone(door: Door) -> None:
    kept = door.hand_in().json()["id"]
    door.vault.shred(CHILD, reason="guardian's request")

    gone = door.ask("GET", f"/attachments/{kept}")

    assert gone.status_code == 422
    assert Attachment.TOPIC not in gone.text
