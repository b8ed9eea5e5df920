"""The provider's endpoints: discovery, keys, sign-in page, token, userinfo and end of session."""

import base64
import hmac
import time
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from devstack.signin import grants, requests, tokens, users

HERE = Path(__file__).parent
SHOWN = 25  # users on the page before one has to search
NO_STORE = {"Cache-Control": "no-store"}

templates = Jinja2Templates(directory=HERE / "templates")


class Provider:
    """One issuer, one client, one list of users."""

    def __init__(
        self,
        *,
        issuer: str,
        client: requests.Client,
        directory: users.Directory,
        held: grants.Grants,
        signer: tokens.TokenSigner,
        token_seconds: int,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._directory = directory
        self._grants = held
        self._signer = signer
        self._token_seconds = token_seconds

    async def discovery(self, request: Request) -> Response:
        """OpenID Connect Discovery 1.0, section 3."""
        return JSONResponse(
            {
                "issuer": self._issuer,
                "authorization_endpoint": f"{self._issuer}/authorize",
                "token_endpoint": f"{self._issuer}/token",
                "userinfo_endpoint": f"{self._issuer}/userinfo",
                "jwks_uri": f"{self._issuer}/jwks",
                "end_session_endpoint": f"{self._issuer}/end-session",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "scopes_supported": list(requests.SCOPES),
                "claims_supported": ["sub", "name", "email"],
                "id_token_signing_alg_values_supported": [tokens.ALGORITHM],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def keys(self, request: Request) -> Response:
        """The public keys."""
        return JSONResponse(self._signer.key_set())

    async def authorize(self, request: Request) -> Response:
        """GET shows the list of people; POST is somebody's choice."""
        sent = await request.form() if request.method == "POST" else request.query_params
        parameters = {name: value for name, value in sent.items() if isinstance(value, str)}
        try:
            asked = requests.read(parameters, self._client)
        except requests.RefusedError as refused:
            return _page(request, "message.html", 400, title="You cannot sign in from there", text=str(refused))
        if asked.error:
            to = asked.answer(self._issuer, error=asked.error, error_description=asked.error_description)
            return RedirectResponse(to, status_code=303, headers=NO_STORE)
        user = self._directory.find(parameters.get("sub", "")) if request.method == "POST" else None
        if user is None:
            return self._people(request, parameters, asked)
        grant = grants.Grant(
            user_id=user.id,
            redirect_uri=asked.redirect_uri,
            scope=asked.scope,
            nonce=asked.nonce,
            challenge=asked.challenge,
            signed_in_at=int(time.time()),
        )
        to = asked.answer(self._issuer, code=self._grants.code(grant))
        return RedirectResponse(to, status_code=303, headers=NO_STORE)

    def _people(self, request: Request, parameters: Mapping[str, str], asked: requests.Authorisation) -> Response:
        query = parameters.get("q", "").strip()
        found = self._directory.search(query)
        return _page(
            request,
            "people.html",
            200,
            origin=_origin(asked.redirect_uri),
            kept={name: parameters[name] for name in requests.KEPT if name in parameters},
            query=query,
            people=found[:SHOWN],
            total=len(found),
        )

    async def token(self, request: Request) -> Response:
        """Exchange of a code (RFC 6749, 4.1.3), by the authenticated client only."""
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        if not self._is_client(request.headers.get("authorization", ""), form):
            return _oauth_error("invalid_client", "client authentication failed", 401)
        if form.get("grant_type") != "authorization_code":
            return _oauth_error("unsupported_grant_type", "only authorization_code is offered")
        try:
            grant, access_token = self._grants.redeem(
                form.get("code", ""),
                redirect_uri=form.get("redirect_uri", ""),
                verifier=form.get("code_verifier", ""),
            )
        except grants.GrantError as error:
            return _oauth_error("invalid_grant", str(error))
        user = self._directory.find(grant.user_id)
        if user is None:
            return _oauth_error("invalid_grant", "the person is no longer listed")
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": self._token_seconds,
                "scope": grant.scope,
                "id_token": self._signer.id_token(user, grant),
            },
            headers=NO_STORE,
        )

    async def userinfo(self, request: Request) -> Response:
        """The claims of whoever the bearer token stands for."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._grants.of_token(token) if scheme.lower() == "bearer" else None
        user = self._directory.find(grant.user_id) if grant else None
        if grant is None or user is None:
            return PlainTextResponse(
                "invalid token", status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
            )
        return JSONResponse(tokens.claims(user, grant.scope), headers=NO_STORE)

    async def end_session(self, request: Request) -> Response:
        """RP-initiated logout: nothing is kept here, so it only leads back to a registered address."""
        sent = await request.form() if request.method == "POST" else request.query_params
        to, state = sent.get("post_logout_redirect_uri"), sent.get("state")
        if isinstance(to, str) and to in self._client.post_logout_redirect_uris:
            if isinstance(state, str) and state:
                to += ("&" if "?" in to else "?") + urllib.parse.urlencode({"state": state})
            return RedirectResponse(to, status_code=303, headers=NO_STORE)
        return _page(request, "message.html", 200, title="You are signed out", text="You can close this page.")

    def _is_client(self, authorization: str, form: Mapping[str, str]) -> bool:
        """client_secret_basic or client_secret_post (RFC 6749, 2.3.1).

        The RFC has Basic credentials form-encoded first, most client libraries leave that out: both are understood.
        """
        pairs = {(form.get("client_id", ""), form.get("client_secret", ""))}
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except ValueError:
                return False
            pairs = {(client_id, secret), (urllib.parse.unquote_plus(client_id), urllib.parse.unquote_plus(secret))}
        return any(
            client_id == self._client.id and hmac.compare_digest(secret.encode(), self._client.secret.encode())
            for client_id, secret in pairs
        )


def application(provider: Provider) -> Starlette:
    """The provider as an ASGI application."""
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", provider.discovery),
            Route("/jwks", provider.keys),
            Route("/authorize", provider.authorize, methods=["GET", "POST"]),
            Route("/token", provider.token, methods=["POST"]),
            Route("/userinfo", provider.userinfo, methods=["GET", "POST"]),
            Route("/end-session", provider.end_session, methods=["GET", "POST"]),
            Route("/sign-in.css", lambda request: FileResponse(HERE / "templates" / "sign-in.css")),
            Route("/livez", lambda request: PlainTextResponse("ok")),
        ]
    )


def _page(request: Request, template: str, status: int, *, origin: str = "", **context: object) -> Response:
    # Chromium applies form-action to the redirect that follows a form, so the client's origin must be allowed too.
    policy = f"default-src 'none'; style-src 'self'; form-action 'self' {origin}".strip()
    headers = NO_STORE | {
        "Content-Security-Policy": f"{policy}; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return templates.TemplateResponse(request, template, dict(context), status_code=status, headers=headers)


def _oauth_error(error: str, description: str, status: int = 400) -> Response:
    headers = NO_STORE | ({"WWW-Authenticate": 'Basic realm="token"'} if status == 401 else {})
    return JSONResponse({"error": error, "error_description": description}, status_code=status, headers=headers)


def _origin(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
