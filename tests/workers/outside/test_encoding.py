"""Vectors come in time or not at all, and examples are encoded once."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from hub.settings import ConfigError
from tests.workers.outside.servers import BROKEN, Conversation, running, says
from workers.bots.contract import Failed
from workers.bots.outside.encoders import EncoderSettings, FromService, Vectors, encoder_of
from workers.bots.outside.encoding import Encoding


def vector(text: str) -> list[float]:
    return [float(len(text)), float(sum(map(ord, text)) % 97), 1.0]


def embeds(it: Conversation) -> None:
    texts = it.server.asked[-1]["json"]["input"]
    data = [{"object": "embedding", "index": at, "embedding": vector(text)} for at, text in enumerate(texts)]
    says({"object": "list", "data": data[::-1], "model": "m"})(it)


def unit(text: str) -> Any:
    made = np.array(vector(text), np.float32)
    return made / np.linalg.norm(made)


def made(url: str, folder: Path, timeout: float = 0.3) -> Encoding:
    return Encoding(FromService(url, "", "m"), folder, timeout)


def test_a_service_is_asked_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_KEY", "sk-1")
    texts = [f"问题 {number}" for number in range(150)]
    with running(embeds) as server:
        settings = EncoderSettings.model_validate({"url": f"{server.url}/v1", "model": "m", "key": "env:EMBEDDING_KEY"})
        vectors = encoder_of(settings).encode(texts, 2)
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, [unit(text) for text in texts])
    assert [len(each["json"]["input"]) for each in server.asked] == [64, 64, 22]
    assert server.asked[0]["path"] == "/v1/embeddings"
    assert server.asked[0]["headers"]["Authorization"] == "Bearer sk-1"
    assert {**server.asked[0]["json"], "input": None} == {"model": "m", "input": None, "encoding_format": "float"}


def test_examples_are_encoded_once(tmp_path: Path) -> None:
    with running(embeds) as server:
        first = made(server.url, tmp_path).examples(["怎么退款", "你好", "怎么退款"])
        again = made(server.url, tmp_path).examples(["你好", "怎么退款", "再见"])
        made(server.url, tmp_path).examples(["再见"])
    assert first is not None
    assert again is not None
    assert np.allclose(first, [unit("怎么退款"), unit("你好"), unit("怎么退款")])
    assert np.allclose(again, [unit("你好"), unit("怎么退款"), unit("再见")])
    assert [each["json"]["input"] for each in server.asked] == [["怎么退款", "你好"], ["再见"]]
    assert [each.suffix for each in tmp_path.iterdir()] == [".npy"]


def test_what_is_cached_is_of_one_model(tmp_path: Path) -> None:
    with running(embeds) as server:
        for model in ("m", "n"):
            Encoding(FromService(server.url, "", model), tmp_path).examples(["你好"])
    assert len(server.asked) == 2


def test_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    with running(embeds) as server:
        made(server.url, tmp_path).examples(["你好"])
        [file] = tmp_path.iterdir()
        for content in (b"", b"\x93NUMPY\x01\0garbage", file.read_bytes()[:-3]):
            file.write_bytes(content)
            vectors = made(server.url, tmp_path).examples(["你好"])
            assert vectors is not None
    assert len(server.asked) == 4


def test_what_was_made_before_a_failure_is_kept(tmp_path: Path) -> None:
    texts = [f"{number}" for number in range(100)]
    with running(embeds, says({}, 500), embeds) as server:
        assert made(server.url, tmp_path).examples(texts) is None
        vectors = made(server.url, tmp_path).examples(texts)
    assert vectors is not None
    assert [len(each["json"]["input"]) for each in server.asked] == [64, 36, 36]


def test_another_model_behind_the_same_name_is_noticed(tmp_path: Path) -> None:
    other = says({"data": [{"index": 0, "embedding": [1.0, 2.0]}]})
    with running(embeds, other, embeds) as server:
        assert made(server.url, tmp_path).examples(["你好"]) is not None
        assert made(server.url, tmp_path).examples(["你好", "再见"]) is None
        assert made(server.url, tmp_path).examples(["你好", "再见"]) is not None


def test_no_examples_need_nobody(tmp_path: Path) -> None:
    vectors = made("http://127.0.0.1:9", tmp_path).examples([])
    assert vectors is not None
    assert len(vectors) == 0


def test_a_question_has_a_vector(tmp_path: Path) -> None:
    with running(embeds) as server:
        found = made(server.url, tmp_path, 1).question("怎么退款")
    assert found is not None
    assert np.allclose(found, unit("怎么退款"))


@pytest.mark.parametrize("broken", BROKEN)
def test_a_question_does_not_wait(broken: str, tmp_path: Path) -> None:
    with running(BROKEN[broken][0]) as server:
        encoding = made(server.url, tmp_path, 0.2)
        started = time.monotonic()
        assert encoding.question("怎么退款") is None
        assert time.monotonic() - started < 0.4


def test_who_is_often_late_is_not_asked_for_a_while(tmp_path: Path) -> None:
    with running(BROKEN["hangs"][0]) as server:
        encoding = made(server.url, tmp_path, 0.05)
        assert [encoding.question("你好") for _ in range(6)] == [None] * 6
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        [{"index": 0, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": []}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": ["1.0"]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1e300]}],
        [{"index": 0, "embedding": "AACAPw=="}, {"index": 1, "embedding": "AACAPw=="}],
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_garbage_is_no_vector(data: Any) -> None:
    with running(says({"data": data})) as server, pytest.raises(Failed, match="garbage"):
        FromService(server.url, "", "m").encode(["a", "b"], 1)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "http://a", "folder": "b", "model": "m"},
        {"url": "http://a"},
        {"folder": "a", "model": "m"},
        {"folder": "a", "timeout": 3.0},
        {"folder": "a", "other": 1},
    ],
)
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EncoderSettings.model_validate(settings)


def test_what_is_missing_is_said_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        encoder_of(EncoderSettings(folder=str(tmp_path / "gone")))
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ConfigError, match=r"needs sentence_transformers, .* pip install sentence-transformers"):
        encoder_of(EncoderSettings(folder=str(tmp_path)))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"needs onnxruntime, .* pip install .yizhan\[encoder\]"):
        encoder_of(EncoderSettings(folder=str(tmp_path)))


def test_a_folder_of_sentence_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        def __init__(self, folder: str, **options: Any):
            assert (folder, options) == (str(tmp_path), {"device": "cpu", "local_files_only": True})

        def encode(self, texts: Sequence[str], **_: Any) -> Vectors:
            return np.array([vector(each) for each in texts], np.float32)

    library = ModuleType("sentence_transformers")
    library.SentenceTransformer = Model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)
    assert np.allclose(encoder_of(EncoderSettings(folder=str(tmp_path))).encode(["你好"], 1), [unit("你好")])


@pytest.mark.parametrize(("pooling", "wanted"), [("", [0.6, 0.8]), ('{"pooling_mode_cls_token": true}', [1, 0])])
def test_a_folder_with_onnx(pooling: str, wanted: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tokens and one that only fills up."""

    class Read:
        ids, attention_mask = (7, 8, 0), (1, 1, 0)

    class Tokenizer:
        from_file = classmethod(lambda cls, path: cls())

        def enable_truncation(self, length: int) -> None: ...
        def enable_padding(self) -> None: ...
        def encode_batch(self, texts: Sequence[str]) -> list[Read]:
            return [Read() for _ in texts]

    class Input:
        def __init__(self, name: str):
            self.name = name

    class Session:
        def __init__(self, path: str, **_: Any): ...
        def get_inputs(self) -> list[Input]:
            return [Input("input_ids"), Input("attention_mask")]

        def run(self, _: None, given: dict[str, Any]) -> list[Any]:
            assert set(given) == {"input_ids", "attention_mask"}
            return [np.array([[[2.0, 0.0], [4.0, 8.0], [99.0, 99.0]]] * len(given["input_ids"]))]

    runtime, tokenizers = ModuleType("onnxruntime"), ModuleType("tokenizers")
    runtime.InferenceSession = Session  # type: ignore[attr-defined]
    tokenizers.Tokenizer = Tokenizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    monkeypatch.setitem(sys.modules, "tokenizers", tokenizers)
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx/model.onnx").write_bytes(b"x")
    if pooling:
        (tmp_path / "1_Pooling").mkdir()
        (tmp_path / "1_Pooling/config.json").write_text(pooling)
    assert np.allclose(encoder_of(EncoderSettings(folder=str(tmp_path))).encode(["你好"], 1), [wanted])
