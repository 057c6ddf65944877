"""The headers that keep readers safe, said once for every response.

A handler that sets one of them itself keeps its own (files of works come with a stricter policy).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from headwaters.config import Config

SERVER = "Headwaters"  # and not which versions it is made of
TILL_PAGES = "https://checkout.stripe.com"  # where a payment's form may lead: browsers check redirects, too


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _ways(config: Config) -> tuple[str, ...]:
    """Where forms may lead besides to the site that is looked at, which may be the shop by another name."""
    ways = (config.url, TILL_PAGES)
    # another Stripe (a test's, a gateway's) has its pages on its own host
    return (*ways, _origin(config.stripe_api)) if config.stripe_api else ways


def may_lead_to(config: Config, url: str) -> bool:
    """Whether a form may end there: browsers hold the pages that they have to what those said when they were loaded, so
    that a till's page elsewhere (a domain of one's own at Stripe) is reached by a link, to which none of it applies."""
    return url.startswith("/") or _origin(url) in _ways(config)


def content_policy(config: Config) -> str:
    """What a page may load and where its forms may lead: nothing foreign, nothing inline."""
    forms = ["'self'", *_ways(config)]
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "img-src 'self' data:",
            "media-src 'self'",
            "font-src 'none'",
            "connect-src 'self'",
            "form-action " + " ".join(forms),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def policy_without_forms(config: Config) -> str:
    """The same for a page whose forms lead nowhere: a preview."""
    parts = content_policy(config).split("; ")
    return "; ".join("form-action 'none'" if part.startswith("form-action ") else part for part in parts)


def safe_headers(config: Config) -> tuple[tuple[str, str], ...]:
    """What every response carries."""
    headers = [
        ("Content-Security-Policy", content_policy(config)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]
    if config.secure:
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return tuple(headers)


def secure(app: web.Application, config: Config) -> None:
    """Put `safe_headers` on every response of `app` that does not say otherwise."""
    headers = safe_headers(config)

    async def add(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = SERVER
        for name, value in headers:
            response.headers.setdefault(name, value)

    app.on_response_prepare.append(add)
