"""What workers remember of the sandbox changes nothing that anybody can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from replay.test_histories import HISTORIES, TEXTS
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.converter import PayloadCodec, SerializationContext, WithSerializationContext
from temporalio.worker import Replayer, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from releasepilot.workers.pool import WORKFLOWS
from releasepilot.workers.sandbox import runner
from releasepilot.workflows.payloads import DATA_CONVERTER


@dataclass
class Noting(PayloadCodec, WithSerializationContext):
    """Changes no payload, and writes down in which context it was met."""

    seen: list[tuple[str, SerializationContext | None, bytes]] = field(default_factory=list)
    context: SerializationContext | None = None

    def with_context(self, context: SerializationContext) -> Noting:
        """Go on writing into the same list."""
        return Noting(self.seen, context)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Note what goes out."""
        self.seen += [("out", self.context, payload.data) for payload in payloads]
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Note what comes in."""
        self.seen += [("in", self.context, payload.data) for payload in payloads]
        return list(payloads)


async def contexts(name: str, sandbox: WorkflowRunner) -> list[tuple[str, SerializationContext | None, bytes]]:
    """Replay a history and return what a codec is told."""
    codec = Noting()
    converter = replace(DATA_CONVERTER, payload_codec=codec)
    replayer = Replayer(workflows=list(WORKFLOWS), data_converter=converter, workflow_runner=sandbox)
    await replayer.replay_workflow(WorkflowHistory.from_json("kept", name))
    return codec.seen


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_codec_is_told_what_the_plain_sandbox_tells_it(path: Path) -> None:
    """Each payload is met in the same context, whether the sandbox was entered for it or not."""
    text = TEXTS[path]
    ours = await contexts(text, runner())
    plain = await contexts(text, SandboxedWorkflowRunner(restrictions=runner().restrictions))
    assert len({str(context) for _, context, _ in ours}) > 1
    assert ours == plain
