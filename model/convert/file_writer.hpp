// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sterna {

/// Takes the bytes of a file in order; throws what its file throws.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// A tensor that a file is to hold. Its bytes are made when it is written, one tensor at a time, so that
/// a file needs no more memory than its largest tensor.
struct PlannedTensor {
  std::string name;
  std::string type;                  // as the format spells it
  std::vector<std::uint64_t> shape;  // rows first
  std::uint64_t bytes;
  std::function<void(const ByteSink&)> write;  // exactly `bytes`
};

/// Hands a string, or the bytes of a value, to a sink.
void put(const ByteSink& sink, std::string_view text);

/// Zeros from offset `from` up to offset `to`.
void pad_to(const ByteSink& sink, std::uint64_t from, std::uint64_t to);

/// Writes the bytes of a tensor.
/// Errors  std::logic_error when they are not as many as planned
void write_planned(const PlannedTensor& tensor, const ByteSink& sink);

/// Writes a safetensors file of these tensors, in their order.
void write_safetensors(std::span<const PlannedTensor> tensors, const ByteSink& sink);

}  // namespace sterna
