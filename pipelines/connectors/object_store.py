"""S3: objects by key in the lake's bucket, and the options Delta needs to reach it. Knows nothing of the domain."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipelines.errors import ServiceError
from pipelines.settings import settings


def delta_options() -> dict[str, str]:
    """Storage options for deltalake; conditional puts make concurrent commits safe without a lock table."""
    s = settings()
    options = {"AWS_REGION": s.s3_region, "aws_conditional_put": "etag"}
    if s.s3_url:
        options |= {"AWS_ENDPOINT_URL": s.s3_url, "AWS_ALLOW_HTTP": str(s.s3_url.startswith("http://")).lower()}
    keys = s.s3_keys()
    if keys:
        options |= {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]}
    return options


@cache
def _client() -> Any:
    s = settings()
    keys = s.s3_keys()
    return boto3.client(
        "s3",
        endpoint_url=s.s3_url,
        region_name=s.s3_region,
        aws_access_key_id=keys[0] if keys else None,
        aws_secret_access_key=keys[1] if keys else None,
        config=Config(retries={"max_attempts": 3}, connect_timeout=3, read_timeout=30),
    )


def _failed(what: str, error: Exception) -> ServiceError:
    return ServiceError(f"S3 at {settings().s3_url or 'AWS'}: {what}: {error}; see 'dishpatch status'")


def put_bytes(key: str, data: bytes, *, if_absent: bool = False) -> None:
    """Write an object; with `if_absent`, FileExistsError where one of that key is there already."""
    condition = {"IfNoneMatch": "*"} if if_absent else {}
    try:
        _client().put_object(Bucket=settings().s3_bucket, Key=key, Body=data, **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            raise FileExistsError(key) from error
        raise _failed(f"cannot write {key}", error) from error
    except BotoCoreError as error:
        raise _failed(f"cannot write {key}", error) from error


def get_bytes(key: str) -> bytes:
    """Content of an object; KeyError where there is none."""
    try:
        return bytes(_client().get_object(Bucket=settings().s3_bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise KeyError(key) from error
        raise _failed(f"cannot read {key}", error) from error
    except BotoCoreError as error:
        raise _failed(f"cannot read {key}", error) from error


def list_keys(prefix: str) -> list[str]:
    """Keys that begin with `prefix`, sorted."""
    try:
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=settings().s3_bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", ()))
    except (ClientError, BotoCoreError) as error:
        raise _failed(f"cannot list {prefix}", error) from error
