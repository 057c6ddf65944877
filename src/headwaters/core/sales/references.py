"""The reference of a payment: short enough for a bank transfer, plain enough to be read out.

Eight characters of an alphabet without 0/O, 1/I/L and U, behind the mark of this software: `HW-7K3M-9QXA`. Thirty-nine
bits: two in a shop may be the same one day, which the table refuses. None opens anything alone, so it need not be a
secret: whoever lost their page needs the amount and the day besides (core/sales/slips.py).
"""

from __future__ import annotations

import hashlib
import re

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE = re.compile(rf"HW-?([{_ALPHABET}]{{4}})-?([{_ALPHABET}]{{4}})")


def make_reference(random_text: str) -> str:
    """A reference out of a fresh unguessable text (130 bits): `HW-7K3M-9QXA`."""
    number = int.from_bytes(hashlib.sha256(random_text.encode()).digest(), "big")
    letters = []
    for _ in range(8):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return f"HW-{''.join(letters[:4])}-{''.join(letters[4:])}"


def is_reference(text: str) -> bool:
    """Whether `text` is a reference as `make_reference` writes it: other programs number their payments otherwise."""
    return _REFERENCE.fullmatch(text) is not None and len(text) == len("HW-7K3M-9QXA")


def read_reference(text: str) -> str:
    """The reference in what somebody typed or copied from a statement: any case, with or without hyphens, also in the
    form of `creditor_reference`. The text itself, trimmed, where there is not exactly one in it."""
    compact = re.sub(r"[\s-]", "", text.upper())
    found = {f"HW-{match[1]}-{match[2]}" for match in _REFERENCE.finditer(compact)}
    return found.pop() if len(found) == 1 else text.strip()


def creditor_reference(reference: str) -> str:
    """The ISO 11649 form (RF, two check digits by ISO 7064 MOD 97-10): `RF37HW7K3M9QXA`.

    Banks check it when it is typed into the reference field of a SEPA transfer.
    """
    compact = reference.replace("-", "")
    number = "".join(str(int(character, 36)) for character in compact + "RF00")
    return f"RF{98 - int(number) % 97:02d}{compact}"
