"""Stores of a test module's own on the shared services: emptied topics, a new bucket, database and keyspace."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from kafka import KafkaAdminClient

from pipelines.connectors.kafka import connection
from pipelines.contracts import topics
from pipelines.movers.topics import PROGRESS_TOPIC, dead_letter_topic, ensure_business_topics
from pipelines.settings import Settings, settings

OURS = {*topics(), *map(dead_letter_topic, topics()), PROGRESS_TOPIC}


@pytest.fixture(scope="module")
def stores(services: Settings) -> Iterator[Settings]:
    """Empty stores for the tests of one module."""
    with own_stores() as own:
        yield own


@pytest.fixture
def fresh_stores(services: Settings) -> Iterator[Settings]:
    """Empty stores for one test."""
    with own_stores() as own:
        yield own


@contextmanager
def own_stores() -> Iterator[Settings]:
    """Topics emptied, and a bucket, database and keyspace that nobody else uses; the bucket is removed at the end."""
    delete_topics()
    ensure_business_topics()
    with other_stores() as own, _other_imports_aside(own):
        yield own


@contextmanager
def other_stores() -> Iterator[Settings]:
    """A bucket, database and keyspace that nobody else uses, over the same topics."""
    name = f"t{secrets.token_hex(5)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISHPATCH_SNOWFLAKE_DATABASE", name.upper())
        patch.setenv("DISHPATCH_CASSANDRA_KEYSPACE", name)
        with own_bucket(f"lake-{name}"):
            yield settings()
    settings.cache_clear()


def delete_topics() -> None:
    """Delete every topic of the business, offsets of its readers included, and wait until they are gone."""
    admin = KafkaAdminClient(**connection())
    try:
        there = sorted(OURS & set(admin.list_topics()))
        if there:
            admin.delete_topics(there)
        deadline = time.monotonic() + 30
        while OURS & set(admin.list_topics()):
            assert time.monotonic() < deadline, "the topics were not deleted"
            time.sleep(0.05)
    finally:
        admin.close()


@contextmanager
def own_bucket(name: str) -> Iterator[str]:
    """A new bucket that the settings name until it is removed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISHPATCH_S3_BUCKET", name)
        settings.cache_clear()
        try:
            _bucket(settings()).create()
            yield name
        finally:
            _remove_bucket(settings())
    settings.cache_clear()


def _remove_bucket(own: Settings) -> None:
    """A bucket holds seven of the store's volumes until it is deleted."""
    made = _bucket(own)
    made.objects.all().delete()
    made.delete()


def _bucket(own: Settings) -> Any:
    key, secret = own.s3_keys() or ("", "")
    return boto3.resource(
        "s3",
        endpoint_url=own.s3_url,
        region_name=own.s3_region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    ).Bucket(own.s3_bucket)


@contextmanager
def _other_imports_aside(own: Settings) -> Iterator[None]:
    """Imports that other tests recorded speak of topics that are gone."""
    recorded, aside = own.data_dir / "imports", own.data_dir / "imports_aside"
    if recorded.exists():
        recorded.rename(aside)
    try:
        yield
    finally:
        if aside.exists():
            aside.rename(recorded)
