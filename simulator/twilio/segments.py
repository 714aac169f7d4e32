"""How many messages of the telephone network a text takes (3GPP TS 23.038)."""

from __future__ import annotations

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = "\f^{}\\[~]|€"
GSM = dict.fromkeys(BASIC, 1) | dict.fromkeys(ESCAPED, 2)  # septets
SEPTETS, UNITS = (160, 153), (70, 67)  # alone, and in each of several parts


def segments(text: str) -> int:
    """No character is cut in two; one outside of GSM's alphabet makes all of them 16 bits wide."""
    if all(character in GSM for character in text):
        sizes, (alone, in_parts) = [GSM[character] for character in text], SEPTETS
    else:
        sizes, (alone, in_parts) = [len(character.encode("utf-16-le")) // 2 for character in text], UNITS
    if sum(sizes) <= alone:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > in_parts:
            count, used = count + 1, 0
        used += size
    return count
