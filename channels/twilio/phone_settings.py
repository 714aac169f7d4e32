"""What ops write about a phone line at Twilio."""

from __future__ import annotations

from pydantic import Field, field_validator

from channels.twilio.settings import PHONE, AccountSettings
from channels.voice import VoiceSettings


class PhoneSettings(AccountSettings, VoiceSettings):
    sender: str = Field(alias="from")
    music: str = Field("", pattern=r"^(https?://\S+)?$")  # to wait with, some 15 seconds of it; "": the hub's own

    @field_validator("sender")
    @classmethod
    def _is_number(cls, sender: str) -> str:
        if not PHONE.fullmatch(sender):
            raise ValueError('a phone line needs a number: "+85230001000"')
        return sender

    def may_ring(self, number: str) -> bool:
        """The phones that ops wrote down, wherever they are, and those of customers."""
        return number in self.agents.values() or self.may_reach(number)
