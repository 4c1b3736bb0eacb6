"""What a worker is told about secrets: which references it resolves, and how it reaches those who hold them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from releasepilot.plugins.secrets.reference import SecretRef

#: Kubernetes puts the token of a pod's service account here.
SERVICE_ACCOUNT = "file:/var/run/secrets/kubernetes.io/serviceaccount/token"


class VaultAuth(StrEnum):
    """How the worker says who it is."""

    TOKEN = "token"  # noqa: S105 - the name of a method
    APPROLE = "approle"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True, kw_only=True)
class VaultLogin:
    """Where the server is, and how the worker logs in."""

    address: str
    auth: VaultAuth = VaultAuth.TOKEN
    #: The token, AppRole's secret id, or the service account's token: `env:` or `file:`.
    credential: SecretRef = SERVICE_ACCOUNT
    #: AppRole's role id, or the name of the role in Kubernetes.
    role: str = ""
    #: Where the method is mounted, if not under its own name.
    mount: str = ""
    namespace: str = ""
    #: A file of certificates; empty for those of the system.
    ca_file: str = ""


@dataclass(frozen=True, kw_only=True)
class SecretsConfig:
    """What a worker is told about secrets."""

    #: The references that steps may name; an entry that ends with `*` is a beginning. Empty: all that can be resolved.
    allowed: tuple[str, ...] = ()
    #: References that the worker itself goes by, such as its payload keys: no step gets them.
    own: tuple[SecretRef, ...] = ()
    #: None where `vault:` is not resolved.
    vault: VaultLogin | None = None
    #: Empty where `aws-sm:` is not resolved.
    aws_region: str = ""
