"""One local stack on paper: its folder, its ports, and the environment that each of its parts is given."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack import kafka, keys, paths, ports, postgres
from devstack.ports import HOST
from devstack.program import inherited

SERVICES = ("identity", "referrals", "caseworker", "notify", "governance", "insight", "gateway", "portal")
RPC_PORTS = {name: 7101 + position for position, name in enumerate(SERVICES[:-1])}
DEFAULT_PORTS: Mapping[str, int] = {
    "kafka": 7192,
    "kafka-controller": 7193,
    "postgres": 7132,
    "smtp": 7125,
    "mailbox": 7126,
    "sign-in": 7188,
    **RPC_PORTS,
    **{f"{name}-probe": port + 100 for name, port in RPC_PORTS.items()},
    "gateway-http": 7180,
    "portal-http": 7190,
    "portal-probe": 7290,
}
MAIL_ACCOUNT = "joinedup"


@dataclass(frozen=True)
class Layout:
    """Where a stack lies and on which ports. `tls`: services speak mutual TLS to each other."""

    root: Path
    ports: Mapping[str, int]
    tls: bool = False

    def kafka_node(self) -> kafka.Node:
        """The stack's own Kafka, which is not started where KAFKA_BOOTSTRAP_SERVERS names another."""
        return kafka.Node(self.root / "kafka", self.ports["kafka"], self.ports["kafka-controller"])

    def kafka_servers(self) -> str:
        """Bootstrap servers that the parts use."""
        return kafka.elsewhere() or self.kafka_node().bootstrap_servers

    def cluster(self) -> postgres.Cluster:
        """The stack's own PostgreSQL, which is not started where DATABASE_URL names another; it keeps the passwords."""
        return postgres.Cluster(self.root / "postgres", self.ports["postgres"])

    def admin_url(self) -> str:
        """PostgreSQL as its superuser."""
        return postgres.elsewhere() or self.cluster().admin_url

    def keys(self) -> keys.Keys:
        """Keys, certificates and secrets of this stack; `keys.ensure` makes them."""
        return keys.Keys(self.root / "keys")

    def users(self) -> Path:
        """Who may sign in, as JSON; the synthetic place writes it."""
        return self.root / "users.json"

    def settings(self) -> dict[str, str]:
        """What every service of this stack is told besides, by name: `settings.json`, as {"log_level": "debug"}."""
        file = self.root / "settings.json"
        return {name: str(value) for name, value in json.loads(file.read_text()).items()} if file.exists() else {}

    def log(self, name: str) -> Path:
        """A part's log file."""
        return self.root / "logs" / f"{name}.log"

    def http(self, port: str) -> str:
        """Address of one of the stack's HTTP ports, such as `portal-http`."""
        return f"http://{HOST}:{self.ports[port]}"

    def bind(self, port: str) -> str:
        """`host:port` of one of the stack's ports."""
        return f"{HOST}:{self.ports[port]}"


def plan(root: Path, *, any_ports: bool = False, before: Mapping[str, int] | None = None, tls: bool = False) -> Layout:
    """Choose ports: those the stack had before, else the documented ones, else free ones.

    `any_ports`: do not even try the documented ones, so that a second stack leaves them to the first.
    """
    chosen: dict[str, int] = {}
    for name, documented in DEFAULT_PORTS.items():
        wanted = (before or {}).get(name, 0 if any_ports else documented)
        taken = set(chosen.values()) | (set(DEFAULT_PORTS.values()) - {wanted})
        chosen[name] = ports.choose(wanted, taken) if wanted else ports.free(taken)
    return Layout(root=root, ports=chosen, tls=tls)


def python_environment(**own: str) -> dict[str, str]:
    """The environment of a part written in Python: its import roots, output as it comes, little memory."""
    roots = os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])
    python = {"PYTHONPATH": roots, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2", "GRPC_VERBOSITY": "ERROR"}
    return inherited(**python, VIRTUAL_ENV=sys.prefix, **own)


def service_environment(layout: Layout, name: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """The settings of a service, or of a command line that acts as issuer `name`: JOINEDUP_* variables."""
    kept = layout.keys()
    settings = {
        "service": name,
        "environment": "local",
        "instance": name,
        "kafka_bootstrap_servers": layout.kafka_servers(),
        "trusted_keys": str(kept.trusted),
        "signing_key": str(kept.signing_key(name)),
        "roles_file": str(paths.CHECKOUT / "governance" / "roles.yaml"),
        # Less than the supervisor waits before it insists.
        "drain_seconds": "10",
    }
    settings |= {f"{peer}_address": layout.bind(peer) for peer in RPC_PORTS}
    if layout.tls:
        certificate = {"certificate": kept.certificate(name), "key": kept.certificate_key(name), "ca": kept.authority}
        settings |= {f"tls_{what}": str(path) for what, path in certificate.items()}
    if name in SERVICES:
        settings["probe_bind"] = layout.bind(f"{name}-probe")
    if name in RPC_PORTS:
        settings["rpc_bind"] = layout.bind(name)
        settings |= database_settings(layout, name, passwords)
    settings |= _OWN[name](layout) if name in _OWN else {}
    settings |= layout.settings()
    return {f"JOINEDUP_{key.upper()}": value for key, value in settings.items()}


def database_settings(layout: Layout, name: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """How a service reaches its own database, as its application and as its owner."""
    from devstack import databases

    def url(role: str) -> str:
        return databases.at(layout.admin_url(), database=name, user=role, password=passwords[role])

    return {"database_url": url(f"{name}_app"), "migration_database_url": url(f"{name}_owner")}


def _notify(layout: Layout) -> dict[str, str]:
    kept = layout.keys()
    return {
        "smtp_host": HOST,
        "smtp_port": str(layout.ports["smtp"]),
        "smtp_username": MAIL_ACCOUNT,
        "smtp_password": kept.secret("mail-password"),
        "smtp_ca": str(kept.authority),
        "portal_url": layout.http("portal-http"),
        "mail_domains": str(paths.CHECKOUT / "devstack" / "place" / "mail-domains.csv"),
    }


def _portal(layout: Layout) -> dict[str, str]:
    kept = layout.keys()
    return {
        "http_bind": layout.bind("portal-http"),
        "public_url": layout.http("portal-http"),
        "oidc_issuer": layout.http("sign-in"),
        "oidc_client_id": "portal",
        "oidc_client_secret": kept.secret("oidc-client-secret"),
        "session_secret": kept.secret("session-secret"),
    }


def _gateway(layout: Layout) -> dict[str, str]:
    return {"http_bind": layout.bind("gateway-http")}


def _insight(layout: Layout) -> dict[str, str]:
    return {"stream_data": str(layout.root / "insight")}


_OWN = {"notify": _notify, "portal": _portal, "gateway": _gateway, "insight": _insight}
