"""A folder of ops, as small as one can be."""

from __future__ import annotations

from pathlib import Path

import pytest

FILES = {
    "hub.toml": 'public_url = "https://hub.test"\n',
    "channels/shop.toml": """kind = "wechat_miniprogram"
label = "Shop"
bot = "desk"
[settings]
app_id = "wx0000000000000001"
app_secret = "env:TEST_APP_SECRET"
token = "env:TEST_TOKEN"
aes_key = "env:TEST_AES_KEY"
original_id = "gh_000000000001"
""",
    "bots/desk.toml": 'greeting = "欢迎"\n[[engines]]\nengine = "knowledge"\n',
    "faq/shop.toml": """# kept

[[entry]]
id = "refund"   # as it is
questions = ["怎么退款"]
answer.zh = "七天内"
""",
}
SECRETS = {"TEST_APP_SECRET": "app-secret-of-a-test", "TEST_TOKEN": "testtoken", "TEST_AES_KEY": "a" * 43}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With one bot and one entry, in its own environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("YIZHAN_DATA", str(tmp_path / "data"))
    folder = tmp_path / "config"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
