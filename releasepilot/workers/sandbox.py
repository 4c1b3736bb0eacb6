"""The sandbox that workflows run in. What is ours is passed through; a module that nobody meant to load is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

if TYPE_CHECKING:
    from temporalio.bridge.proto.workflow_activation import WorkflowActivation
    from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
    from temporalio.converter import SerializationContext, StorageDriverStoreContext
    from temporalio.worker._command_aware_visitor import CommandInfo
    from temporalio.workflow import Info


def runner() -> SandboxedWorkflowRunner:
    """Build the sandbox for a worker."""
    return _Runner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "releasepilot", "pydantic", "pydantic_core", "annotated_types", "rfc8785", "jwt", "cryptography"
        ).with_import_notification_policy(SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH)
    )


class _Runner(SandboxedWorkflowRunner):
    """Temporal's sandbox, entered less often."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Build the sandbox of one run."""
        return _Instance(super().create_instance(det))


class _Instance(WorkflowInstance):
    """One run in its sandbox, which remembers the contexts of its payloads.

    A worker asks for the context of a payload four times on its way in or out, and each time the sandbox is entered for
    it, which together was two fifths of what a worker does. They change only when the workflow moves.
    """

    def __init__(self, inner: WorkflowInstance) -> None:
        self._inner = inner
        self._serialization: dict[CommandInfo | None, SerializationContext | None] = {}
        self._storage: dict[CommandInfo | None, StorageDriverStoreContext] = {}

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Let the workflow move."""
        self._serialization.clear()
        self._storage.clear()
        try:
            return self._inner.activate(act)
        finally:
            self._serialization.clear()
            self._storage.clear()

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        """Return what a converter or codec may know of a command's payloads."""
        if command_info not in self._serialization:
            self._serialization[command_info] = self._inner.get_serialization_context(command_info)
        return self._serialization[command_info]

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        """Return what an external storage may know of a command's payloads."""
        if command_info not in self._storage:
            self._storage[command_info] = self._inner.get_external_store_context(command_info)
        return self._storage[command_info]

    def get_info(self) -> Info:
        """Return what is known of the run."""
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        """Return the thread that the workflow runs on at the moment."""
        return self._inner.get_thread_id()
