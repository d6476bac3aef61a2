# SPDX-License-Identifier: Apache-2.0
"""BitNet b1.58 for training, and its floating-point twin: one block, two kinds of product."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ABSMAX_FLOOR = 1e-5
ABSMEAN_FLOOR = 1e-5
INT8_MAX = 127


@dataclass(frozen=True)
class Shape:
    """Sizes of the model, named as in the Hugging Face configuration."""

    vocab_size: int = 2048
    hidden_size: int = 256
    intermediate_size: int = 688
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    max_position_embeddings: int = 512
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    initializer_range: float = 0.02

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_attention_heads


def ternarise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round a matrix to {-1, 0, 1} times its absolute mean; return the trits and that mean."""
    scale = weight.float().abs().mean().clamp_min(ABSMEAN_FLOOR)
    return (weight.float() / scale).round().clamp(-1, 1), scale


def quantise_activations(x: Tensor) -> tuple[Tensor, Tensor]:
    """Round each token to int8 codes; return the codes (as floats) and codes per unit."""
    x = x.float()
    codes_per_unit = INT8_MAX / x.abs().amax(-1, keepdim=True).clamp_min(ABSMAX_FLOOR)
    return (x * codes_per_unit).round().clamp(-INT8_MAX - 1, INT8_MAX), codes_per_unit


class TernaryProduct(torch.autograd.Function):
    """y = x W^T through int8 codes and trits, with straight-through gradients.

    Several matrices that read the same input are one product. Codes and trits are small integers,
    so bfloat16 holds them exactly and a bfloat16 product with float32 sums is the integer product.
    """

    @staticmethod
    def forward(ctx, x: Tensor, *weights: Tensor) -> Tensor:
        quantised = [ternarise(w) for w in weights]
        row_scale = torch.cat([scale.expand(len(trits)) for trits, scale in quantised])
        trits = torch.cat([trits for trits, _ in quantised]).bfloat16()
        codes, codes_per_unit = quantise_activations(x)
        codes = codes.bfloat16()
        ctx.save_for_backward(codes, codes_per_unit, trits, row_scale)
        ctx.rows = [len(w) for w in weights]
        return (F.linear(codes, trits).float() * row_scale / codes_per_unit).to(torch.bfloat16)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, ...]:
        codes, codes_per_unit, trits, row_scale = ctx.saved_tensors
        grad = grad.float()
        grad_x = (grad * row_scale).bfloat16() @ trits
        scaled = (grad / codes_per_unit).bfloat16().flatten(0, -2)
        grad_w = (scaled.t() @ codes.flatten(0, -2)).float()
        return grad_x, *grad_w.split(ctx.rows)


def fp_product(x: Tensor, *weights: Tensor) -> Tensor:
    """The twin's product: same matrices, nothing quantised."""
    return F.linear(x, torch.cat(weights).to(x.dtype))


def ternary_product(x: Tensor, *weights: Tensor) -> Tensor:
    return TernaryProduct.apply(x, *weights)


def exact_ternary_product(x: Tensor, *weights: Tensor) -> Tensor:
    """The same product for evaluation, float32 throughout: no rounding beyond the codes."""
    codes, codes_per_unit = quantise_activations(x)
    parts = [F.linear(codes, t) / codes_per_unit * s for t, s in map(ternarise, weights)]
    return torch.cat(parts, -1)


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        normal = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return normal.to(x.dtype) * self.weight.to(x.dtype)


class Linear(nn.Module):
    """Holds a master matrix; the model's product function decides what is done with it."""

    def __init__(self, rows: int, cols: int, std: float):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(rows, cols) * std)


def rope_table(shape: Shape, positions: int) -> tuple[Tensor, Tensor]:
    half = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angle = torch.outer(torch.arange(positions, dtype=torch.float32), shape.rope_theta**-half)
    angle = torch.cat([angle, angle], -1)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    low, high = x.chunk(2, -1)
    return x * cos + torch.cat([-high, low], -1) * sin


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention spelt out: compiled, its backward pass beats the fused CPU kernel's."""
    positions = q.shape[-2]
    scores = (q @ k.transpose(-1, -2)).float() * q.shape[-1] ** -0.5
    future = torch.ones(positions, positions, dtype=torch.bool, device=q.device).triu(1)
    return scores.masked_fill(future, float("-inf")).softmax(-1).to(v.dtype) @ v


class Attention(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        hidden, std = shape.hidden_size, shape.initializer_range
        self.heads, self.kv_heads = shape.num_attention_heads, shape.num_key_value_heads
        self.head_dim = shape.head_dim
        self.q_proj = Linear(hidden, hidden, std)
        self.k_proj = Linear(self.kv_heads * self.head_dim, hidden, std)
        self.v_proj = Linear(self.kv_heads * self.head_dim, hidden, std)
        self.o_proj = Linear(hidden, hidden, std)
        self.attn_sub_norm = RMSNorm(hidden, shape.rms_norm_eps)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], product) -> Tensor:
        batch, positions, _ = x.shape
        qkv = product(x, self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)
        qkv = qkv.view(batch, positions, -1, self.head_dim).transpose(1, 2)
        q, k, v = qkv.split([self.heads, self.kv_heads, self.kv_heads], 1)
        cos, sin = (t[:positions].to(x.dtype) for t in rope)
        group = self.heads // self.kv_heads
        k = rotate(k, cos, sin).repeat_interleave(group, 1)
        v = v.repeat_interleave(group, 1)
        mixed = attend(rotate(q, cos, sin), k, v)
        mixed = mixed.transpose(1, 2).reshape(batch, positions, -1)
        return product(self.attn_sub_norm(mixed), self.o_proj.weight)


class FeedForward(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        hidden, inner, std = shape.hidden_size, shape.intermediate_size, shape.initializer_range
        self.gate_proj = Linear(inner, hidden, std)
        self.up_proj = Linear(inner, hidden, std)
        self.down_proj = Linear(hidden, inner, std)
        self.ffn_sub_norm = RMSNorm(inner, shape.rms_norm_eps)

    def forward(self, x: Tensor, product) -> Tensor:
        gate, up = product(x, self.gate_proj.weight, self.up_proj.weight).chunk(2, -1)
        return product(self.ffn_sub_norm(F.relu(gate).square() * up), self.down_proj.weight)


class Layer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.mlp = FeedForward(shape)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], product) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope, product)
        return x + self.mlp(self.post_attention_layernorm(x), product)


class BitNet(nn.Module):
    """The whole model; parameter names are the Hugging Face ones without the `model.` prefix."""

    def __init__(self, shape: Shape, product, dtype: torch.dtype = torch.bfloat16):
        super().__init__()
        self.shape, self.product, self.dtype = shape, product, dtype
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        nn.init.normal_(self.embed_tokens.weight, std=shape.initializer_range)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        cos, sin = rope_table(shape, shape.max_position_embeddings)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed_tokens(ids).to(self.dtype)
        for layer in self.layers:
            x = layer(x, (self.cos, self.sin), self.product)
        return F.linear(self.norm(x), self.embed_tokens.weight.to(self.dtype))

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self(ids).flatten(0, 1).float(), targets.flatten())
