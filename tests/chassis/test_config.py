"""Settings are typed and named, secrets come from files that nobody else may read."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from services.chassis.config import own_secret, read_process_settings, read_secret, read_settings
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


@pytest.mark.parametrize("share", ["-0.1", "1.1", "some"])
def test_a_share_is_between_none_and_all(share: str) -> None:
    with pytest.raises(Refused, match="BAOXUE_TRACE_SHARE"):
        read_settings({"BAOXUE_TRACE_SHARE": share})


class TestAProcess:
    def test_reaches_a_database_with_the_password_in_its_roles_file(self, tmp_path: Path) -> None:
        password = own_secret(tmp_path / "cases_app")
        settings = read_process_settings(
            {"BAOXUE_POSTGRES": "host=pg-{database} port=5433 sslmode=verify-full", "BAOXUE_SECRETS": str(tmp_path)}
        )

        reached = conninfo_to_dict(settings.dsn("cases", "cases_app"))

        assert (reached["host"], reached["port"], reached["dbname"]) == ("pg-cases", "5433", "cases")
        assert (reached["user"], reached["password"]) == ("cases_app", password)
        with pytest.raises(Refused, match="gateway_writer is missing"):
            settings.dsn("gateway", "gateway_writer")

    @pytest.mark.parametrize("postgres", ["", "some server", "hots=pg password=letmein"])
    def test_whose_database_servers_cant_be_read_is_refused_without_quoting_them(
        self, tmp_path: Path, postgres: str
    ) -> None:
        own_secret(tmp_path / "cases_app")
        settings = read_process_settings({"BAOXUE_POSTGRES": postgres, "BAOXUE_SECRETS": str(tmp_path)})

        with pytest.raises(Refused, match="BAOXUE_POSTGRES") as refusal:
            settings.dsn("cases", "cases_app")
        assert "letmein" not in str(refusal.value)

    def test_finds_brokers_and_services(self) -> None:
        settings = read_process_settings(
            {"BAOXUE_KAFKA": "one:9092,two:9092", "BAOXUE_SERVICES": "https://{service}:1"}
        )

        assert settings.kafka == ("one:9092", "two:9092")
        assert settings.services["cases"] == "https://cases:1"
        assert set(settings.services) == {"roster", "cases", "assistance", "notify"}

    def test_finds_services_that_are_each_elsewhere(self) -> None:
        addresses = ",".join(f"{name}=http://{name}.local" for name in ("roster", "cases", "assistance", "notify"))

        assert read_process_settings({"BAOXUE_SERVICES": addresses}).services["notify"] == "http://notify.local"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("SERVICES", "cases=http://cases"), ("SERVICES", "anywhere"), ("KAFKA_SECURITY", "some"), ("PORT", "one")],
    )
    def test_is_refused_by_the_setting_that_cant_be_read(self, name: str, value: str) -> None:
        with pytest.raises(Refused, match=f"BAOXUE_{name}"):
            read_process_settings({f"BAOXUE_{name}": value})

    def test_shows_the_brokers_who_it_is_where_they_want_that(self, tmp_path: Path) -> None:
        plain = read_process_settings({})
        tls = read_process_settings({"BAOXUE_KAFKA_SECURITY": "tls", "BAOXUE_SECRETS": str(tmp_path)})

        assert plain.kafka_client() == {}
        assert tls.kafka_client()["security_protocol"] == "SSL"
        assert tls.kafka_client()["ssl_keyfile"] == str(tmp_path / "kafka-user.key")


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
