"""A trained model as text: LightGBM's own format and a JSON document. No pickle, so loading it runs no code.

The version is the training window's last day and a hash of the content: the same rows and parameters give the same
version on any run. `inputs` (the table versions that were read) is kept beside but not hashed, because a table moves
on when other days are written to it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import lightgbm as lgb

from models.eta.encoding import Encoding
from models.eta.history import RestaurantHistory

FORMAT = 1


@dataclass(frozen=True)
class EtaModel:
    """`text` is the booster, `document` all else that a forecast or a reader needs (see models/README.md)."""

    text: str
    document: dict[str, Any]
    inputs: dict[str, int | str] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of model.txt."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def version(self) -> str:
        """`<last training day>-<12 hex digits of the content>`."""
        content = hashlib.sha256(self.text.encode() + b"\0" + json_bytes(self.document)).hexdigest()
        return f"{self.document['training']['to']}-{content[:12]}"

    @cached_property
    def booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self.text)

    @property
    def encoding(self) -> Encoding:
        d = self.document
        return Encoding(tuple(d["columns"]), d["levels"], d["medians"], d["dropped_columns"])

    @property
    def restaurant_history(self) -> RestaurantHistory:
        return RestaurantHistory(**self.document["restaurant_history"])

    def files(self) -> dict[str, bytes]:
        """Content of model.txt and model.json."""
        return {
            "model.txt": self.text.encode(),
            "model.json": json_bytes({**self.document, "inputs": self.inputs, "version": self.version}),
        }

    @classmethod
    def from_files(cls, files: dict[str, bytes]) -> EtaModel:
        """The model of these files; their integrity is the registry's to check."""
        document = json.loads(files["model.json"])
        inputs = document.pop("inputs")
        document.pop("version")
        return cls(files["model.txt"].decode(), document, inputs)


def json_bytes(value: object) -> bytes:
    """Canonical JSON: sorted keys, no NaN, so that equal content has equal bytes."""
    return json.dumps(value, sort_keys=True, allow_nan=False, indent=1, ensure_ascii=False).encode()
