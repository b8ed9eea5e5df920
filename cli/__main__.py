"""The `joinedup` command."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import click

from cli import lazy

COMMANDS = {
    "stack": ("cli.stack:stack", "Start, watch and stop the local stack."),
    "refer": ("cli.refer:refer", "Send a BaRS referral message (XML or JSON) to the gateway."),
    "encounter": ("cli.encounter:encounter", "Record a contact with a service, such as an A&E attendance."),
    "worklist": ("cli.worklist:worklist", "What waits for a team."),
    "identity": ("cli.identity.group:identity", "Ask who somebody is; link and tidy files of people."),
    "disclosures": ("cli.disclosures:disclosures", "Who looked at a person's record, and by what right."),
    "messages": ("cli.messages:messages", "Secure messages and what became of them."),
    "resend": ("cli.messages:resend", "Send a parked message again."),
    "events": ("cli.events:events", "Look at the log; list and send back dead letters."),
}
EXITS = """\b
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 something needed does not run, 4 refused as invalid, 5 not found,
6 not allowed, 7 conflict."""


@click.group(cls=lazy.LazyGroup, lazy=COMMANDS, epilog=EXITS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--stack",
    "root",
    type=click.Path(path_type=Path),
    envvar="JOINEDUP_STACK",
    help="Folder of the local stack to speak to.  [default: .local/stack]",
)
@click.pass_context
def command(context: click.Context, root: Path | None) -> None:
    """Joinedup for operators, integrators and the demo.

    Speaks to the local stack, or to the Joinedup that JOINEDUP_* settings name (docs/reference/settings.md);
    JOINEDUP_KEYS is then the folder with the private keys.
    """
    context.obj = root


def main() -> None:
    """The command line, with failures told in a line and an exit code instead of a traceback."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # Clients log what they also raise; only what is raised is for the screen.
    logging.disable(logging.ERROR)
    try:
        command.main(prog_name="joinedup", standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:  # noqa: BLE001 - the outermost edge: everything becomes a line and a code
        _tell(failure)


def _tell(failure: Exception) -> None:
    from cli import exits

    if os.environ.get("JOINEDUP_TRACEBACK"):
        raise failure
    code, text, advice = exits.of(failure)
    click.echo(f"{click.style('✗', fg='red')} {text or type(failure).__name__}", err=True)
    if advice:
        click.echo(f"  {advice}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
