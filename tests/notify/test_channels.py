"""What every way out of the house keeps to, each against a real peer in this process."""

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from ipaddress import ip_network
from uuid import uuid4

import pytest

from services.chassis.clock import SteppedClock
from services.notify.channels.door import Away, Door, NoEntry, Unanswered
from services.notify.channels.email import EmailChannel, MailServer
from services.notify.channels.signing import NotSigned, signed, verify
from services.notify.channels.sms import SmsChannel
from services.notify.channels.webhook import WebhookChannel
from services.notify.domain.contact import Address, ChannelName, hint_of, read_secret
from services.notify.domain.dispatch import Outcome
from services.notify.domain.message import Message, compose
from tests.notify.given import raised
from tests.notify.peers import HERE, SMS_KEY, Mood, Peer, free_port, http_server, mail_server
from tests.notify.sending import ADDRESSES, NOON, SECRET, UNIT

ALL: tuple[ChannelName, ...] = ("email", "sms", "webhook")


@pytest.fixture(scope="module")
def peers() -> Iterator[dict[ChannelName, tuple[Peer, str]]]:
    with mail_server() as mail, http_server("sms") as sms, http_server("webhook") as system:
        yield {"email": (mail, ""), "sms": sms, "webhook": system}


@pytest.fixture(params=ALL)
def peer(request: pytest.FixtureRequest, peers: dict[ChannelName, tuple[Peer, str]]) -> Peer:
    found, _ = peers[request.param]
    found.got.clear()
    found.mood = "well"
    return found


def address_of(name: ChannelName, address: str) -> Address:
    return Address(
        entry_id=uuid4(),
        channel=name,
        address=address,
        secret=SECRET if name == "webhook" else "",
        hint=hint_of(name, address),
        holder="officer",
    )


@pytest.fixture
def to(peer: Peer, peers: dict[ChannelName, tuple[Peer, str]]) -> Address:
    name = peer.channel.name
    return address_of(name, f"{peers[name][1]}/notices" if name == "webhook" else ADDRESSES[name])


def a_message() -> Message:
    return compose([raised()], key=uuid4(), unit=UNIT)


def test_a_message_arrives_under_its_key_and_is_accepted(peer: Peer, to: Address) -> None:
    message = a_message()

    outcome = peer.channel.send(message, to=to)

    assert outcome.result in {"accepted", "delivered"}
    assert peer.keys == [str(message.key)]


def test_sent_again_it_has_the_same_key(peer: Peer, to: Address) -> None:
    message = a_message()

    peer.channel.send(message, to=to)
    peer.channel.send(message, to=to)

    assert len(set(peer.keys)) == 1


FAILURES: dict[Mood, dict[ChannelName, Outcome]] = {
    "refuses": {
        "email": Outcome(result="failed", failure="refused"),
        "sms": Outcome(result="failed", failure="refused"),
        "webhook": Outcome(result="failed", failure="unreachable"),  # it may be mended: tried again for days
    },
    "knows_no_such_address": dict.fromkeys(ALL, Outcome(result="failed", failure="unknown_address")),
    "is_busy": dict.fromkeys(ALL, Outcome(result="failed", failure="unreachable")),
    "takes_it_and_breaks_off": {
        "email": Outcome(result="open"),
        "sms": Outcome(result="open"),
        "webhook": Outcome(result="failed", failure="unreachable"),  # whoever receives it takes an id once
    },
}


@pytest.mark.parametrize("mood", FAILURES)
def test_what_is_not_sent_is_told_for_what_it_is(peer: Peer, to: Address, mood: Mood) -> None:
    peer.mood = mood

    assert peer.channel.send(a_message(), to=to) == FAILURES[mood][peer.channel.name]


def test_where_nobody_listens_nothing_was_handed_over() -> None:
    door, clock = Door(networks=HERE, plain=True), SteppedClock(NOON)
    nowhere = f"http://127.0.0.1:{free_port()}"
    mail = MailServer(host="127.0.0.1", port=free_port(), security="plain", sender="baoxue@county.example")
    for channel in (
        EmailChannel(mail),
        SmsChannel(address=nowhere, key=SMS_KEY, door=door, clock=clock),
        WebhookChannel(door=door, clock=clock),
    ):
        address = nowhere if channel.name == "webhook" else ADDRESSES[channel.name]
        outcome = channel.send(a_message(), to=address_of(channel.name, address))
        assert outcome == Outcome(result="failed", failure="unreachable")


def test_no_address_is_ever_logged(peer: Peer, to: Address, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="services")
    for mood in FAILURES:
        peer.mood = mood
        peer.channel.send(a_message(), to=to)

    assert to.address not in caplog.text


def test_a_mail_is_to_one_mailbox_with_subject_and_text(peers: dict[ChannelName, tuple[Peer, str]]) -> None:
    peer, _ = peers["email"]
    peer.mood = "well"
    peer.got.clear()

    outcome = peer.channel.send(message := a_message(), to=address_of("email", ADDRESSES["email"]))

    read = message_from_string(peer.got[0]["content"], policy=policy.default)
    assert outcome.reference == "4F2A"
    assert read["to"] == ADDRESSES["email"]
    assert read["subject"] == message.subject
    assert read["auto-submitted"] == "auto-generated"
    assert read.get_content().splitlines() == message.text.splitlines()


def test_a_mail_server_without_the_tls_that_was_asked_for_gets_nothing(
    peers: dict[ChannelName, tuple[Peer, str]],
) -> None:
    peer, _ = peers["email"]
    peer.got.clear()
    plain = peer.channel._server  # type: ignore[attr-defined]  # where it listens
    asked = EmailChannel(
        MailServer(host=plain.host, port=plain.port, security="starttls", sender=plain.sender, user="u", password="p")
    )

    assert asked.send(a_message(), to=address_of("email", ADDRESSES["email"])).failure == "unreachable"
    assert peer.got == []


def test_the_gateway_is_asked_by_the_key_what_became_of_a_message(
    peers: dict[ChannelName, tuple[Peer, str]],
) -> None:
    peer, _ = peers["sms"]
    peer.mood = "takes_it_and_breaks_off"
    to = address_of("sms", ADDRESSES["sms"])
    taken, never = a_message(), a_message()

    assert peer.channel.send(taken, to=to).result == "open"

    assert peer.channel.ask(taken, to=to) == Outcome(result="delivered")
    assert peer.channel.ask(never, to=to) == Outcome(result="never_seen")


def test_a_number_is_in_the_body_alone_and_the_body_is_signed(peers: dict[ChannelName, tuple[Peer, str]]) -> None:
    peer, _ = peers["sms"]
    peer.mood = "well"
    peer.got.clear()

    peer.channel.send(message := a_message(), to=address_of("sms", ADDRESSES["sms"]))

    [got] = peer.got
    assert json.loads(got["body"]) == {"key": str(message.key), "to": ADDRESSES["sms"], "text": message.short}
    assert ADDRESSES["sms"] not in got["path"]
    assert verify(got["body"], got["headers"], key=SMS_KEY, at=NOON) == str(message.key)
    with pytest.raises(NotSigned):
        verify(got["body"] + b" ", got["headers"], key=SMS_KEY, at=NOON)


def test_the_signature_is_that_of_the_published_vector() -> None:
    """As the specification's own libraries are tested, `sign function works` in github.com/standard-webhooks/standard-webhooks."""
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, tz=UTC)
    body = b'{"test": 2432232314}'

    headers = signed(body, key=key, id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert verify(body, headers, key=key, at=at) == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    other = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
    several = f"v1,{other} v2,{other} {headers['webhook-signature']} v1,{other}"
    assert verify(body, headers | {"webhook-signature": several}, key=key, at=at) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_overheard_is_not_taken_later(minutes: int) -> None:
    headers = signed(b"{}", key=SMS_KEY, id="1", at=NOON)

    with pytest.raises(NotSigned):
        verify(b"{}", headers, key=SMS_KEY, at=NOON + timedelta(minutes=minutes))


def test_one_good_signature_among_several_is_enough_and_none_is_not() -> None:
    headers = signed(b"{}", key=SMS_KEY, id="1", at=NOON)
    other = base64.b64encode(b"x" * 32).decode()

    assert verify(
        b"{}", headers | {"webhook-signature": f"v1,{other} {headers['webhook-signature']}"}, key=SMS_KEY, at=NOON
    )
    for wrong in (f"v1,{other}", headers["webhook-signature"].replace("v1", "v2"), ""):
        with pytest.raises(NotSigned):
            verify(b"{}", headers | {"webhook-signature": wrong}, key=SMS_KEY, at=NOON)


def test_a_department_gets_a_cloud_event_it_can_verify(peers: dict[ChannelName, tuple[Peer, str]]) -> None:
    peer, address = peers["webhook"]
    peer.mood = "well"
    peer.got.clear()

    peer.channel.send(message := a_message(), to=address_of("webhook", f"{address}/notices"))

    [got] = peer.got
    assert verify(got["body"], got["headers"], key=read_secret(SECRET), at=NOON) == str(message.key)
    event = json.loads(got["body"])
    assert got["headers"]["content-type"] == "application/cloudevents+json"
    assert {"specversion": "1.0", "id": str(message.key), "type": "baoxue.notice.v1"}.items() <= event.items()
    assert event["data"]["text"] == message.items[0].text


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.0.7", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost"],  # noqa: S104  # an address that is called, not listened at,
)
def test_the_door_leads_to_no_private_address(host: str) -> None:
    with pytest.raises(NoEntry):
        Door().call("POST", f"https://{host}/", body=b"", headers={})


def test_the_door_leads_nowhere_without_tls_outside_development() -> None:
    with pytest.raises(NoEntry):
        Door(networks=HERE).call("POST", "http://127.0.0.1/", body=b"", headers={})


def test_a_private_network_that_the_settings_name_is_let_through() -> None:
    with pytest.raises(Away):
        Door(networks=(ip_network("127.0.0.1/32"),)).call(
            "POST", f"https://127.0.0.1:{free_port()}/", body=b"", headers={}
        )


def test_a_call_ends_however_slowly_the_other_side_speaks(peers: dict[ChannelName, tuple[Peer, str]]) -> None:
    _, address = peers["webhook"]
    door = Door(networks=HERE, plain=True, call_s=0.2)

    with pytest.raises(Unanswered):  # the server waits for a body that does not come
        door.call("POST", address, body=b"", headers={"content-length": "5"})
