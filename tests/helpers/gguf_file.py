"""A tiny but whole model file: one layer of random numbers over single bytes. It talks nonsense, as fast as can be."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

WIDE, HIDDEN, HEADS, CONTEXT = 32, 64, 2, 512
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_text(v) for v in value)
    return struct.pack("<IIQ", 9, 5, len(value)) + b"".join(struct.pack("<i", v) for v in value)


def _letters() -> list[str]:
    """The signs that stand for bytes in the vocabulary of GPT-2."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    found, extra = [], 0
    for byte in range(256):
        found.append(chr(byte) if byte in plain else chr(256 + extra))
        extra += byte not in plain
    return found


def tiny_gguf(path: Path, *, name: str = "Tiny", architecture: str = "llama", seed: int = 1) -> Path:
    """Write the file."""
    tokens = [*_letters(), "<|end|>", "he"]
    keys: dict[str, Any] = {
        "general.architecture": architecture,
        "general.name": name,
        "general.size_label": "20K",
        f"{architecture}.context_length": CONTEXT,
        f"{architecture}.embedding_length": WIDE,
        f"{architecture}.block_count": 1,
        f"{architecture}.feed_forward_length": HIDDEN,
        f"{architecture}.attention.head_count": HEADS,
        f"{architecture}.attention.head_count_kv": HEADS,
        f"{architecture}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{architecture}.rope.dimension_count": WIDE // HEADS,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * 256 + [3, 1],
        "tokenizer.ggml.merges": ["h e"],
        "tokenizer.ggml.bos_token_id": 256,
        "tokenizer.ggml.eos_token_id": 256,
        "tokenizer.chat_template": TEMPLATE,
    }
    square, up, down = (WIDE, WIDE), (WIDE, HIDDEN), (HIDDEN, WIDE)
    tensors: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (WIDE, len(tokens)),
        "output_norm.weight": (WIDE,),
        "output.weight": (WIDE, len(tokens)),
        "blk.0.attn_norm.weight": (WIDE,),
        "blk.0.ffn_norm.weight": (WIDE,),
        **{f"blk.0.attn_{n}.weight": square for n in ("q", "k", "v", "output")},
        "blk.0.ffn_gate.weight": up,
        "blk.0.ffn_up.weight": up,
        "blk.0.ffn_down.weight": down,
    }
    numbers = random.Random(seed)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(_text(k) + _value(v) for k, v in keys.items())
    data = b""
    for key, shape in tensors.items():
        count = 1
        for side in shape:
            count *= side
        head += _text(key) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += struct.pack(f"<{count}f", *(numbers.uniform(-0.5, 0.5) for _ in range(count)))
        data += b"\0" * (-len(data) % 32)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)
    return path
