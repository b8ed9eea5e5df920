"""Runs the local sign-in provider until told to stop: `python -m devstack.signin`."""

import asyncio
import logging

from starlette.applications import Starlette

from devstack import loopback
from devstack.signin import grants, provider, requests, settings, tokens, users


def build(chosen: settings.SignInSettings) -> Starlette:
    """Wire the provider from its settings."""
    issuer = chosen.issuer.rstrip("/")
    return provider.application(
        provider.Provider(
            issuer=issuer,
            client=requests.Client(
                id=chosen.client_id,
                secret=chosen.client_secret.get_secret_value(),
                redirect_uris=frozenset(chosen.redirect_uris.split()),
                post_logout_redirect_uris=frozenset(chosen.post_logout_redirect_uris.split()),
            ),
            directory=users.Directory(chosen.users),
            held=grants.Grants(code_seconds=chosen.code_seconds, token_seconds=chosen.token_seconds),
            signer=tokens.TokenSigner(
                issuer=issuer, client_id=chosen.client_id, key=chosen.signing_key, seconds=chosen.token_seconds
            ),
            token_seconds=chosen.token_seconds,
        )
    )


async def run(chosen: settings.SignInSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    await loopback.serve(build(chosen), loopback.Address.parse(chosen.bind), loopback.stop_event())


def main() -> None:
    """Read the settings and run."""
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(settings.SignInSettings.model_validate({})))


if __name__ == "__main__":
    main()
