"""Settings are typed and named, secrets come from files that nobody else may read."""

from pathlib import Path

import pytest

from services.chassis.config import own_secret, read_secret, read_settings
from services.chassis.errors import Refused


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings({})

    assert (settings.host, settings.development, settings.otlp_endpoint) == ("127.0.0.1", False, "")


def test_a_setting_is_read_by_its_name() -> None:
    settings = read_settings({"BAOXUE_PORT": "9000", "BAOXUE_DEVELOPMENT": "yes", "PORT": "1", "HOST": "elsewhere"})

    assert (settings.port, settings.development, settings.host) == (9000, True, "127.0.0.1")


def test_a_setting_that_cant_be_read_is_refused() -> None:
    with pytest.raises(Refused, match="BAOXUE_"):
        read_settings({"BAOXUE_PORT": "many"})


def test_a_secret_is_made_at_its_first_use_and_is_the_same_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "services.token"

    secret = own_secret(path)

    assert len(bytes.fromhex(secret)) == 32
    assert own_secret(path) == read_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert own_secret(tmp_path / "other.token") != secret


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "services.token"
    path.write_text("secret")
    path.chmod(0o640)

    with pytest.raises(Refused, match="0600") as refusal:
        own_secret(path)
    assert "secret file services.token" in str(refusal.value)


def test_a_secret_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"services\.token is missing"):
        read_secret(tmp_path / "services.token")
