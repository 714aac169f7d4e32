"""Where vectors come from: a service that speaks OpenAI's /embeddings, or a model in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from channels.settings import ApiBase, Secret
from hub.knowledge.wording import Strict
from hub.settings import ConfigError
from workers.bots.contract import Failed
from workers.bots.outside.asking_others import Told
from workers.bots.outside.wire import Service

Vectors = NDArray[np.float32]  # one row a text, each of length 1

A_BATCH = 64
LARGEST_BATCH = 16 * 1024 * 1024  # bytes of an answer
LONGEST_TEXT = 500  # characters
ONNX = ("model.onnx", "onnx/model.onnx")
TOKENS_READ = 256
INSTALL = {
    "onnxruntime": 'pip install "yizhan[encoder]"',
    "tokenizers": 'pip install "yizhan[encoder]"',
    "sentence_transformers": "pip install sentence-transformers",
}


class EncoderSettings(Strict):
    """A service that speaks OpenAI's /embeddings, or a folder with a model of sentence-transformers or ONNX."""

    url: ApiBase | None = None
    key: Secret | None = None
    model: Annotated[str, StringConstraints(min_length=1)] | None = None
    folder: Annotated[str, StringConstraints(min_length=1)] | None = None
    timeout: float = Field(default=0.3, gt=0, le=2)  # seconds for a question; after that the matcher answers alone

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.url is None) == (self.folder is None):
            raise ValueError("write url and model, or folder")
        if self.url and not self.model:
            raise ValueError("write the model's name, too")
        if self.folder and (self.key or self.model):
            raise ValueError("key and model belong to url")
        return self


class Encoder(Protocol):
    """Where vectors come from. The name tells models apart: theirs do not fit each other."""

    name: str

    def encode(self, texts: Sequence[str], within: float) -> Vectors:
        """May raise Failed."""


def encoder_of(settings: EncoderSettings) -> Encoder:
    """May raise ConfigError."""
    if settings.url:
        key = settings.key.get_secret_value() if settings.key else ""
        return FromService(settings.url, key, settings.model or "")
    folder = Path(settings.folder or "")
    if not folder.is_dir():
        raise ConfigError([f"encoder.folder: there is no folder {folder}"])
    if any((folder / each).is_file() for each in ONNX):
        return FromOnnx(folder)
    return FromSentenceTransformers(folder)


class Embedding(Told):
    index: int
    embedding: Annotated[list[float], Field(min_length=1, max_length=8_192)]


class Embeddings(Told):
    data: list[Embedding]


EMBEDDINGS = TypeAdapter(Embeddings)


class FromService:
    def __init__(self, url: str, key: str, model: str):
        self.name, self._model = f"{url} {model}", model
        self._service = Service(url, {"Authorization": f"Bearer {key}"} if key else None, rests=False)

    def encode(self, texts: Sequence[str], within: float) -> Vectors:
        parts = [self._batch(batch, within) for batch in batches([each[:LONGEST_TEXT] for each in texts])]
        if len({part.shape[1] for part in parts}) != 1:
            raise Failed("garbage")
        return _of_length_one(np.concatenate(parts))

    def _batch(self, texts: Sequence[str], within: float) -> Vectors:
        question = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        answer = self._service.ask(question, EMBEDDINGS, within=within, path="/embeddings", limit=LARGEST_BATCH)
        found = sorted(answer.data, key=lambda each: each.index) if answer else []
        sizes = {len(each.embedding) for each in found}
        if [each.index for each in found] != list(range(len(texts))) or len(sizes) != 1:
            raise Failed("garbage")
        return np.array([each.embedding for each in found], np.float32)


class FromOnnx:
    """Of the folder that sentence-transformers' models are published in: model.onnx and tokenizer.json."""

    def __init__(self, folder: Path):
        runtime, tokenizers = _installed("onnxruntime"), _installed("tokenizers")
        model = next(folder / each for each in ONNX if (folder / each).is_file())
        self.name = f"onnx {_fingerprint(model)}"
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS_READ)
        self._tokenizer.enable_padding()
        self._session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._reads_first = _reads_first(folder)

    def encode(self, texts: Sequence[str], within: float) -> Vectors:
        return _of_length_one(np.concatenate([self._batch(batch) for batch in batches(list(texts))]))

    def _batch(self, texts: Sequence[str]) -> Vectors:
        read = self._tokenizer.encode_batch([each[:LONGEST_TEXT] for each in texts])
        mask = np.array([each.attention_mask for each in read], np.int64)
        given = {
            "input_ids": np.array([each.ids for each in read], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        words = self._session.run(None, {name: each for name, each in given.items() if name in self._inputs})[0]
        if self._reads_first:
            return np.asarray(words[:, 0], np.float32)
        weights = mask[:, :, None].astype(np.float32)
        return np.asarray((words * weights).sum(axis=1) / weights.sum(axis=1), np.float32)


class FromSentenceTransformers:
    def __init__(self, folder: Path):
        library = _installed("sentence_transformers")
        self.name = f"sentence-transformers {_fingerprint(folder)}"
        self._model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self._lock = Lock()

    def encode(self, texts: Sequence[str], within: float) -> Vectors:
        with self._lock:
            made = self._model.encode([each[:LONGEST_TEXT] for each in texts], show_progress_bar=False)
        return _of_length_one(np.asarray(made, np.float32))


def _installed(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        reason = f"this model needs {module}, which is not installed; install it: {INSTALL[module]}"
        raise ConfigError([f"encoder.folder: {reason}"]) from None


def _reads_first(folder: Path) -> bool:
    """Whether the first token stands for the whole text, or the mean of all."""
    with suppress(OSError, ValueError):
        return json.loads((folder / "1_Pooling/config.json").read_text()).get("pooling_mode_cls_token") is True
    return False


def _fingerprint(path: Path) -> str:
    """Of names, sizes and times: models are too large to read all of them."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    told = [f"{each.name} {each.stat().st_size} {each.stat().st_mtime_ns}" for each in files]
    return sha256("\n".join(told).encode()).hexdigest()[:16]


def _of_length_one(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise Failed("garbage")
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), np.float32)


def batches(texts: Sequence[Any]) -> list[Any]:
    return [texts[at : at + A_BATCH] for at in range(0, len(texts), A_BATCH)]
