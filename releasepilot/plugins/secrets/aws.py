"""`aws-sm:name#key`: AWS Secrets Manager, with the credentials that the machine has by AWS's own rules."""

from __future__ import annotations

import asyncio
import json
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from releasepilot.errors import SecretRefused, SecretUnreachable, StackError
from releasepilot.plugins.secrets.reference import Reference

#: What the service says where the same question may be answered later.
_LATER = (
    "InternalServiceError",
    "InternalServiceErrorException",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
_INTERNAL = 500
#: Seconds to connect, and between two parts of an answer.
_CONNECT, _READ = 5, 15


class SecretsManager:
    """Reads secrets in one region; the library signs with a role, a profile or keys of the environment."""

    def __init__(self, region: str) -> None:
        """Ask in this region; StackError where boto3 is not installed."""
        if find_spec("boto3") is None:
            raise StackError(
                "RELEASEPILOT_AWS_REGION is set, but boto3 is not installed",
                hint="install releasepilot[aws], or unset RELEASEPILOT_AWS_REGION",
            )
        self._region = region

    async def read(self, reference: Reference) -> str:
        """Return the secret, or one key of its JSON object."""
        text = await asyncio.to_thread(self._text, reference)
        return _of_key(text, reference) if reference.key else text

    @cached_property
    def _client(self) -> Any:
        config = import_module("botocore.config").Config(
            connect_timeout=_CONNECT, read_timeout=_READ, retries={"mode": "standard", "total_max_attempts": 2}
        )
        # A session of our own: the library's default one is not made for several threads.
        return (
            import_module("boto3").session.Session().client("secretsmanager", region_name=self._region, config=config)
        )

    def _text(self, reference: Reference) -> str:
        errors = import_module("botocore.exceptions")
        try:
            text = self._client.get_secret_value(SecretId=reference.where).get("SecretString")
        except errors.ClientError as error:
            raise _said(error.response, reference) from None
        except (errors.NoCredentialsError, errors.PartialCredentialsError, errors.ProfileNotFound) as error:
            raise SecretRefused(
                f"{reference.text}: this worker has no credentials of AWS: {type(error).__name__}",
                hint="give its machine a role, or set AWS_PROFILE",
            ) from None
        except errors.BotoCoreError as error:
            raise SecretUnreachable(
                f"{reference.text}: Secrets Manager in {self._region} does not answer: {type(error).__name__}",
                hint="look whether the worker reaches it, and whether RELEASEPILOT_AWS_REGION is right",
            ) from None
        if not isinstance(text, str):
            raise SecretRefused(f"{reference.text} holds bytes and no text", hint="store it as a text")
        return text


def _said(response: Any, reference: Reference) -> SecretRefused | SecretUnreachable:
    """Put the service's answer into words, by its code alone: its message may repeat ours."""
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _LATER or status >= _INTERNAL:
        return SecretUnreachable(f"{reference.text}: Secrets Manager answered {code or status}")
    return SecretRefused(
        f"{reference.text}: Secrets Manager refused it: {code or status}",
        hint="correct the name, or allow secretsmanager:GetSecretValue on it to the worker's role",
    )


def _of_key(text: str, reference: Reference) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    secret = found.get(reference.key) if isinstance(found, dict) else None
    if not isinstance(secret, str):
        raise SecretRefused(f"{reference.text}: there is no text under this key", hint="correct what follows the #")
    return secret
