"""What the environment says, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from releasepilot.errors import StackError
from releasepilot.model.step import Queue
from releasepilot.settings import VARIABLES, Settings

SERVERS = {
    "RELEASEPILOT_TEMPORAL_ADDRESS": "temporal.example.org:7233",
    "RELEASEPILOT_DATABASE_URL": "postgresql://rp:secret@db.example.org/rp",
}


def test_nothing_set_means_the_embedded_stack(tmp_path: Path) -> None:
    """Without variables both servers are ReleasePilot's own, and mirrors lie in the state folder."""
    settings = Settings.load({}, state_dir=tmp_path)
    assert settings.embedded
    assert settings.cache_dir == tmp_path / "mirrors"
    assert settings.idle_minutes == 30


def test_the_command_line_wins(tmp_path: Path) -> None:
    """`--state-dir` wins over RELEASEPILOT_STATE_DIR."""
    environ = {"RELEASEPILOT_STATE_DIR": "/nowhere"}
    assert Settings.load(environ, state_dir=tmp_path).state_dir == tmp_path
    assert Settings.load(environ).state_dir == Path("/nowhere")


def test_a_relative_state_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor runs elsewhere, so a relative folder would mean another one to it."""
    monkeypatch.chdir(tmp_path)
    assert Settings.load({"RELEASEPILOT_STATE_DIR": "state"}).state_dir == tmp_path / "state"


def test_both_servers_configured_is_not_embedded() -> None:
    """Configured servers are used as they are."""
    settings = Settings.load(SERVERS)
    assert not settings.embedded
    assert settings.temporal_address == "temporal.example.org:7233"


@pytest.mark.parametrize("missing", sorted(SERVERS))
def test_one_server_without_the_other_is_refused(missing: str) -> None:
    """Half a stack is an error that says which variables to set."""
    with pytest.raises(StackError) as caught:
        Settings.load({name: value for name, value in SERVERS.items() if name != missing})
    assert missing in caught.value.hint


def test_a_profile_stands_for_the_address() -> None:
    """Temporal Cloud is reached by a profile, and its TEMPORAL_ variables are handed on."""
    environ = {**SERVERS, "RELEASEPILOT_TEMPORAL_PROFILE": "cloud", "TEMPORAL_API_KEY": "k"}
    del environ["RELEASEPILOT_TEMPORAL_ADDRESS"]
    settings = Settings.load(environ)
    assert not settings.embedded
    assert settings.temporal_environ == {"TEMPORAL_API_KEY": "k"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RELEASEPILOT_GIT_TIMEOUT", "soon"),
        ("RELEASEPILOT_GIT_TIMEOUT", "-1"),
        ("RELEASEPILOT_IDLE_MINUTES", "-0.0"),
        ("RELEASEPILOT_TEMPORAL_ADDRESS", "portless"),
        ("RELEASEPILOT_TEMPORAL_ADDRESS", "http://temporal:7233/"),
        ("RELEASEPILOT_TEMPORAL_ADDRESS", "temporal:99999"),
        ("RELEASEPILOT_DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("RELEASEPILOT_LOG_FORMAT", "xml"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"),
        ("RELEASEPILOT_SLOTS", "registry=hunter2"),
        ("RELEASEPILOT_SLOTS", "4 8"),
        ("RELEASEPILOT_SLOTS", "publish=0"),
        ("RELEASEPILOT_RATES", "publish=nan"),
        ("RELEASEPILOT_RATES", "publish=0"),
        ("RELEASEPILOT_RATES", "publish=-2"),
        ("RELEASEPILOT_BUILD", "of today"),
    ],
)
def test_a_wrong_value_names_its_variable_and_is_not_repeated(variable: str, value: str) -> None:
    """The error says which variable is wrong; its value may be a secret and stays out."""
    with pytest.raises(StackError) as caught:
        Settings.load({**SERVERS, variable: value})
    assert variable in caught.value.message
    assert value not in caught.value.message.removeprefix(variable)


def test_empty_variables_are_not_set(tmp_path: Path) -> None:
    """An empty variable, as compose files leave them, means the default."""
    environ = dict.fromkeys(VARIABLES.values(), "")
    assert Settings.load(environ, state_dir=tmp_path) == Settings.load({}, state_dir=tmp_path)


def test_secrets_are_not_shown() -> None:
    """Settings may be logged: passwords and keys are not in their text."""
    shown = repr(Settings.load({**SERVERS, "TEMPORAL_API_KEY": "api-key-7"}))
    assert "rp:secret" not in shown
    assert "api-key-7" not in shown


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Settings are passed down and never changed."""
    settings = Settings.load({}, state_dir=tmp_path)
    with pytest.raises(ValidationError):
        settings.git_timeout = 1  # type: ignore[misc]


def test_secrets_are_configured(tmp_path: Path) -> None:
    """Lists are parted by commas or spaces; a way to log in has what it needs."""
    settings = Settings.load(
        {
            "RELEASEPILOT_SECRETS": "env:NPM_*, vault:kv/releases/*\nfile:/run/secrets/npm",
            "RELEASEPILOT_VAULT_ADDRESS": "https://vault.example.org:8200/",
            "RELEASEPILOT_VAULT_AUTH": "kubernetes",
            "RELEASEPILOT_VAULT_ROLE": "worker",
            "RELEASEPILOT_PAYLOAD_KEYS": "new=vault:kv/rp#key,old=env:OLD_KEY",
        },
        state_dir=tmp_path,
    )
    config = settings.secrets
    assert config.allowed == ("env:NPM_*", "vault:kv/releases/*", "file:/run/secrets/npm")
    assert config.vault is not None
    assert (config.vault.address, config.vault.role) == ("https://vault.example.org:8200", "worker")
    assert config.own == ("vault:kv/rp#key", "env:OLD_KEY", config.vault.credential)
    assert list(settings.payload_key_references) == ["new", "old"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RELEASEPILOT_SECRETS", "*"),
        ("RELEASEPILOT_SECRETS", "hunter2"),
        ("RELEASEPILOT_VAULT_ADDRESS", "http://vault.example.org/hunter2"),
        ("RELEASEPILOT_VAULT_AUTH", "hunter2"),
        ("RELEASEPILOT_VAULT_CREDENTIAL", "hunter2"),
        ("RELEASEPILOT_VAULT_CREDENTIAL", "vault:kv/hunter2#key"),
        ("RELEASEPILOT_VAULT_MOUNT", "../hunter2"),
        ("RELEASEPILOT_AWS_REGION", "Hunter2"),
        ("RELEASEPILOT_PAYLOAD_KEYS", "hunter2"),
        ("RELEASEPILOT_PAYLOAD_KEYS", "k1=aHVudGVyMg=="),
        ("RELEASEPILOT_PAYLOAD_KEYS", "k1=env:hunter2,k1=env:B"),
    ],
)
def test_what_is_wrong_about_secrets_is_named_and_not_repeated(name: str, value: str, tmp_path: Path) -> None:
    """Somebody may have written the secret itself into the variable."""
    with pytest.raises(StackError, match=name) as caught:
        Settings.load({name: value}, state_dir=tmp_path)
    told = str(caught.value) + caught.value.hint
    assert "unter2" not in told
    assert "aHVudGVyMg" not in told


@pytest.mark.parametrize(
    "environ",
    [
        {"RELEASEPILOT_VAULT_AUTH": "token"},
        {"RELEASEPILOT_VAULT_AUTH": "approle", "RELEASEPILOT_VAULT_ROLE": "worker"},
        {"RELEASEPILOT_VAULT_AUTH": "approle", "RELEASEPILOT_VAULT_CREDENTIAL": "env:SECRET_ID"},
        {"RELEASEPILOT_VAULT_AUTH": "kubernetes"},
    ],
)
def test_a_login_without_what_it_needs_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    """When the worker starts, and not when a step needs it. The remedy names the variable."""
    with pytest.raises(StackError) as caught:
        Settings.load({"RELEASEPILOT_VAULT_ADDRESS": "https://vault.example.org", **environ}, state_dir=tmp_path)
    assert "RELEASEPILOT_VAULT_" in caught.value.hint


def test_limits_are_for_all_queues_or_for_one(tmp_path: Path) -> None:
    """A number for a queue wins; without any there are 64 slots and no rate."""
    environ = {"RELEASEPILOT_SLOTS": "publish=4, 16", "RELEASEPILOT_RATES": "publish=0.5"}
    limits = Settings.load(environ, state_dir=tmp_path).limits
    assert {queue: limits.slots_of(queue) for queue in Queue} == {
        Queue.ENGINE: 16,
        Queue.GIT: 16,
        Queue.PUBLISH: 4,
        Queue.DEPLOY: 16,
    }
    assert limits.rates == {Queue.PUBLISH: 0.5}
    without = Settings.load({}, state_dir=tmp_path).limits
    assert ({without.slots_of(queue) for queue in Queue}, without.rates) == ({64}, {})
