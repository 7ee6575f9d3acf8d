"""What goes wrong for a person's reasons has an exit code; anything else is a defect and keeps its traceback."""

from __future__ import annotations

import inspect

import pytest

from pipelines import errors
from pipelines.errors import DishpatchError
from pipelines.messages import MessageRejected

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DishpatchError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_ends_a_command_with_a_code_that_is_not_success(kind: type[DishpatchError]) -> None:
    assert 1 <= kind.exit_code <= 4
    assert str(kind("what happened, the value, the remedy")) == "what happened, the value, the remedy"
    assert kind.__doc__


def test_a_refused_message_is_a_contract_violation_with_a_stable_word() -> None:
    error = MessageRejected("not_parquet", "4 bytes, first b'PAR1'")
    assert isinstance(error, errors.ContractViolation)
    assert (error.reason, error.detail) == ("not_parquet", "4 bytes, first b'PAR1'")
    assert str(error) == "not_parquet: 4 bytes, first b'PAR1'"
