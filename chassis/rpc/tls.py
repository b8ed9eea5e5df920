"""Mutual TLS between services: both sides show a certificate of the same authority, read anew when it is replaced."""

from __future__ import annotations

from pathlib import Path

import grpc

from chassis.settings import ServiceSettings


def server_credentials(config: ServiceSettings) -> grpc.ServerCredentials:
    """Credentials that demand a client certificate; OSError when a file cannot be read."""
    return grpc.dynamic_ssl_server_credentials(
        _configuration(config), lambda: _configuration(config), require_client_authentication=True
    )


def channel_credentials(config: ServiceSettings) -> grpc.ChannelCredentials:
    """Credentials that show this service's certificate and accept peers of the same authority."""
    certificate, key, authority = _files(config)
    return grpc.ssl_channel_credentials(authority, key, certificate)


def _configuration(config: ServiceSettings) -> grpc.ServerCertificateConfiguration:
    certificate, key, authority = _files(config)
    return grpc.ssl_server_certificate_configuration([(key, certificate)], authority)


def _files(config: ServiceSettings) -> tuple[bytes, bytes, bytes]:
    return (
        Path(config.tls_certificate).read_bytes(),
        Path(config.tls_key).read_bytes(),
        Path(config.tls_ca).read_bytes(),
    )
