"""Valid settings for every kind. A kind that is missing here fails test_contract.py."""

from __future__ import annotations

from typing import Any

SECRETS = {
    "TEST_APP_SECRET": "app-secret-9f2c&x",
    "TEST_TOKEN": "pushtoken2026",
    "TEST_AES_KEY": "Kx9mQ2vT7bN4pL8wZ3cF6hJ1rS5dG0yUaEiOqWtMnBo",
}
ACCESS_TOKEN = "access-token-1"

TWILIO: dict[str, Any] = {
    "account_sid": "AC0123456789abcdef0123456789abcdef",
    "auth_token": "env:TEST_TOKEN",
    "api_key": "SK0123456789abcdef0123456789abcdef",
    "api_secret": "env:TEST_APP_SECRET",
    "from": "+85230001000",
}
ACCOUNTS: dict[str, dict[str, Any]] = {
    "aliyun_sms": {
        "access_key_id": "LTAI5tTest",
        "access_key_secret": "env:TEST_APP_SECRET",
        "sign_name": "驿站",
        "hook_secret": "env:TEST_AES_KEY",
        "templates": {
            "shipped": {"code": "SMS_1001", "text": "订单${order}已发出，${day}送达。"},
            "hello": {"code": "SMS_1002", "text": "您的问题有新回复，请打开小程序查看。"},
        },
    },
    "email": {
        "address": "support@example.test",
        "password": "env:TEST_APP_SECRET",
        "hook_secret": "env:TEST_TOKEN",
        "imap_host": "127.0.0.1",
        "imap_port": 1,
        "imap_security": "plain",
        "smtp_host": "127.0.0.1",
        "smtp_port": 1,
        "smtp_security": "plain",
    },
    "twilio_phone": {**TWILIO, "greeting": "您好"},
    "twilio_sms": TWILIO,
    "wechat_miniprogram": {
        "app_id": "wxfedcba0987654321",
        "app_secret": "env:TEST_APP_SECRET",
        "token": "env:TEST_TOKEN",
        "aes_key": "env:TEST_AES_KEY",
        "original_id": "gh_0a1b2c3d4e5f",
    },
    "wechat_official": {
        "app_id": "wx0123456789abcdef",
        "app_secret": "env:TEST_APP_SECRET",
        "token": "env:TEST_TOKEN",
        "aes_key": "env:TEST_AES_KEY",
        "original_id": "gh_0f1e2d3c4b5a",
    },
}
