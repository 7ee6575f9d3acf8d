"""The registry on the real object store, in a bucket of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pandas as pd
import pytest

from models.eta.model import EtaModel
from models.registry import MANIFEST, EtaRegistry, check_manifest, manifest_of
from pipelines.connectors import object_store
from pipelines.errors import ContractViolation, UsageError
from pipelines.settings import Settings
from tests.services.stores import own_bucket
from tests.unit.models.synthetic import silver_orders, trained


@pytest.fixture
def registry(services: Settings, request: pytest.FixtureRequest) -> Iterator[EtaRegistry]:
    """Empty, of the city `bogota`."""
    bucket = "registry-" + request.node.name.lower().replace("_", "-").replace("[", "-").rstrip("]")[-50:]
    with own_bucket(bucket.replace(".", "-")):
        yield EtaRegistry("bogota")


def key_of(model: EtaModel, name: str) -> str:
    return f"models/eta/bogota/{model.version}/{name}"


@pytest.mark.service
def test_a_model_comes_back_as_it_was_saved(registry: EtaRegistry, model: EtaModel) -> None:
    version = registry.save(model)
    assert registry.load(version) == model
    assert registry.latest() == model
    assert registry.versions() == [version]


@pytest.mark.service
@pytest.mark.parametrize("name", ["model.txt", "model.json"])
def test_a_changed_byte_is_refused(registry: EtaRegistry, model: EtaModel, name: str) -> None:
    version = registry.save(model)
    stored = object_store.get_bytes(key_of(model, name))
    object_store.put_bytes(key_of(model, name), stored.replace(b"0.05", b"0.06", 1))
    assert object_store.get_bytes(key_of(model, name)) != stored
    with pytest.raises(ContractViolation, match=rf"{name} has SHA-256 .* its manifest says"):
        registry.load(version)


@pytest.mark.service
def test_other_content_with_a_fitting_manifest_is_refused(registry: EtaRegistry, model: EtaModel) -> None:
    version = registry.save(model)
    files = {**model.files(), "model.txt": model.text.replace("leaf_value=", "leaf_value=9", 1).encode()}
    object_store.put_bytes(key_of(model, "model.txt"), files["model.txt"])
    object_store.put_bytes(key_of(model, MANIFEST), json.dumps(manifest_of(files)).encode())
    with pytest.raises(ContractViolation, match=f"Model {version} holds the content of"):
        registry.load(version)


@pytest.mark.service
def test_a_save_killed_before_the_manifest_is_invisible_and_completed_by_the_next(
    registry: EtaRegistry, model: EtaModel
) -> None:
    object_store.put_bytes(key_of(model, "model.txt"), model.files()["model.txt"])
    assert registry.versions() == []
    with pytest.raises(UsageError, match="no complete model"):
        registry.load(model.version)
    registry.save(model)
    assert registry.load(model.version) == model


@pytest.mark.service
def test_the_same_content_from_another_table_version_is_the_same_model(registry: EtaRegistry, model: EtaModel) -> None:
    registry.save(EtaModel(model.text, model.document, {"silver/orders": 3}))
    registry.save(EtaModel(model.text, model.document, {"silver/orders": 4}))
    assert registry.versions() == [model.version]
    assert registry.load(model.version).inputs == {"silver/orders": 3}


@pytest.mark.service
def test_training_an_earlier_day_does_not_move_latest_back(
    registry: EtaRegistry, model: EtaModel, orders: pd.DataFrame
) -> None:
    earlier = trained(silver_orders(days=7))
    registry.save(model)
    registry.save(earlier)
    assert registry.versions() == [earlier.version, model.version]
    assert registry.latest() == model


@pytest.mark.service
def test_a_day_nobody_trained_for_names_the_command(registry: EtaRegistry) -> None:
    with pytest.raises(UsageError, match=r"dishpatch run --date 2026-03-09 --only train_eta"):
        registry.training(date(2026, 3, 9))
    assert registry.latest() is None


@pytest.mark.service
def test_evaluations_before_a_day_are_listed_oldest_first(registry: EtaRegistry) -> None:
    for day in ("2026-03-09", "2026-03-07", "2026-03-08"):
        registry.record_evaluation({"business_date": day})
    assert [e["business_date"] for e in registry.evaluations(date(2026, 3, 9))] == ["2026-03-07", "2026-03-08"]


@pytest.mark.parametrize("name", ["../other", "", ".hidden", "a/b", "a b"])
def test_a_name_that_leaves_its_folder_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="may hold letters"):
        EtaRegistry(name)


def test_a_file_the_manifest_does_not_fit_is_named() -> None:
    manifest = manifest_of({"model.txt": b"a"})
    check_manifest({"model.txt": b"a"}, manifest, "folder")
    with pytest.raises(ContractViolation, match=r"folder/model.txt has SHA-256"):
        check_manifest({"model.txt": b"b"}, manifest, "folder")
