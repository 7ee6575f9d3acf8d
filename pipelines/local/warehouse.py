"""fakesnow: Snowflake's HTTP interface over DuckDB, on loopback."""

from __future__ import annotations

import sys

from pipelines.local.service import LOOPBACK, Service


class Warehouse(Service):
    """Ready when it answers a query from Snowflake's own client."""

    name = "warehouse"
    title = "Warehouse (fakesnow)"
    ports = ("warehouse",)
    memory_mib = 350
    ready_seconds = 180.0

    def command(self) -> list[str]:
        return [sys.executable, "-m", "pipelines.local.warehouse_server", str(self.folder), str(self.port)]

    def probe(self) -> None:
        """A query through a new session."""
        import snowflake.connector

        connection = snowflake.connector.connect(
            user="probe",
            password="probe",  # the stand-in asks for some password and checks none
            account="fakesnow",
            host=LOOPBACK,
            port=self.port,
            protocol="http",
            login_timeout=5,
            network_timeout=5,
            session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        )
        try:
            cursor = connection.cursor()
            cursor.execute("select 1")
            if cursor.fetchone() != (1,):
                raise ConnectionError("select 1 did not give 1")
        finally:
            connection.close()
