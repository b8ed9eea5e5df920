"""A local OpenID provider with a real authorisation code flow, so that sign-in is rehearsed and not pretended.

Written here on joserfc rather than taken ready-made, for reasons found by reading: `oidc-provider-mock` 0.3.4 does not
know PKCE at all (its codes carry no challenge), accepts any client and secret by default and runs in debug mode;
Authlib's server side asks a PKCE verifier only of public clients, accepts the `plain` method, and is synchronous and
untyped. What is left to write is small, and Authlib's independent client checks it in the tests.
"""
