"""The settings: one frozen value, read from the environment once, at each entry point."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_state_dir
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from releasepilot.errors import StackError
from releasepilot.governance.tokens import claimed
from releasepilot.model.gate import Actor
from releasepilot.model.limits import Limits, read_rates, read_slots
from releasepilot.model.step import Queue
from releasepilot.model.trust import Trust
from releasepilot.plugins.address import checked_server
from releasepilot.plugins.secrets.config import SERVICE_ACCOUNT, SecretsConfig, VaultAuth, VaultLogin
from releasepilot.plugins.secrets.reference import SecretRef, checked_reference, is_pattern

#: Field to the variable that sets it.
VARIABLES: dict[str, str] = {
    "state_dir": "RELEASEPILOT_STATE_DIR",
    "cache_dir": "RELEASEPILOT_CACHE_DIR",
    "temporal_address": "RELEASEPILOT_TEMPORAL_ADDRESS",
    "temporal_namespace": "RELEASEPILOT_TEMPORAL_NAMESPACE",
    "temporal_profile": "RELEASEPILOT_TEMPORAL_PROFILE",
    "database_url": "RELEASEPILOT_DATABASE_URL",
    "token": "RELEASEPILOT_TOKEN",
    "trusted_keys": "RELEASEPILOT_TRUSTED_KEYS",
    "trusted_issuer": "RELEASEPILOT_TRUSTED_ISSUER",
    "webhooks": "RELEASEPILOT_WEBHOOKS",
    "secrets_allowed": "RELEASEPILOT_SECRETS",
    "vault_address": "RELEASEPILOT_VAULT_ADDRESS",
    "vault_auth": "RELEASEPILOT_VAULT_AUTH",
    "vault_credential": "RELEASEPILOT_VAULT_CREDENTIAL",
    "vault_role": "RELEASEPILOT_VAULT_ROLE",
    "vault_mount": "RELEASEPILOT_VAULT_MOUNT",
    "vault_namespace": "RELEASEPILOT_VAULT_NAMESPACE",
    "vault_ca": "RELEASEPILOT_VAULT_CA",
    "aws_region": "RELEASEPILOT_AWS_REGION",
    "payload_keys": "RELEASEPILOT_PAYLOAD_KEYS",
    "slots": "RELEASEPILOT_SLOTS",
    "rates": "RELEASEPILOT_RATES",
    "build": "RELEASEPILOT_BUILD",
    "git_timeout": "RELEASEPILOT_GIT_TIMEOUT",
    "idle_minutes": "RELEASEPILOT_IDLE_MINUTES",
    "log_format": "RELEASEPILOT_LOG_FORMAT",
    "log_level": "RELEASEPILOT_LOG_LEVEL",
    "otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
}

_LAST_PORT = 65535
_QUEUES = ", ".join(Queue)
_BUILD = r"^([A-Za-z0-9][A-Za-z0-9._+-]{0,127})?$"
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PAIR_HINT = (
    "set both RELEASEPILOT_TEMPORAL_ADDRESS (or RELEASEPILOT_TEMPORAL_PROFILE) and RELEASEPILOT_DATABASE_URL, "
    "or neither for the embedded stack"
)


def _address(value: str) -> str:
    """Accept `host:port`, an IPv6 host in brackets."""
    host, _, port = value.rpartition(":")
    if value and not (host and port.isdecimal() and 0 < int(port) <= _LAST_PORT and "/" not in host):
        raise ValueError("an address is host:port, such as temporal.example.org:7233")
    return value


def _postgres(value: str) -> str:
    """Accept a connection URI of libpq."""
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("a database is named by a URL such as postgresql://user:password@host:5432/releasepilot")
    return value


def _webhooks(value: str) -> str:
    """Accept names with references to their secrets, and repeat nothing: somebody may have written a secret down."""
    names = []
    for entry in value.split():
        name, _, references = entry.partition("=")
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,49}", name) or name in names:
            raise ValueError("each webhook is NAME=REFERENCE[,REFERENCE...], and each name is there once")
        names.append(name)
        for reference in references.split(","):
            # It is read for each word that comes, also for that of strangers, so that costs nothing.
            _local(checked_reference(reference))
    return value


def _endpoint(value: str) -> str:
    """Accept the base URL of an OTLP collector that is spoken to by HTTP."""
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("an OTLP endpoint is an http or https URL, such as http://localhost:4318")
    return value


def _slots(value: tuple[str, ...]) -> tuple[str, ...]:
    """Accept numbers of steps side by side, for all queues or for one."""
    try:
        read_slots(value)
    except ValueError:
        raise ValueError(
            f"a number from 1 to 1000 for all queues, or for one of them, {_QUEUES}: 16 publish=4"
        ) from None
    return value


def _rates(value: tuple[str, ...]) -> tuple[str, ...]:
    """Accept numbers of steps a second, for all queues or for one."""
    try:
        read_rates(value)
    except ValueError:
        raise ValueError(f"steps a second, for all queues or for one of {_QUEUES}: publish=2 git=0.5") from None
    return value


def _entries(value: object) -> object:
    """Part a list at commas and white space."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _patterns(value: tuple[str, ...]) -> tuple[str, ...]:
    """Accept references and beginnings of references."""
    if not all(is_pattern(entry) for entry in value):
        raise ValueError(
            "an entry is a reference, or its beginning with a * at the end: env:NPM_*, vault:kv/releases/*"
        )
    return value


def _vault(value: str) -> str:
    """Accept a server that a token may be sent to."""
    return checked_server(value) if value else value


def _local(value: str) -> str:
    """Accept a reference that needs no other server."""
    if value and not checked_reference(value).startswith(("env:", "file:")):
        raise ValueError("this one stands on the machine itself: env:NAME or file:/path")
    return value


def _keys(value: tuple[str, ...]) -> tuple[str, ...]:
    """Accept `id=reference`, each id once."""
    ids = []
    for entry in value:
        name, _, reference = entry.partition("=")
        if not _KEY_ID.fullmatch(name):
            raise ValueError("a payload key is named and its secret is referred to: 2026-11=file:/run/secrets/key")
        checked_reference(reference)
        ids.append(name)
    if len(dict.fromkeys(ids)) != len(ids):
        raise ValueError("two payload keys have one id")
    return value


class Settings(BaseModel):
    """What an entry point is told by its environment. Texts that are empty are not set."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    #: Everything that must survive: logs, the embedded databases, the mirrors.
    state_dir: Path
    #: The bare mirrors of the repositories.
    cache_dir: Path
    #: Temporal's frontend, `host:port`.
    temporal_address: Annotated[str, AfterValidator(_address)] = ""
    temporal_namespace: str = Field(default="default", min_length=1)
    #: A profile of Temporal's own client configuration, which also reads `temporal_environ`; `default` is one.
    temporal_profile: str = ""
    #: The `TEMPORAL_*` variables, for the SDK's `envconfig`. They hold keys, so they are not shown.
    temporal_environ: Mapping[str, str] = Field(default_factory=dict, repr=False)
    #: A libpq URI. It may hold a password, so it is not shown.
    database_url: Annotated[str, AfterValidator(_postgres)] = Field(default="", repr=False)
    #: A signed token that says who runs the commands, for workers that ask for one. Never shown.
    token: str = Field(default="", repr=False)
    #: For workers: a file with the JWK set of public keys whose tokens they take, and of no others,
    trusted_keys: str = ""
    #: and who issues these tokens. Both or neither.
    trusted_issuer: str = ""
    #: For `serve`: which systems may send word, and where the secrets stand that they sign it with, `env:NAME` or
    #: `file:/path`, such as `servicenow=env:NEW,env:OLD jira=file:/run/secrets/jira`. A name is what stands before the
    #: dot in `uses`.
    webhooks: Annotated[str, AfterValidator(_webhooks)] = ""
    #: For workers: the references to secrets that steps may name, parted by commas or spaces; an entry that ends with
    #: `*` is a beginning, such as `vault:kv/releases/*`. Without it, all that the worker can resolve.
    secrets_allowed: Annotated[tuple[str, ...], BeforeValidator(_entries), AfterValidator(_patterns)] = ()
    #: For workers: the server of HashiCorp Vault or OpenBao. Without it no `vault:` is resolved.
    vault_address: Annotated[str, AfterValidator(_vault)] = ""
    #: How the worker logs in there.
    vault_auth: VaultAuth = VaultAuth.TOKEN
    #: Where its token, AppRole's secret id, or its service account's token stands: `env:NAME` or `file:/path`. With
    #: `kubernetes` it is known without it.
    vault_credential: Annotated[str, AfterValidator(_local)] = ""
    #: AppRole's role id, or the name of the role in Kubernetes.
    vault_role: str = ""
    #: Where the way to log in is mounted, if not under its own name.
    vault_mount: str = Field(default="", pattern=r"^([A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)?$")
    vault_namespace: str = ""
    #: A file with the certificates that sign the server's; those of the system without it.
    vault_ca: str = ""
    #: For workers: the region of AWS Secrets Manager. Without it no `aws-sm:` is resolved.
    aws_region: str = Field(default="", pattern=r"^[a-z0-9-]*$")
    #: Encrypts what is kept in Temporal: `id=reference`, parted by commas or spaces. The first key encrypts, all of
    #: them decrypt. The same for workers and commands.
    payload_keys: Annotated[tuple[str, ...], BeforeValidator(_entries), AfterValidator(_keys)] = ()
    #: For workers: how many steps run side by side in one process, on each queue or on one: `32 publish=4`. Without it
    #: 64 do.
    slots: Annotated[tuple[str, ...], BeforeValidator(_entries), AfterValidator(_slots)] = ()
    #: For workers: how many steps of a queue all of its workers begin in a second, such as `publish=2`. The same for
    #: all workers of the queue. Without it there is no limit.
    rates: Annotated[tuple[str, ...], BeforeValidator(_entries), AfterValidator(_rates)] = ()
    #: For workers: the name of what they run, such as a commit. With it trains stay with the workers of the build that
    #: they began on, and new ones begin on the build that Temporal holds for the current one.
    build: str = Field(default="", pattern=_BUILD)
    #: Seconds that one git command may take.
    git_timeout: float = Field(default=300.0, gt=0)
    #: The embedded stack ends after so many minutes without a command and without a running train.
    idle_minutes: float = Field(default=30.0, gt=0)
    log_format: Literal["plain", "json"] = "plain"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    #: The OTLP collector; nothing is measured or traced where it is empty.
    otlp_endpoint: Annotated[str, AfterValidator(_endpoint)] = ""

    @classmethod
    def load(cls, environ: Mapping[str, str], *, state_dir: Path | None = None) -> Self:
        """Read the settings; `state_dir` is the command line's and wins.

        Raises StackError that names the variable where a value is wrong, and where one server is configured
        without the other.
        """
        given: dict[str, object] = {field: environ[name] for field, name in VARIABLES.items() if environ.get(name)}
        state = Path(str(state_dir or given.get("state_dir") or user_state_dir("releasepilot"))).expanduser().absolute()
        cache = Path(str(given.get("cache_dir") or state / "mirrors")).expanduser().absolute()
        temporal = {name: value for name, value in environ.items() if name.startswith("TEMPORAL_")}
        try:
            return cls.model_validate({**given, "state_dir": state, "cache_dir": cache, "temporal_environ": temporal})
        except ValidationError as error:
            raise _explained(error) from None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        """Refuse half a stack: a train whose ledger lies on another machine's embedded database would be lost."""
        if self._temporal_configured and not self.database_url:
            raise StackError("a Temporal server is configured, but no database", hint=_PAIR_HINT)
        if self.database_url and not self._temporal_configured:
            raise StackError("a database is configured, but no Temporal server", hint=_PAIR_HINT)
        if bool(self.trusted_keys) != bool(self.trusted_issuer):
            raise StackError(
                "of the trusted keys and their issuer only one is set",
                hint="set both RELEASEPILOT_TRUSTED_KEYS and RELEASEPILOT_TRUSTED_ISSUER, or neither",
            )
        return self

    @model_validator(mode="after")
    def _vault_is_whole(self) -> Self:
        """Refuse a login that cannot work, before a step needs it."""
        if not self.vault_address:
            return self
        if not self.vault_credential and self.vault_auth is not VaultAuth.KUBERNETES:
            raise StackError(
                f"a Vault server is configured, but nothing to log in with by {self.vault_auth}",
                hint="set RELEASEPILOT_VAULT_CREDENTIAL to env:NAME or file:/path",
            )
        if not self.vault_role and self.vault_auth is not VaultAuth.TOKEN:
            raise StackError(
                f"a Vault server is configured, but no role to log in with by {self.vault_auth}",
                hint="set RELEASEPILOT_VAULT_ROLE",
            )
        return self

    @property
    def secrets(self) -> SecretsConfig:
        """Which references this process resolves, and how."""
        login = VaultLogin(
            address=self.vault_address,
            auth=self.vault_auth,
            credential=self.vault_credential or SERVICE_ACCOUNT,
            role=self.vault_role,
            mount=self.vault_mount,
            namespace=self.vault_namespace,
            ca_file=self.vault_ca,
        )
        return SecretsConfig(
            allowed=self.secrets_allowed,
            own=(*self.payload_key_references.values(), *([login.credential] if self.vault_address else [])),
            vault=login if self.vault_address else None,
            aws_region=self.aws_region,
        )

    @property
    def limits(self) -> Limits:
        """The limits of the queues of a worker."""
        return Limits(slots=read_slots(self.slots), rates=read_rates(self.rates))

    @property
    def payload_key_references(self) -> dict[str, SecretRef]:
        """Key id to where the key stands, the one that encrypts first."""
        return {name: reference for name, _, reference in (entry.partition("=") for entry in self.payload_keys)}

    @property
    def _temporal_configured(self) -> bool:
        return bool(self.temporal_address or self.temporal_profile)

    @property
    def embedded(self) -> bool:
        """Whether ReleasePilot runs its own servers."""
        return not self.database_url

    @property
    def trust(self) -> Trust | None:
        """Whose tokens a worker takes; None where it asks for none. StackError where the file cannot be read."""
        if not self.trusted_keys:
            return None
        try:
            return Trust(issuer=self.trusted_issuer, keys=Path(self.trusted_keys).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise StackError(
                f"RELEASEPILOT_TRUSTED_KEYS cannot be read: {error}", hint="name a file with a JWK set"
            ) from None

    @property
    def hooks(self) -> dict[str, tuple[str, ...]]:
        """The webhooks by name, with the references to their secrets."""
        pairs = (entry.partition("=") for entry in self.webhooks.split())
        return {name: tuple(references.split(",")) for name, _, references in pairs}

    @property
    def actor(self) -> Actor:
        """Who runs this process: by the token, else the operating system's account, which no variable can change.

        Without a token the realm is `local` where the embedded stack is used, which only that account can reach; else
        `os`. Workers that ask for proof take no account of an operating system.
        """
        if self.token and not self.embedded:
            return claimed(self.token)
        return Actor(account=pwd.getpwuid(os.geteuid()).pw_name, realm="local" if self.embedded else "os")


def _explained(error: ValidationError) -> StackError:
    """Name the variables of the fields that are wrong, without their values."""
    reasons = []
    for problem in error.errors(include_input=False, include_url=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        message = problem["msg"].removeprefix("Value error, ")
        reasons.append(f"{VARIABLES.get(field, field)}: {message}")
    return StackError("; ".join(reasons), hint="correct the variable, or unset it to take the default")
