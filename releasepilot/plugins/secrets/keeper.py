"""Who looks secrets up for a worker: which references it resolves, through which source, and what it then hides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module

from releasepilot.errors import SecretRefused
from releasepilot.plugins.secrets.config import SecretsConfig
from releasepilot.plugins.secrets.hiding import Hider
from releasepilot.plugins.secrets.interface import SecretSource
from releasepilot.plugins.secrets.local import LONGEST, Environment, Files
from releasepilot.plugins.secrets.reference import Reference, SecretRef, matches

#: Variables that open the ledger and Temporal, or say who somebody is.
_OURS = ("RELEASEPILOT_DATABASE_URL", "RELEASEPILOT_TOKEN", "TEMPORAL_")
#: Scheme to what has to be set before a worker resolves it.
_CONFIGURED_BY = {"vault": "RELEASEPILOT_VAULT_ADDRESS", "aws-sm": "RELEASEPILOT_AWS_REGION"}


class Secrets:
    """The secrets of one worker. It keeps none: each call looks again."""

    def __init__(self, config: SecretsConfig | None = None) -> None:
        """Resolve what the configuration allows; without one, the environment and files. No I/O here.

        StackError where a source is configured whose library is not installed.
        """
        self._config = config or SecretsConfig()
        self._open: dict[int, OpenSecrets] = {}
        self._sources: dict[str, SecretSource] = {"env": Environment(), "file": Files()}
        # Looked up late: a command that only reads a catalog needs neither.
        if self._config.vault is not None:
            vault = import_module("releasepilot.plugins.secrets.vault")
            self._sources["vault"] = vault.Vault(self._config.vault, self.read)
        if self._config.aws_region:
            aws = import_module("releasepilot.plugins.secrets.aws")
            self._sources["aws-sm"] = aws.SecretsManager(self._config.aws_region)

    @contextmanager
    def opened(self) -> Iterator[OpenSecrets]:
        """Give what one call looks its secrets up with; what it found is hidden until the block ends."""
        opened = OpenSecrets(self)
        self._open[id(opened)] = opened
        try:
            yield opened
        finally:
            del self._open[id(opened)]

    def hide(self, text: str) -> str:
        """Return a text without the secrets of all calls that are open now."""
        for opened in tuple(self._open.values()):
            text = opened.hide(text)
        return text

    def is_withheld(self, variable: str) -> bool:
        """Whether a variable of the environment is the worker's own, so that neither steps nor commands get it."""
        return variable.startswith(_OURS) or f"env:{variable}" in self._own

    async def read(self, reference: SecretRef) -> str:
        """Return a secret, without white space around it. SecretRefused where there is none of one line."""
        named = Reference.of(reference)
        source = self._sources.get(named.scheme)
        if source is None:
            raise SecretRefused(
                f"{reference} is not resolved here: no source of {named.scheme}: is configured",
                hint=f"set {_CONFIGURED_BY.get(named.scheme, 'its source')} where the worker of this step's queue runs",
            )
        found = (await source.read(named)).strip()
        if not found or len(found) > LONGEST or re.search(r"[\r\n\0]", found):
            raise SecretRefused(
                f"{reference} holds no secret of one line on this worker",
                hint="set it where the worker of this step's queue runs, and start that again",
            )
        return found

    async def read_for_step(self, reference: SecretRef) -> str:
        """Return a secret that a step names; SecretRefused also where steps do not get it."""
        named = Reference.of(reference)
        withheld = named.plain in self._own or (named.scheme == "env" and self.is_withheld(named.where))
        if withheld or (self._config.allowed and not matches(named, self._config.allowed)):
            raise SecretRefused(
                f"{reference} is not among the secrets that this worker gives to steps",
                hint="correct the reference, or add it to RELEASEPILOT_SECRETS of the worker",
            )
        return await self.read(reference)

    @cached_property
    def _own(self) -> Mapping[str, None]:
        return {Reference.of(one).plain: None for one in self._config.own}


class OpenSecrets:
    """The secrets that one call has looked up, for as long as it lasts."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        """Look them up through a worker's secrets; without them in the environment and in files."""
        self._secrets = secrets or Secrets()
        self._hider = Hider()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._hider!r}>"

    @property
    def knows(self) -> bool:
        """Whether anything was looked up."""
        return self._hider.knows

    async def read(self, reference: SecretRef) -> str:
        """Return the secret that a reference names. Do not keep it: the next call asks again.

        SecretRefused where somebody has to act, SecretUnreachable where a later attempt can succeed.
        """
        secret = await self._secrets.read_for_step(reference)
        self._hider.learn(secret)
        return secret

    def hide(self, text: str) -> str:
        """Return a text without what was read."""
        return self._hider.hide(text)

    def hide_part(self, text: str) -> str:
        """Return a text without what was read that may begin and end in the midst of a secret."""
        return self._hider.hide_part(text)

    def learn(self, text: str) -> None:
        """Hide this, too: something that was made of a secret."""
        self._hider.learn(text)

    def is_withheld(self, variable: str) -> bool:
        """Whether a variable of the environment is the worker's own, which no command gets."""
        return self._secrets.is_withheld(variable)
