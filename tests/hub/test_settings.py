"""Config that is right is read, and every mistake in it is named with its file and key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.knowledge import Answer, Entry, Knowledge
from hub.settings import (
    DEMO_ENVIRONMENT,
    BotFile,
    ChannelFile,
    ConfigError,
    DeliveryTimes,
    HubFile,
    Processes,
    load,
)

ROOT = Path(__file__).parents[2]
AES_KEY = "not-for-your-eyes-0123456789"


PLUG_IN = """
from typing import Annotated
from pydantic import AfterValidator, BaseModel
from channels.contract import Channel, ChannelSettings, DeliveryResult, Secret

class Tin(Channel):
    class Settings(ChannelSettings):
        app_id: str
        string: Secret
        length: int = 3

    def send(self, message):
        return DeliveryResult()

def short(secret):
    if len(secret.get_secret_value()) > 100:
        raise ValueError("too long: " + secret.get_secret_value())
    return secret

class Chatty(Tin):
    class Settings(Tin.Settings):
        string: Annotated[Secret, AfterValidator(short)]

class Parrot:
    class Settings(BaseModel, extra="forbid"):
        word: str = "hello"

class Headless:
    pass

class Bare:
    Settings = dict
"""
ENTRY_POINTS = """
[yizhan.channels]
tin = parrots:Tin
broken = parrots:NoSuchClass
[yizhan.bots]
parrot = parrots:Parrot
headless = parrots:Headless
bare = parrots:Bare
"""

GOOD = {
    "hub.toml": '[teams]\nsales = ["wang@shop.cn"]',
    "channels/shop.toml": """
kind = "tin"
label = "Shop"
team = "sales"
bot = "desk"
fallback = ["second"]
[settings]
app_id = "wx1"
string = "env:STRING"
""",
    "channels/second.toml": 'kind = "tin"\nlabel = "2"\n[settings]\napp_id = "wx2"\nstring = "env:STRING"',
    "bots/desk.toml": 'greeting = "您好"\n[[engines]]\nengine = "parrot"\nword = "ciao"',
    "faq/shop.toml": '[[entry]]\nid = "refund"\nquestions = ["怎么退款"]\nanswer.zh = "七天内"\nanswer.en = "7 days"',
}


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    (tmp_path / "plug").mkdir()
    (tmp_path / "plug/parrots.py").write_text(PLUG_IN)
    (tmp_path / "plug/parrots-1.0.dist-info").mkdir()
    (tmp_path / "plug/parrots-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: parrots\nVersion: 1.0")
    (tmp_path / "plug/parrots-1.0.dist-info/entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path / "plug")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRING", AES_KEY)


def write(files: dict[str, str | None]) -> Path:
    for name, text in files.items():
        path = Path("config") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_text(text)
    return Path("config")


def problems(files: dict[str, str | None], *, demo: bool = False) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(files), demo=demo)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def edited(name: str, old: str, new: str) -> dict[str, str | None]:
    assert old in GOOD[name]
    return {**GOOD, name: GOOD[name].replace(old, new)}


def test_good_config_is_read():
    settings = load(write(GOOD))

    assert settings.folder == Path("config")
    assert settings.hub == HubFile(
        public_url="http://127.0.0.1:8000",
        language="zh-CN",
        teams={"everyone": [], "sales": ["wang@shop.cn"]},
        delivery=DeliveryTimes(
            retry_after=[timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=15), timedelta(minutes=1)],
            claim_expires=timedelta(minutes=1),
        ),
        processes=Processes(web=1, worker=4),
    )
    assert list(settings.channels) == ["second", "shop"]
    shop = settings.channels["shop"]
    assert shop.file == ChannelFile(
        kind="tin",
        label="Shop",
        team="sales",
        bot="desk",
        fallback=["second"],
        settings={"app_id": "wx1", "string": "env:STRING"},
    )
    assert shop.channel.__qualname__ == "Tin"
    assert shop.settings.secrets() == [AES_KEY]
    assert settings.channels["second"].file.team == "everyone"
    desk = settings.bots["desk"]
    assert desk.file == BotFile(greeting="您好", engines=[{"engine": "parrot", "word": "ciao"}])
    [engine] = desk.engines
    assert (engine.name, engine.settings) == ("parrot", engine.engine.Settings(word="ciao"))
    assert settings.knowledge == Knowledge(
        (Entry(id="refund", questions=["怎么退款"], answer=Answer(zh="七天内", en="7 days")),)
    )


def test_an_empty_hub_file_has_all_defaults():
    settings = load(write({"hub.toml": "", "channels/second.toml": GOOD["channels/second.toml"]}))
    assert settings.hub == HubFile()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0s", timedelta()),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("48h", timedelta(hours=48)),
        ("1d", timedelta(days=1)),
    ],
)
def test_durations(written, meant):
    assert DeliveryTimes.model_validate({"retry_after": [written]}).retry_after == [meant]


@pytest.mark.parametrize(
    "written", ['"10"', '"10 m"', '"m"', '"-1s"', '"1.5h"', '"1w"', '"10M"', "10", "true", '""', '"９s"']
)
def test_what_is_no_duration(written):
    assert problems({**GOOD, "hub.toml": f"{GOOD['hub.toml']}\n[delivery]\nclaim_expires = {written}"}) == [
        'config/hub.toml: delivery.claim_expires: write a duration as "30s", "10m", "48h" or "1d"'
    ]


def test_an_address_loses_its_last_slash():
    assert HubFile(public_url="https://hub.shop.cn/").public_url == "https://hub.shop.cn"


SHOP, DESK, HUB, FAQ = "channels/shop.toml", "bots/desk.toml", "hub.toml", "faq/shop.toml"
ENTRY = GOOD[FAQ]

KINDS = "aliyun_sms, broken, email, tin, twilio_phone, twilio_sms, wechat_miniprogram, wechat_official"
ENGINES = "bare, chat, dify, headless, keywords, knowledge, parrot, rasa, webhook"
MISTAKES = {
    "hub.toml is missing": (
        {name: text for name, text in GOOD.items() if name != HUB},
        ["config/hub.toml: there is no such file"],
    ),
    "hub.toml is no TOML": (
        {**GOOD, HUB: 'public_url = "x"\nlanguage ='},
        ["config/hub.toml: Invalid value (at end of document)"],
    ),
    "line of a syntax error": (
        edited(SHOP, 'label = "Shop"', "label = Shop"),
        ["config/channels/shop.toml: Invalid value (at line 3, column 9)"],
    ),
    "unknown key": (edited(SHOP, "label", "lable"), [
        "config/channels/shop.toml: label: Field required",
        "config/channels/shop.toml: lable: unknown key",
    ]),
    "unknown table": ({**GOOD, HUB: f"{GOOD[HUB]}\n[celery]\nx = 1"}, ["config/hub.toml: celery: unknown key"]),
    "unknown key of the kind": (
        edited(SHOP, "app_id", "appid"),
        [
            "config/channels/shop.toml: settings.app_id: Field required",
            "config/channels/shop.toml: settings.appid: unknown key",
        ],
    ),
    "text where a number is due": (
        {**GOOD, HUB: f'{GOOD[HUB]}\n[processes]\nweb = "two"\nworker = 1.5'},
        [
            "config/hub.toml: processes.web: must be a whole number",
            "config/hub.toml: processes.worker: must be a whole number",
        ],
    ),
    "a number is no text": (edited(DESK, '"您好"', "1"), ["config/bots/desk.toml: greeting: must be text in quotes"]),
    "true is no number": (
        {**GOOD, DESK: f"{GOOD[DESK]}\n[hand_over]\nmisses = true"},
        ["config/bots/desk.toml: hand_over.misses: must be a whole number"],
    ),
    "no processes": (
        {**GOOD, HUB: f"{GOOD[HUB]}\n[processes]\nweb = 0"},
        ["config/hub.toml: processes.web: Input should be greater than or equal to 1"],
    ),
    "text where a table is due": (
        {**GOOD, HUB: f'delivery = "fast"\n{GOOD[HUB]}'},
        ["config/hub.toml: delivery: must be a table, like [name]"],
    ),
    "settings are no table": (
        edited(SHOP, '[settings]\napp_id = "wx1"\nstring = "env:STRING"', 'settings = "none"'),
        ["config/channels/shop.toml: settings: must be a table, like [name]"],
    ),
    "no engine": (
        {**GOOD, DESK: 'greeting = "您好"'},
        ["config/bots/desk.toml: engines: Field required"],
    ),
    "an engine without its name": (
        {**GOOD, DESK: '[[engines]]\nword = "ciao"'},
        [f"config/bots/desk.toml: engines.0.engine: name one of {ENGINES}"],
    ),
    "text where a list is due": (
        edited(SHOP, '["second"]', '"second"'),
        ['config/channels/shop.toml: fallback: must be a list, like ["one", "two"] or [[name]]'],
    ),
    "teams are no table": (
        {**GOOD, HUB: 'teams = ["sales"]'},
        ["config/hub.toml: teams: must be a table, like [name]"],
    ),
    "agent without address": (
        {**GOOD, HUB: '[teams]\nsales = ["wang"]'},
        ["config/hub.toml: teams.sales.0: must be an e-mail address"],
    ),
    "unknown language": (
        {**GOOD, HUB: f'language = "zh"\n{GOOD[HUB]}'},
        ["config/hub.toml: language: Input should be 'zh-CN' or 'en'"],
    ),
    "no web address": (
        {**GOOD, HUB: f'public_url = "hub.shop.cn"\n{GOOD[HUB]}'},
        ['config/hub.toml: public_url: must be a web address, like "https://hub.example.com"'],
    ),
    "claims that expire at once": (
        {**GOOD, HUB: f'{GOOD[HUB]}\n[delivery]\nclaim_expires = "0s"'},
        ["config/hub.toml: delivery.claim_expires: must be longer than zero"],
    ),
    "unknown kind": (
        edited(SHOP, '"tin"', '"telex"'),
        [f"config/channels/shop.toml: kind: unknown channel kind 'telex'; known: {KINDS}"],
    ),
    "no kind": (edited(SHOP, 'kind = "tin"', ""), ["config/channels/shop.toml: kind: Field required"]),
    "broken plug-in": (
        edited(SHOP, '"tin"', '"broken"'),
        [
            (
                "config/channels/shop.toml: kind: 'broken' is installed but broken: "
                "module 'parrots' has no attribute 'NoSuchClass'"
            )
        ],
    ),
    "missing bot": (
        edited(SHOP, '"desk"', '"dsek"'),
        ["config/channels/shop.toml: bot: there is no config/bots/dsek.toml"],
    ),
    "engine without settings": (
        edited(DESK, '"parrot"', '"headless"'),
        [
            (
                "config/bots/desk.toml: engines.0.engine: 'headless' is installed but broken: "
                "type object 'Headless' has no attribute 'Settings'"
            )
        ],
    ),
    "engine whose settings cannot be checked": (
        edited(DESK, '"parrot"', '"bare"'),
        [
            (
                "config/bots/desk.toml: engines.0.engine: 'bare' is installed but broken: "
                "its Settings are not a pydantic model"
            )
        ],
    ),
    "one table where several are due": (
        edited(FAQ, "[[entry]]", "[entry]"),
        ['config/faq/shop.toml: entry: must be a list, like ["one", "two"] or [[name]]'],
    ),
    "unknown key of the engine": (
        edited(DESK, "word", "wrod"),
        ["config/bots/desk.toml: engines.0.wrod: unknown key"],
    ),
    "impatient bot": (
        {**GOOD, DESK: f"{GOOD[DESK]}\n[hand_over]\nmisses = 0"},
        ["config/bots/desk.toml: hand_over.misses: Input should be greater than or equal to 1"],
    ),
    "unknown team": (
        edited(SHOP, '"sales"', '"slaes"'),
        ["config/channels/shop.toml: team: 'slaes' is not in config/hub.toml [teams]; known: everyone, sales"],
    ),
    "unknown fallback": (
        edited(SHOP, '["second"]', '["second", "third"]'),
        ["config/channels/shop.toml: fallback.1: there is no config/channels/third.toml"],
    ),
    "unknown template as fallback": (
        edited(SHOP, '["second"]', '["second/replied"]'),
        ["config/channels/shop.toml: fallback.0: there is no template 'replied' in config/channels/second.toml"],
    ),
    "itself as fallback": (
        edited(SHOP, '["second"]', '["shop"]'),
        ["config/channels/shop.toml: fallback.0: is this channel itself"],
    ),
    "the same account twice": (
        edited("channels/second.toml", "wx2", "wx1"),
        ["config/channels/shop.toml: settings.app_id: config/channels/second.toml has the same account"],
    ),
    "channel names are part of an address": (
        {**GOOD, "channels/My_Shop.toml": GOOD["channels/second.toml"].replace("wx2", "wx3")},
        ["config/channels/My_Shop.toml: name the file in small letters, digits and hyphens, like my-shop.toml"],
    ),
    "no channel": (
        {HUB: GOOD[HUB]},
        ["config/channels: there is no channel: describe at least one in <name>.toml"],
    ),
    "secret written as itself": (
        edited(SHOP, "env:STRING", AES_KEY),
        [
            'config/channels/shop.toml: settings.string: write a secret as "env:NAME" or "file:/path", never as itself',
        ],
    ),
    "secret not set": (
        edited(SHOP, "env:STRING", "env:NO_SUCH"),
        ["config/channels/shop.toml: settings.string: environment variable NO_SUCH is not set or empty"],
    ),
    "secret file missing": (
        edited(SHOP, "env:STRING", "file:no/such"),
        ["config/channels/shop.toml: settings.string: cannot read no/such: No such file or directory"],
    ),
    "answer missing": (
        {**GOOD, FAQ: ENTRY + '\n[[entry]]\nid = "x"\nquestions = ["发货"]\nanswer.en = "soon"'},
        ["config/faq/shop.toml: entry.1.answer.zh: Field required"],
    ),
    "no question": (
        edited(FAQ, '["怎么退款"]', "[]"),
        ["config/faq/shop.toml: entry.0.questions: List should have at least 1 item after validation, not 0"],
    ),
    "question without words": (
        edited(FAQ, "怎么退款", "？？"),
        ["config/faq/shop.toml: entry.0.questions.0: needs at least one letter or digit"],
    ),
    "id twice": (
        {**GOOD, "faq/more.toml": ENTRY.replace("怎么退款", "如何退款")},
        ["config/faq/shop.toml: entry.0.id: 'refund' is already in config/faq/more.toml"],
    ),
    "question twice": (
        {**GOOD, "faq/tail.toml": ENTRY.replace('"refund"', '"money"').replace("怎么退款", "怎么退款？")},
        [
            (
                "config/faq/tail.toml: entry.0.questions.0: "
                "the same question is already at config/faq/shop.toml: entry.0.questions.0"
            )
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_file_and_key(files, expected):
    assert problems(files) == expected


def test_an_unknown_engine_names_the_known_ones():
    (problem,) = problems(edited(DESK, '"parrot"', '"parot"'))
    start, known = problem.split("; known: ")
    assert start == "config/bots/desk.toml: engines.0.engine: unknown engine 'parot'"
    assert {"headless", "parrot"} <= set(known.split(", "))


def test_all_mistakes_are_told_at_once():
    assert problems(
        {
            HUB: "speed = 1",
            SHOP: 'kind = "telex"\nlabel = 5\nbot = "gone"\nteam = "slaes"',
            "channels/second.toml": 'kind = "tin"\nlable = "2"\n[settings]\nstring = "hunter2hunter2"\nlength = "long"',
            "channels/third.toml": "kind",
            DESK: '[hand_over]\nmisses = "two"\n[[engines]]\nengine = "parrot"\nword = 1',
            FAQ: "[[entry]]\nid = 'Refund'",
        }
    ) == [
        "config/channels/third.toml: Expected '=' after a key in a key/value pair (at end of document)",
        "config/hub.toml: speed: unknown key",
        "config/channels/second.toml: label: Field required",
        "config/channels/second.toml: lable: unknown key",
        "config/channels/second.toml: settings.app_id: Field required",
        'config/channels/second.toml: settings.string: write a secret as "env:NAME" or "file:/path", never as itself',
        "config/channels/second.toml: settings.length: must be a whole number",
        "config/channels/shop.toml: bot: there is no config/bots/gone.toml",
        "config/channels/shop.toml: team: 'slaes' is not in config/hub.toml [teams]; known: everyone",
        "config/channels/shop.toml: label: must be text in quotes",
        f"config/channels/shop.toml: kind: unknown channel kind 'telex'; known: {KINDS}",
        "config/bots/desk.toml: hand_over.misses: must be a whole number",
        "config/bots/desk.toml: engines.0.word: must be text in quotes",
        "config/faq/shop.toml: entry.0.id: use small letters, digits, - and _ only, like refund-time",
        "config/faq/shop.toml: entry.0.questions: Field required",
        "config/faq/shop.toml: entry.0.answer: Field required",
    ]


def test_a_folder_that_is_not_there():
    with pytest.raises(ConfigError) as caught:
        load(Path("nowhere"))
    assert caught.value.problems == [
        "nowhere/hub.toml: there is no such file",
        "nowhere/channels: there is no channel: describe at least one in <name>.toml",
    ]


def test_files_that_cannot_be_read():
    folder = write(GOOD)
    (folder / "channels/folder.toml").mkdir()
    (folder / "faq/latin.toml").write_bytes("id = 'é'".encode("latin-1"))
    assert problems({}) == [
        "config/channels/folder.toml: cannot be read: Is a directory",
        "config/faq/latin.toml: cannot be read: not UTF-8 text",
    ]


def test_secrets_come_from_files_too(tmp_path):
    (tmp_path / "secret").write_text("from-a-file\n")
    settings = load(write(edited(SHOP, "env:STRING", f"file:{tmp_path}/secret")))
    assert settings.channels["shop"].settings.secrets() == ["from-a-file"]


def test_a_secret_is_never_in_a_problem(monkeypatch):
    secret = "very-secret" * 10
    monkeypatch.setenv("STRING", secret)
    declared = Path("plug/parrots-1.0.dist-info/entry_points.txt")
    declared.write_text(ENTRY_POINTS.replace("parrots:Tin", "parrots:Chatty"))
    found = problems(edited(SHOP, 'app_id = "wx1"', "app_id = 1"))
    assert found == [
        "config/channels/second.toml: settings.string: too long: …",
        "config/channels/shop.toml: settings.app_id: must be text in quotes",
        "config/channels/shop.toml: settings.string: too long: …",
    ]


def test_a_secret_is_never_in_the_settings_shown():
    assert AES_KEY not in repr(load(write(GOOD)))


@pytest.mark.parametrize(
    ("files", "key"),
    [
        (edited(SHOP, "wx1", "wx5a1e0de30c0ffee0"), "channels/shop.toml: settings.app_id"),
        (edited(SHOP, "env:STRING", "env:DEMO_TOKEN"), "channels/shop.toml: settings.string"),
        ({**GOOD, HUB: f'public_url = "https://hub.example.com/"\n{GOOD[HUB]}'}, "hub.toml: public_url"),
    ],
)
def test_sample_values_are_for_the_demo(files, key, monkeypatch):
    for name, value in DEMO_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert problems(files) == [f"config/{key}: is the sample's value: put your own"]
    load(Path("config"), demo=True)


def test_a_sample_secret_under_another_name_is_found(monkeypatch):
    monkeypatch.setenv("STRING", DEMO_ENVIRONMENT["DEMO_AES_KEY"])
    assert problems(GOOD) == [
        "config/channels/second.toml: settings.string: is the sample's value: put your own",
        "config/channels/shop.toml: settings.string: is the sample's value: put your own",
    ]


SAMPLE = "is the sample's value: put your own"
TWILIO = ("account_sid", "auth_token", "api_key", "api_secret", "from")


def test_the_sample_runs_in_the_demo_only(monkeypatch):
    for name, value in DEMO_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    settings = load(Path("config"), demo=True)
    assert list(settings.channels) == ["duanxin", "phone", "post", "service", "shop", "sms", "support"]
    assert settings.channels["shop"].file.bot in settings.bots

    with pytest.raises(ConfigError) as caught:
        load(Path("config"))
    assert caught.value.problems == [
        "config/hub.toml: link_secret: is the sample's value: put your own",
        *(
            f"config/channels/duanxin.toml: settings.{key}: {SAMPLE}"
            for key in ("access_key_id", "access_key_secret", "hook_secret")
        ),
        *(f"config/channels/phone.toml: settings.{key}: {SAMPLE}" for key in TWILIO),
        *(
            f"config/channels/{name}.toml: settings.{key}: {SAMPLE}"
            for name, more in (
                ("post", ()),
                ("service", ("mini_program", "notice.template")),
                ("shop", ("notice.template",)),
            )
            for key in ("app_id", "original_id", "app_secret", "token", "aes_key", *more)
        ),
        *(f"config/channels/sms.toml: settings.{key}: {SAMPLE}" for key in TWILIO),
        *(f"config/channels/support.toml: settings.{key}: {SAMPLE}" for key in ("address", "password")),
    ]
