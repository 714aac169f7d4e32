"""From the `kind` written in a config file to the class that implements it."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from channels.contract import Channel

GROUP = "yizhan.channels"
BUILT_IN = {
    "aliyun_sms": "channels.aliyun.sms:AliyunSms",
    "email": "channels.email.channel:Email",
    "twilio_phone": "channels.twilio.phone:Phone",
    "twilio_sms": "channels.twilio.sms:Sms",
    "wechat_miniprogram": "channels.wechat.miniprogram:MiniProgram",
    "wechat_official": "channels.wechat.official:OfficialAccount",
}


def channel_class(kind: str) -> type[Channel]:
    """Look among our own first, then among installed packages (entry point group `yizhan.channels`)."""
    if path := BUILT_IN.get(kind):
        return EntryPoint(kind, path, GROUP).load()  # type: ignore[no-any-return]
    plugins = entry_points(group=GROUP)
    for plugin in plugins.select(name=kind):
        return plugin.load()  # type: ignore[no-any-return]
    known = ", ".join(sorted({*BUILT_IN, *plugins.names}))
    raise LookupError(f"unknown channel kind {kind!r}; known: {known}")
