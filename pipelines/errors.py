"""Errors that a person can act on.

Every message says what happened, the value that caused it and the next thing to do. The command line prints
a `DishpatchError` as one sentence and exits with its `exit_code`; anything else is a defect and keeps its traceback.
"""

from __future__ import annotations


class DishpatchError(Exception):
    """A condition the user can mend. `exit_code` is what the command line exits with."""

    exit_code = 1


class SetupError(DishpatchError):
    """The machine lacks something.

    A port, memory, disk, a supported Python, a Java runtime, the network on first use.
    """

    exit_code = 3


class ServiceError(DishpatchError):
    """An embedded or remote service is not there, died, or refused a request."""

    exit_code = 4


class ContractViolation(DishpatchError):
    """Data that its contract does not admit, where it cannot be set aside row by row."""


class MappingError(DishpatchError):
    """A mapping file, or the user's file it describes, cannot be read as the mapping says."""

    exit_code = 2


class ImportRefused(DishpatchError):
    """More rows of a user's file are wrong than the mapping allows: nothing of it was imported."""


class StepFailed(DishpatchError):
    """A notebook step failed; the message names the step and the cell."""


class UsageError(DishpatchError):
    """An argument or parameter that does not exist or has the wrong form."""

    exit_code = 2
