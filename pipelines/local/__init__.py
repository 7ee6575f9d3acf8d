"""The embedded services: Kafka, Cassandra, S3 and the warehouse as processes on loopback, for one machine.

`up`, `down` and `status` are the whole interface; `require_services` is for code that is about to need them.
"""

from pipelines.local.control import down, up
from pipelines.local.status import ServiceState, require_services, status

__all__ = ["ServiceState", "down", "require_services", "status", "up"]
