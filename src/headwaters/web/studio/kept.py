"""A form that came too late: its session was ended elsewhere, or is another one now. Nothing that was typed is lost.

The form is handed back with what was typed, beside the fields to sign in with; behind them it waits for one more
button. It is kept in the page alone, never here. Passwords and tills' keys are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from headwaters.core.errors import N_
from headwaters.core.shop import SECRET_KEYS
from headwaters.web.contexts.studio import KeptField, KeptPage, KeptText
from headwaters.web.studio.frame import frame, show, words_of
from headwaters.web.studio.guard import Session, studio_path, surely_same_site

LARGEST = 40_000  # characters of a form that is carried along; a larger one is shown, to be copied
_NEVER = SECRET_KEYS | {"csrf", "password", "current", "credential", "kept", "next"}
# Carried along, and nothing that a person would want to read: by how the field's name ends, or by what a tick says.
_UNSEEN = ("nonce", "secret", "key", "revision", "ref", "seen", "then", "by_mail", "saved")
_TICKED = frozenset({"yes", "on", "1"})
_LABELS = {
    "body": N_("Your words"),
    "words": N_("Your words"),
    "description": N_("Description"),
    "title": N_("Title"),
    "name": N_("Name"),
    "note": N_("Note"),
    "amount": N_("Amount"),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was turned away. `path`: where it went; `page`: where it was sent from."""

    path: str
    page: str = "/studio"
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def worth(self) -> bool:
        """Whether sending it again is of any use."""
        return self.path != "/studio/signout" and sum(map(len, self.fields.values())) <= LARGEST

    def texts(self, request: web.Request) -> tuple[KeptText, ...]:
        """What a person typed."""
        said = words_of(request)
        return tuple(
            KeptText(said.gettext(_LABELS.get(name, name.replace("_", " ").capitalize())), value)
            for name, value in self.fields.items()
            if value.strip() and value not in _TICKED and not name.endswith(_UNSEEN)
        )

    def to_text(self) -> str:
        """For a hidden field; empty where it is not worth it."""
        return msgspec.json.encode([self.path, self.page, self.fields]).decode() if self.worth else ""


def read_kept(text: str) -> Kept | None:
    """Back from the hidden field; None for none, or for what is not one of ours."""
    if not text:
        return None
    try:
        path, page, fields = msgspec.json.decode(text, type=tuple[str, str, dict[str, str]])
    except (msgspec.DecodeError, UnicodeError):
        return None
    if studio_path(path) != path:
        return None
    return Kept(path, studio_path(page), _without_secrets(fields))


def _without_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in _NEVER}


def keep(request: web.Request, fields: Mapping[str, str]) -> Kept:
    """The form of this request."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    page = studio_path(came_from.path) if came_from.netloc.lower() == request.host.lower() else "/studio"
    return Kept(request.path, page, _without_secrets(fields))


async def send_again(request: web.Request, session: Session, kept: Kept, status: int = 200) -> web.Response:
    """The form once more, for this session: a button sends it. Where the browser does not say that this site sent it,
    it can only be copied: nobody else's form gets a token."""
    may_send = kept.worth and surely_same_site(request)
    context = KeptPage(
        frame=await frame(request, session, "kept"),
        name=session.row.name,
        back=status == 200,
        path=kept.path if may_send else "",
        fields=tuple(KeptField(name, value) for name, value in kept.fields.items()) if may_send else (),
        texts=kept.texts(request),
        leave=kept.page,
    )
    response = show(request, "kept", context)
    response.set_status(status)
    return response
