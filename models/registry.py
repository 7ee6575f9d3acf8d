"""The model registry: models on S3 under their content's name, and what became of each training and evaluation.

    models/eta/<city_id>/<version>/{model.txt, model.json, MANIFEST.json}
    models/eta/<city_id>/latest.json                       the model of the latest training window
    models/eta/<city_id>/trainings/<business_date>.json    which model a day is judged with, or why there is none
    models/eta/<city_id>/evaluations/<business_date>.json  how it did

A version is never changed: its files are written if absent, the manifest last, with the SHA-256 of what is stored.
A writer killed between files leaves no manifest, so no reader sees the version, and the same training again completes
it. Loading checks every file against the manifest, and the version against the content.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.eta.model import EtaModel, json_bytes
from pipelines.connectors import object_store
from pipelines.errors import ContractViolation, UsageError

MANIFEST = "MANIFEST.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class EtaRegistry:
    """Delivery-time models of one city."""

    city_id: str

    def __post_init__(self) -> None:
        _checked_name("city_id", self.city_id)

    @property
    def prefix(self) -> str:
        return f"models/eta/{self.city_id}"

    def save(self, model: EtaModel) -> str:
        """Store a model and return its version; nothing changes if that version is there already.

        `latest.json` moves to it unless it names a model of later days.
        """
        stored = {
            name: _put_once(f"{self.prefix}/{model.version}/{name}", data) for name, data in model.files().items()
        }
        _refuse_other_content(EtaModel.from_files(stored), model.version)
        _put_once(f"{self.prefix}/{model.version}/{MANIFEST}", json_bytes(manifest_of(stored)))
        trained_to = model.document["training"]["to"]
        latest = self._read("latest.json")
        if latest is None or latest["train_to"] <= trained_to:
            self._write("latest.json", {"version": model.version, "train_to": trained_to, "sha256": model.sha256})
        return model.version

    def load(self, version: str) -> EtaModel:
        """The model of that version, every byte checked. Raises UsageError where there is none, ContractViolation
        where a file is not what the manifest says."""
        folder = f"{self.prefix}/{_checked_name('version', version)}"
        try:
            manifest = json.loads(object_store.get_bytes(f"{folder}/{MANIFEST}"))
            files = {name: object_store.get_bytes(f"{folder}/{name}") for name in manifest["sha256"]}
        except KeyError as error:
            raise UsageError(
                f"The registry has no complete model {self.city_id}/{version} ({error} is missing); run train_eta"
            ) from error
        check_manifest(files, manifest, folder)
        model = EtaModel.from_files(files)
        _refuse_other_content(model, version)
        return model

    def latest(self) -> EtaModel | None:
        """The model of the latest training window, or None before the first."""
        pointer = self._read("latest.json")
        return None if pointer is None else self.load(pointer["version"])

    def versions(self) -> list[str]:
        """All complete versions, oldest training window first."""
        keys = object_store.list_keys(f"{self.prefix}/")
        return [key.split("/")[-2] for key in keys if key.endswith(f"/{MANIFEST}")]

    def record_training(self, business_date: date, outcome: dict[str, Any]) -> None:
        """Keep which model `business_date` is judged with: {"status", "reason", "model_version", …}."""
        self._write(f"trainings/{business_date}.json", {"business_date": str(business_date), **outcome})

    def training(self, business_date: date) -> dict[str, Any]:
        """What `record_training` kept; UsageError where nothing was trained for that day."""
        found = self._read(f"trainings/{business_date}.json")
        if found is None:
            raise UsageError(
                f"No model was trained for {self.city_id} on {business_date}; "
                f"run 'dishpatch run --date {business_date} --only train_eta' first"
            )
        return found

    def record_evaluation(self, document: dict[str, Any]) -> None:
        """Keep an evaluation under its business date; a second one of the day replaces the first."""
        self._write(f"evaluations/{document['business_date']}.json", document)

    def evaluations(self, before: date) -> list[dict[str, Any]]:
        """Evaluations of business dates before that day, oldest first."""
        keys = object_store.list_keys(f"{self.prefix}/evaluations/")
        earlier = [key for key in keys if key.removesuffix(".json").split("/")[-1] < str(before)]
        return [json.loads(object_store.get_bytes(key)) for key in earlier]

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(object_store.get_bytes(f"{self.prefix}/{name}"))
        except KeyError:
            return None
        return found

    def _write(self, name: str, value: dict[str, Any]) -> None:
        object_store.put_bytes(f"{self.prefix}/{name}", json_bytes(value))


def manifest_of(files: dict[str, bytes]) -> dict[str, dict[str, str]]:
    """{"sha256": {file name: hex digest}}."""
    return {"sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}}


def check_manifest(files: dict[str, bytes], manifest: dict[str, dict[str, str]], folder: str) -> None:
    """Raise ContractViolation for the first file whose SHA-256 is not the manifest's."""
    for name, digest in manifest_of(files)["sha256"].items():
        expected = manifest["sha256"][name]
        if digest != expected:
            raise ContractViolation(
                f"{folder}/{name} has SHA-256 {digest}, its manifest says {expected}: the model was changed after it "
                "was registered and is not loaded. Delete that version and run train_eta again"
            )


def _refuse_other_content(model: EtaModel, version: str) -> None:
    if model.version != version:
        raise ContractViolation(
            f"Model {version} holds the content of {model.version}: it was changed after it was registered and is not "
            "used. Delete that version and run train_eta again"
        )


def _put_once(key: str, data: bytes) -> bytes:
    """Write unless there; the bytes that are stored now."""
    try:
        object_store.put_bytes(key, data, if_absent=True)
    except FileExistsError:
        return object_store.get_bytes(key)
    return data


def _checked_name(what: str, name: str) -> str:
    """A part of a key; it may not climb out of its folder."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{what} {name!r} may hold letters, digits, '_', '.' and '-' only and not begin with '.' or '-'"
        )
    return name
