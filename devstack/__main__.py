"""The local stack from the command line: `python -m devstack setup|browser|up|down|status|logs|clean`."""

import json
import logging
import sys
from pathlib import Path

import click
import rich.console
import rich.table

from devstack import java, kafka, kafka_jars, paths, postgres, setup, stack, state

console = rich.console.Console(stderr=True)
root = click.option("--root", type=click.Path(path_type=Path), default=paths.STACK, help="Folder of the stack.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(help=__doc__)
def main() -> None:
    """Commands below."""


@main.command("setup")
def run_setup() -> None:
    """Install Kafka into the checkout and prepare its quick start."""
    with console.status("Kafka") as shown:
        setup.kafka(shown.update)
    console.print(f"[green]✓[/] Apache Kafka {kafka_jars.version()} on Java {java.find().version}")


@main.command()
def browser() -> None:
    """Install Chromium for the browser tests where that can be done; says why where it cannot."""
    with console.status("Chromium") as shown:
        reason = setup.browser(shown.update)
    console.print(f"[yellow]no browser tests: {reason}[/]" if reason else f"[green]✓[/] {setup.found_browser()}")


@main.command()
@root
@click.option("--only", multiple=True, help="A part to start; may be given more than once. Default: all.")
@click.option("--any-ports", is_flag=True, help="Take free ports instead of the documented ones.")
@click.option("--tls", is_flag=True, help="Services speak mutual TLS to each other.")
@as_json
def up(root: Path, only: tuple[str, ...], any_ports: bool, tls: bool, as_json: bool) -> None:
    """Start the stack and return when it is ready."""
    with console.status("Starting") as shown:
        ready = stack.up(
            root, only=only, any_ports=any_ports, tls=tls, progress=lambda told: shown.update(pending(told))
        )
    if as_json:
        click.echo(json.dumps(ready.as_dict(), indent=1))
    else:
        show(ready)


@main.command()
@root
def down(root: Path) -> None:
    """Stop the stack; nothing of it runs afterwards, and its data stay."""
    with console.status("Stopping"):
        was_up = stack.down(root)
    console.print("stopped" if was_up else "nothing was running")


@main.command()
@root
@as_json
def status(root: Path, as_json: bool) -> None:
    """What runs, where, and with how much memory. Exit code 3 when the stack is not ready."""
    told = stack.status(root)
    if as_json:
        click.echo(json.dumps(told, indent=1))
    else:
        rows = rich.table.Table("part", "phase", "pid", "MB", "restarts", "ports", title=f"stack: {told['phase']}")
        for name, part in told["parts"].items():
            listening = " ".join(str(port) for port in part["ports"].values())
            process = (str(part["pid"] or ""), str(part["resident_mb"] or ""), str(part["restarts"] or ""))
            rows.add_row(name, part["phase"], *process, listening)
        rich.console.Console().print(rows)
    sys.exit(0 if told["phase"] == "ready" else 3)


@main.command()
@root
@click.argument("name")
@click.option("--lines", default=50, show_default=True)
@click.option("--follow", is_flag=True)
def logs(root: Path, name: str, lines: int, follow: bool) -> None:
    """The end of a part's log."""
    for line in stack.logs(name, root, lines=lines, follow=follow):
        click.echo(line)


@main.command()
@root
def clean(root: Path) -> None:
    """Stop the stack and delete its data."""
    stack.down(root)
    stack.forget(root)
    postgres.forget_binaries()


def pending(told: state.State) -> str:
    """What is still awaited, in a line."""
    waiting = [name for name, part in told.parts.items() if part.phase not in ("ready", "done")]
    return f"Starting: {', '.join(waiting)}" if waiting else "Ready"


def show(ready: state.State) -> None:
    """The doors of a stack that is up."""
    console.print(f"[green]✓[/] ready in {ready.seconds:.1f} s")
    for door, address in ready.addresses.items():
        console.print(f"  {door:<10} {address}")


def run() -> None:
    """The command line, with failures told in a line instead of a traceback."""
    # While a broker starts, clients complain of what is no trouble; what is raises.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        main()
    except (stack.StackError, kafka_jars.JarsError, java.NoJavaError, kafka.KafkaError) as failure:
        console.print(f"[red]✗[/] {failure}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    run()
