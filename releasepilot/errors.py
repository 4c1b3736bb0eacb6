"""Every error that ReleasePilot raises on purpose.

    ReleasePilotError                RP000  retryable: no
    ├── CatalogError                 RP100  the catalog is wrong; carries file:line:column
    │   ├── CalendarError            RP101  a calendar holds what cannot be a window
    │   └── EngineMissing            RP102  the catalog has rules, and what evaluates them is not installed
    ├── SnapshotError                RP200  a repository could not be read
    │   ├── FetchError               RP201  git could not fetch it (retryable)
    │   ├── BranchMissing            RP202  the branch does not exist, or the repository is empty
    │   ├── HistoryTruncated         RP203  a shallow remote hides the last release
    │   ├── ManifestError            RP204  a manifest does not parse
    │   └── CacheError               RP205  the mirror cache cannot be written
    ├── PlanError                    RP300  no plan can be made of this snapshot
    │   ├── CycleError               RP301  components need each other
    │   ├── PivotError               RP302  two unordered steps that cannot be undone
    │   ├── EditClash                RP303  two components would write one file
    │   ├── InvalidNextVersion       RP304  a version outside of what its branch may release
    │   ├── InvalidMaintenanceMerge  RP305  a maintenance branch holds a release beyond its range
    │   ├── VersionConflict          RP306  no version satisfies two ranges
    │   ├── NoWindow                 RP307  no release window opens again
    │   ├── RuleDenied               RP308  a rule of the catalog denies the plan
    │   └── ReviewOverdue            RP309  an emergency was not reviewed in time
    ├── StepError                    RP400  a step failed (retryable)
    │   ├── StepConflict             RP401  the far side holds a different artefact
    │   ├── StepRefused              RP402  the far side said no
    │   │   └── SecretRefused        RP405  a secret is not where its reference says, or may not be read
    │   ├── StepNotReady             RP403  not yet: ask again after a while (retryable)
    │   ├── StepUnconverged          RP404  applied, but the far side does not show it (retryable)
    │   ├── SecretUnreachable        RP406  the server that holds a secret does not answer (retryable)
    │   └── StepFenced               RP407  the train has lost its claim to another one
    ├── ControlError                 RP500  a command was refused
    │   ├── TrainUnknown             RP501  no train of that name
    │   ├── VoteRefused              RP502  the vote does not count
    │   ├── IdentityUnproven         RP503  somebody is not taken for who they say they are
    │   ├── RequestRefused           RP504  the service does not take what it was sent
    │   └── PayloadUnreadable        RP505  what Temporal holds cannot be decrypted here
    └── StackError                   RP600  a server that ReleasePilot needs cannot be reached or started

A caller catches the branch that it can deal with. `code` is stable and documented, `hint` says what to do
next, `retryable` says whether the same call can succeed later without anybody acting.
"""

from __future__ import annotations

from typing import ClassVar


class ReleasePilotError(Exception):
    """Something went wrong that ReleasePilot can explain."""

    code: ClassVar[str] = "RP000"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", *, hint: str = "", component: str = "") -> None:
        """Build the error from what happened, the remedy, and the component that it concerns."""
        #: What happened, naming the thing; the class docstring is the default.
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        #: What a person can do about it; empty where the message already says so.
        self.hint = hint
        #: The component concerned, empty where it is not about one.
        self.component = component
        super().__init__(self.message)

    def fields(self) -> dict[str, str]:
        """Return the documented fields of an error in JSON."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "component": self.component}

    def __str__(self) -> str:
        """Name the component before the message."""
        return f"{self.component}: {self.message}" if self.component else self.message


class CatalogError(ReleasePilotError):
    """The catalog is not valid."""

    code = "RP100"


class CalendarError(CatalogError):
    """The calendar cannot be read as windows."""

    code = "RP101"


class EngineMissing(CatalogError):
    """What evaluates rules is not installed."""

    code = "RP102"


class SnapshotError(ReleasePilotError):
    """A repository could not be read."""

    code = "RP200"


class FetchError(SnapshotError):
    """Git could not fetch the repository."""

    code = "RP201"
    retryable = True


class BranchMissing(SnapshotError):
    """The repository has no such branch."""

    code = "RP202"


class HistoryTruncated(SnapshotError):
    """The repository is shallow and its history ends before the last release."""

    code = "RP203"


class ManifestError(SnapshotError):
    """A manifest does not parse."""

    code = "RP204"


class CacheError(SnapshotError):
    """The mirror cache cannot be written."""

    code = "RP205"


class PlanError(ReleasePilotError):
    """No plan can be made."""

    code = "RP300"


class CycleError(PlanError):
    """Components need each other in a circle."""

    code = "RP301"


class PivotError(PlanError):
    """Two steps that cannot be undone are not ordered."""

    code = "RP302"


class EditClash(PlanError):
    """Two components would write the same file."""

    code = "RP303"


class InvalidNextVersion(PlanError):
    """The next version is outside of what its branch may release."""

    code = "RP304"


class InvalidMaintenanceMerge(PlanError):
    """A maintenance branch holds a release that is beyond its range."""

    code = "RP305"


class VersionConflict(PlanError):
    """No version satisfies two ranges."""

    code = "RP306"


class NoWindow(PlanError):
    """No release window opens again."""

    code = "RP307"


class RuleDenied(PlanError):
    """A rule denies the plan."""

    code = "RP308"


class ReviewOverdue(PlanError):
    """An emergency was not reviewed in time."""

    code = "RP309"


class StepError(ReleasePilotError):
    """A step failed."""

    code = "RP400"
    retryable = True


class StepConflict(StepError):
    """The far side holds a different artefact under the same name."""

    code = "RP401"
    retryable = False


class StepRefused(StepError):
    """The far side refused the step."""

    code = "RP402"
    retryable = False


class StepNotReady(StepError):
    """The step cannot be done yet."""

    code = "RP403"

    def __init__(self, message: str = "", *, after: float, hint: str = "", component: str = "") -> None:
        """Ask to be tried again `after` so many seconds; no worker slot is held meanwhile."""
        super().__init__(message, hint=hint, component=component)
        self.after = after


class StepUnconverged(StepError):
    """The step was applied but cannot be observed."""

    code = "RP404"


class SecretRefused(StepRefused):
    """The secret is not there, or may not be read."""

    code = "RP405"


class SecretUnreachable(StepError):
    """What holds the secret does not answer."""

    code = "RP406"


class StepFenced(StepError):
    """The train does not hold what the step would change any more."""

    code = "RP407"
    retryable = False


class ControlError(ReleasePilotError):
    """The command was refused."""

    code = "RP500"


class TrainUnknown(ControlError):
    """There is no such train."""

    code = "RP501"


class VoteRefused(ControlError):
    """The vote does not count."""

    code = "RP502"


class IdentityUnproven(ControlError):
    """Somebody is not taken for who they say they are."""

    code = "RP503"


class RequestRefused(ControlError):
    """The service does not take the request."""

    code = "RP504"

    def __init__(self, message: str = "", *, status: int = 400, hint: str = "") -> None:
        """Refuse with this status of HTTP."""
        super().__init__(message, hint=hint)
        self.status = status


class PayloadUnreadable(ControlError):
    """What Temporal holds cannot be decrypted here."""

    code = "RP505"


class StackError(ReleasePilotError):
    """A server that ReleasePilot needs cannot be reached or started."""

    code = "RP600"
