"""The client of the PDS as the settings describe it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from services.identity.pds import asking, bodies, client, pace, tokens
from services.identity.settings import Settings

_LEAST_KEY_BITS = 2048


def compose(config: Settings, closing: AsyncExitStack) -> client.Client:
    """A client that asks as this application. Raises ValueError for a key file that is of no use."""
    key = read_key(Path(config.pds_key_file))
    web = bodies.web(config.pds_seconds)
    closing.push_async_callback(web.aclose)
    registered = tokens.Client(config.pds_token_url, config.pds_client_id, config.pds_kid, key)
    application = tokens.Application(registered, web, config.pds_seconds)
    return client.Client(asked(config, web), application)


def asked(config: Settings, web: httpx.AsyncClient) -> asking.Asking:
    """The PDS of the settings, whoever asks it."""
    return asking.Asking(
        base_url=config.pds_base_url.rstrip("/"),
        web=web,
        seconds=config.pds_seconds,
        patience=pace.Patience(config.pds_attempts, config.pds_total_seconds),
        rate=pace.Pace(config.pds_per_second),
        circuit=pace.Circuit(config.pds_open_after, config.pds_rest_seconds),
        organisation=config.pds_organisation,
    )


def read_key(path: Path) -> RSAKey:
    """The application's private key, PEM or JWK. Raises ValueError, without a word of what the file holds."""
    try:
        text = path.read_text(encoding="utf-8")
        key = RSAKey.import_key(json.loads(text) if text.lstrip().startswith("{") else text)
        found = key.is_private and key.get_op_key("sign").key_size >= _LEAST_KEY_BITS
    except OSError as fault:
        raise ValueError(f"pds_key_file {path} cannot be read: {fault.strerror}") from None
    except (ValueError, TypeError, KeyError, JoseError):
        found = False
    if not found:
        raise ValueError(f"pds_key_file {path} holds no private RSA key of at least {_LEAST_KEY_BITS} bits")
    return key
