"""YAML files that people write: no key passes twice, and what is wrong is told by its field and its value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipelines.errors import UsageError

# What pydantic says in a programmer's words, by the type of its error.
PLAIN = {
    "model_type": "give keys and values",
    "model_attributes_type": "give keys and values",
    "dict_type": "give keys and values",
    "tuple_type": "give a list",
    "list_type": "give a list",
    "extra_forbidden": "no such key",
}


class _Loader(yaml.SafeLoader):
    """YAML's plain types; a table with a key twice is an error, where YAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_document(path: Path) -> Any:
    """The content of a YAML file. OSError passes; UsageError: not text, not YAML, or a key that is there twice."""
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from None


def problems_of(error: ValidationError, whole: str = "profile") -> str:
    """Field, fault and value of everything that is wrong, for a message; `whole` names what has no field."""
    return "; ".join(problem_of(each, whole) for each in error.errors())


def problem_of(error: Any, whole: str = "profile") -> str:
    """One of pydantic's errors in a sentence."""
    said = PLAIN.get(error["type"], error["msg"].removeprefix("Value error, "))
    where = ".".join(map(str, error["loc"])) or whole
    if error["type"] in ("missing", "value_error") and isinstance(error["input"], dict):
        return (
            f"{where}: {said}"  # about several keys together: the message names them, the start of the table does not
        )
    return f"{where}: {said} (found {error['input']!r:.80})"
