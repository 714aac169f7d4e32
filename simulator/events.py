"""What a customer does beside writing, and what WeChat tells of its own accord: each becomes an event's push."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.accounts import User, World
from simulator.conversation import Fields, Impossible, Push, push_fields
from simulator.kinds import Action

SYSTEM = "oWeChatItself000000000000000"  # who speaks for a user who has left: the user is another field


@dataclass(frozen=True)
class Tap:
    """One type of button in an official account's menu."""

    fields: Callable[[Any], Fields]
    action: Action | None = None
    answerable: bool = False


def _scanned(asked: Any) -> Fields:
    return {"EventKey": asked.key, "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": asked.scanned}}


def _pictured(asked: Any) -> Fields:
    sums = [{"PicMd5Sum": hashlib.md5(asked.key.encode()).hexdigest()}]
    return {"EventKey": asked.key, "SendPicsInfo": {"Count": 1, "PicList": {"item": sums}}}


def _located(asked: Any) -> Fields:
    place = {"Location_X": "23.134521", "Location_Y": "113.358803", "Scale": "15", "Label": asked.scanned}
    return {"EventKey": asked.key, "SendLocationInfo": {**place, "Poiname": ""}}


def _opened(asked: Any) -> Fields:
    return {"EventKey": asked.key, "MenuId": 425617}


TAPS: Mapping[str, Tap] = {
    "CLICK": Tap(lambda asked: {"EventKey": asked.key}, "menu", answerable=True),
    "scancode_push": Tap(_scanned, "menu"),
    "scancode_waitmsg": Tap(_scanned, "menu", answerable=True),
    "VIEW": Tap(_opened),
    "view_miniprogram": Tap(_opened),
    "pic_sysphoto": Tap(_pictured),
    "pic_photo_or_album": Tap(_pictured),
    "pic_weixin": Tap(_pictured),
    "location_select": Tap(_located),
}
REVOCATIONS = {
    "revoke": "user_authorization_revoke",
    "cancellation": "user_authorization_cancellation",
    "modified": "user_info_modified",
}


def event(world: World, user: User, name: str, *, answerable: bool = False, **fields: Any) -> Push:
    return Push(user, push_fields(world, user, "event", Event=name, **fields), answerable=answerable)


def entered(world: World, user: User, session_from: str) -> Push:
    world.act(user, "enter")
    return event(world, user, "user_enter_tempsession", SessionFrom=session_from)


def followed(world: World, user: User, scene: str = "") -> Push:
    if user.follows:
        raise Impossible("the user follows the account already")
    world.follow(user, scene)
    world.act(user, "follow")
    by_code = {"EventKey": f"qrscene_{scene}", "Ticket": _ticket(scene)} if scene else {"EventKey": ""}
    return event(world, user, "subscribe", answerable=True, **by_code)


def unfollowed(world: World, user: User) -> Push:
    _must_follow(user)
    world.unfollow(user)
    return event(world, user, "unsubscribe", EventKey="")


def scanned(world: World, user: User, scene: str) -> Push:
    """A QR code of the account: who does not follow yet does so by it."""
    if not user.follows:
        return followed(world, user, scene)
    world.act(user, "scan")
    return event(world, user, "SCAN", answerable=True, EventKey=scene, Ticket=_ticket(scene))


def tapped(world: World, user: User, asked: Any) -> Push:
    _must_follow(user)
    tap = TAPS[asked.type]
    if tap.action is not None:
        world.act(user, tap.action)
    return event(world, user, asked.type, answerable=tap.answerable, **tap.fields(asked))


def located(world: World, user: User, latitude: float, longitude: float, precision: float) -> Push:
    """The phone's own report of where it is, not a message."""
    _must_follow(user)
    return event(world, user, "LOCATION", Latitude=latitude, Longitude=longitude, Precision=precision)


# -- notifications -----------------------------------------------------------------------------------------------------


def chose_notices(world: World, user: User, choices: Mapping[str, str], scene: str) -> Push:
    """What the customer tapped when asked which notifications to allow. Each yes is good for one."""
    with world.lock:
        user.grants.update(template for template, choice in choices.items() if choice == "accept")
        user.touch()
    told = [
        {"TemplateId": template, "SubscribeStatusString": choice, "PopupScene": scene}
        for template, choice in choices.items()
    ]
    return _listed(world, user, "subscribe_msg_popup_event", "SubscribeMsgPopupEvent", told)


def changed_notices(world: World, user: User, choices: Mapping[str, str]) -> Push:
    """Switched in the account's settings. On is no grant."""
    with world.lock:
        for template, choice in choices.items():
            if choice == "reject":
                del user.grants[template]
        user.touch()
    told = [{"TemplateId": template, "SubscribeStatusString": choice} for template, choice in choices.items()]
    return _listed(world, user, "subscribe_msg_change_event", "SubscribeMsgChangeEvent", told)


def notice_sent(world: World, user: User, template: str, message_id: int, failed: bool) -> Push:
    status = {"ErrorCode": "1", "ErrorStatus": "failed"} if failed else {"ErrorCode": "0", "ErrorStatus": "success"}
    told = [{"TemplateId": template, "MsgID": str(message_id), **status}]
    return _listed(world, user, "subscribe_msg_sent_event", "SubscribeMsgSentEvent", told)


def template_sent(world: World, user: User, message_id: int, status: str) -> Push:
    return event(world, user, "TEMPLATESENDJOBFINISH", MsgID=message_id, Status=status)


def _listed(world: World, user: User, name: str, wrapper: str, told: list[dict[str, str]]) -> Push:
    """XML wraps the list; JSON does not, and writes a list of one as the one."""
    entries: Any = told[0] if len(told) == 1 else told
    fields = {"List": entries} if user.account.format == "json" else {wrapper: {"List": entries}}
    return event(world, user, name, **fields)


# -- personal data, and WeChat's own agents ----------------------------------------------------------------------------


def revoked(world: World, user: User, what: str, codes: str) -> Push:
    known: Fields = {"OpenID": user.openid, "AppID": user.account.app_id, "RevokeInfo": codes}
    if user.account.may.official and user.unionid:
        known["UnionID"] = user.unionid
    push = event(world, user, REVOCATIONS[what], **known)
    push.fields["FromUserName"] = SYSTEM
    return push


def taken(world: World, user: User, kf_account: str) -> Push:
    world.hold(user, kf_account)
    return event(world, user, "kf_create_session", KfAccount=kf_account)


def released(world: World, user: User) -> Push:
    kf_account = world.holder(user)
    if not kf_account:
        raise Impossible("none of WeChat's own agents has the user")
    world.release(user)
    return event(world, user, "kf_close_session", KfAccount=kf_account)


def _must_follow(user: User) -> None:
    if not user.follows:
        raise Impossible("the user does not follow the account")


def _ticket(scene: str) -> str:
    return "gQ" + hashlib.sha256(scene.encode()).hexdigest()[:40]
