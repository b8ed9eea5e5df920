"""The table of parts: what the local stack consists of, what each part needs first, and how one sees that it works."""

import importlib.util
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from devstack import databases, kafka, layout, postgres, ready, topics
from devstack.layout import MAIL_ACCOUNT, RPC_PORTS, SERVICES, Layout
from devstack.ports import HOST
from devstack.program import Program


async def _true(_: Layout) -> bool:
    return True


def _nothing(_: Layout) -> None:
    pass


@dataclass(frozen=True)
class Part:
    """One part. With a `program` it is a process: a server, or a task when it `ends`; without, it is `work` alone.

    `prepare` runs in a thread before the process starts; `work` runs once it answers.
    """

    name: str
    program: Callable[[Layout], Program] | None = None
    needs: tuple[str, ...] = ()
    prepare: Callable[[Layout], object] = _nothing
    ready: Callable[[Layout], Awaitable[bool]] = _true
    work: Callable[[Layout], Awaitable[object]] = _true
    ends: bool = False
    ports: tuple[str, ...] = field(default=())


class UnknownPartError(ValueError):
    """There is no part of this name."""


def table() -> dict[str, Part]:
    """Every part by name, in the order in which they are told of. Kafka and PostgreSQL named elsewhere are left out."""
    parts = [*_servers(), _databases(), _topics(), _migrate(), *(_service(name) for name in SERVICES)]
    return {part.name: part for part in parts}


def chosen(only: Collection[str] | None) -> dict[str, Part]:
    """The parts named, or all; a need that was not named is taken as met. Raises UnknownPartError."""
    known = table()
    if not only:
        return known
    if unknown := set(only) - set(known):
        raise UnknownPartError(f"no part {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return {name: part for name, part in known.items() if name in only}


def _servers() -> list[Part]:
    async def kafka_answers(plan: Layout) -> bool:
        return await topics.answers(plan.kafka_servers())

    async def postgres_answers(plan: Layout) -> bool:
        return await databases.answers(plan.admin_url())

    async def mail_answers(plan: Layout) -> bool:
        return await ready.listens(HOST, plan.ports["smtp"]) and await ready.listens(HOST, plan.ports["mailbox"])

    async def sign_in_answers(plan: Layout) -> bool:
        return await ready.http_ok(HOST, plan.ports["sign-in"], "/.well-known/openid-configuration")

    kafka_part = Part("kafka", ready=kafka_answers)
    if not kafka.elsewhere():
        kafka_part = Part(
            "kafka",
            program=lambda plan: plan.kafka_node().program(log=plan.log("kafka")),
            prepare=lambda plan: plan.kafka_node().prepare(),
            ready=kafka_answers,
            ports=("kafka",),
        )
    postgres_part = Part("postgres", ready=postgres_answers)
    if not postgres.elsewhere():
        postgres_part = Part(
            "postgres",
            program=lambda plan: plan.cluster().program(log=plan.log("postgres")),
            prepare=lambda plan: plan.cluster().prepare(),
            ready=postgres_answers,
            ports=("postgres",),
        )
    mail = Part("mail", program=_mail, ready=mail_answers, ports=("smtp", "mailbox"))
    sign_in = Part("sign-in", program=_sign_in, prepare=_ensure_users, ready=sign_in_answers, ports=("sign-in",))
    return [kafka_part, postgres_part, mail, sign_in]


def _mail(plan: Layout) -> Program:
    kept = plan.keys()
    settings = {
        "bind": plan.bind("smtp"),
        "http_bind": plan.bind("mailbox"),
        "directory": str(plan.root / "mail"),
        "certificate": str(kept.certificate("mail")),
        "key": str(kept.certificate_key("mail")),
        "username": MAIL_ACCOUNT,
        "password": kept.secret("mail-password"),
    }
    return _python(plan, "mail", "devstack.mail", _prefixed("JOINEDUP_MAIL_", settings))


def _sign_in(plan: Layout) -> Program:
    kept = plan.keys()
    settings = {
        "bind": plan.bind("sign-in"),
        "issuer": plan.http("sign-in"),
        "users": str(plan.users()),
        "signing_key": str(kept.signing_key("sign-in")),
        "client_secret": kept.secret("oidc-client-secret"),
        "redirect_uris": f"{plan.http('portal-http')}/signed-in",
        "post_logout_redirect_uris": f"{plan.http('portal-http')}/",
    }
    return _python(plan, "sign-in", "devstack.signin", _prefixed("JOINEDUP_SIGNIN_", settings))


def _ensure_users(plan: Layout) -> None:
    if not plan.users().exists():
        plan.users().write_text("[]\n")


def _databases() -> Part:
    async def make(plan: Layout) -> bool:
        for name in RPC_PORTS:
            passwords = plan.cluster().ensure_passwords(f"{name}_owner", f"{name}_app")
            await databases.ensure(
                plan.admin_url(),
                name,
                owner_password=passwords[f"{name}_owner"],
                app_password=passwords[f"{name}_app"],
            )
        return True

    return Part("databases", needs=("postgres",), work=make)


def _topics() -> Part:
    async def make(plan: Layout) -> bool:
        await topics.create(plan.kafka_servers(), topics.EVENT_TOPICS)
        return True

    return Part("topics", needs=("kafka",), work=make)


def _migrate() -> Part:
    def program(plan: Layout) -> Program:
        passwords = plan.cluster().passwords()
        urls = {
            f"{name.upper()}_MIGRATION_DATABASE_URL": layout.database_settings(plan, name, passwords)[
                "migration_database_url"
            ]
            for name in RPC_PORTS
        }
        return _python(plan, "migrate", "devstack.migrate", urls)

    return Part("migrate", program=program, needs=("databases",), ends=True)


def _service(name: str) -> Part:
    async def answers(plan: Layout) -> bool:
        return await ready.http_ok(HOST, plan.ports[f"{name}-probe"], "/readyz")

    def program(plan: Layout) -> Program:
        environment = layout.service_environment(plan, name, plan.cluster().passwords())
        return _python(plan, name, f"services.{name}", environment)

    http = (f"{name}-http",) if f"{name}-http" in layout.DEFAULT_PORTS else ()
    rpc = (name,) if name in RPC_PORTS else ()
    needs = ("migrate", "topics", *(("mail",) if name == "notify" else ()), *(("sign-in",) if name == "portal" else ()))
    return Part(name, program=program, needs=needs, ready=answers, ports=(*http, *rpc, f"{name}-probe"))


def exists(part: Part) -> bool:
    """Is the Python package of a service there? A checkout under construction may lack it."""
    return part.name not in SERVICES or importlib.util.find_spec(f"services.{part.name}.__main__") is not None


def _python(plan: Layout, name: str, module: str, settings: Mapping[str, str]) -> Program:
    return Program(
        name=name,
        command=(sys.executable, "-m", module),
        log=plan.log(name),
        environment=layout.python_environment(**settings),
    )


def _prefixed(prefix: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {prefix + name.upper(): value for name, value in settings.items()}
