"""The key under which customers become tokens.

From the settings, or for the embedded services made once and kept on this machine.
"""

from __future__ import annotations

import os
import secrets

from pipelines.errors import SetupError
from pipelines.settings import settings


def token_key() -> bytes:
    """The HMAC key; the same on every call. SetupError where the lake is shared and no key is set."""
    s = settings()
    if s.token_key:
        return s.token_key.get_secret_value().encode()
    if not s.uses_embedded_s3:
        raise SetupError(
            "DISHPATCH_TOKEN_KEY is not set: with a shared lake every machine must key customers' tokens alike. "
            "Set it to one secret of at least 32 characters on each."
        )
    path = s.data_dir / "token.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"token.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(temporary, path)  # fails if another process was quicker: then its key counts
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_bytes()
