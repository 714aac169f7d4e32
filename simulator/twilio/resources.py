"""Messages, files and numbers as the REST API answers them."""

from __future__ import annotations

from typing import Any

from simulator.twilio.rest import ROOT, VERSION, date_of
from simulator.twilio.world import Account, Media, Message, Number


def message_resource(message: Message) -> dict[str, Any]:
    uri = f"{ROOT}/{message.account.sid}/Messages/{message.sid}"
    undecided = message.service and message.status in ("accepted", "scheduled")
    return {
        "sid": message.sid,
        "account_sid": message.account.sid,
        "messaging_service_sid": message.service.sid if message.service else None,
        "from": None if undecided else message.from_,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "num_segments": "0" if undecided else str(message.segments),
        "num_media": str(len(message.media) or len(message.media_urls)),
        "price": message.price,
        "price_unit": "USD",
        "error_code": message.error_code,
        "error_message": None,
        "api_version": VERSION,
        "date_created": date_of(message.created_at),
        "date_sent": date_of(message.sent_at) if message.sent_at else None,
        "date_updated": date_of(message.updated_at or message.created_at),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def media_resource(message: Message, media: Media) -> dict[str, Any]:
    path = f"{ROOT}/{message.account.sid}/Messages/{message.sid}/Media/{media.sid}"
    return {
        "sid": media.sid,
        "account_sid": message.account.sid,
        "parent_sid": message.sid,
        "content_type": media.mime,
        "date_created": date_of(media.created_at),
        "date_updated": date_of(media.created_at),
        "uri": f"{path}.json",
    }


def number_resource(number: Number) -> dict[str, Any]:
    return {
        "sid": number.sid,
        "account_sid": number.account.sid,
        "phone_number": number.number,
        "friendly_name": number.name or number.number,
        "capabilities": {"voice": True, "sms": True, "mms": number.mms, "fax": False},
        "sms_url": number.sms_url,
        "sms_method": number.sms_method,
        "sms_fallback_url": number.sms_fallback_url,
        "sms_fallback_method": "POST",
        "voice_url": number.voice_url,
        "voice_method": number.voice_method,
        "voice_fallback_url": number.voice_fallback_url,
        "voice_fallback_method": "POST",
        "status_callback": number.status_callback,
        "status_callback_method": "POST",
        "status": "in-use",
        "origin": "twilio",
        "beta": False,
        "api_version": VERSION,
        "uri": f"{ROOT}/{number.account.sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


def account_resource(account: Account) -> dict[str, Any]:
    return {
        "sid": account.sid,
        "friendly_name": account.name,
        "status": "active",
        "type": "Full",
        "uri": f"{ROOT}/{account.sid}.json",
    }
