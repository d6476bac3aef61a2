// SPDX-License-Identifier: Apache-2.0
#include "model/convert/file_writer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace sterna {

void put(const ByteSink& sink, std::string_view text) {
  sink(std::as_bytes(std::span(text.data(), text.size())));
}

void pad_to(const ByteSink& sink, std::uint64_t from, std::uint64_t to) {
  static constexpr std::array<std::byte, 4096> kZeros{};
  for (std::uint64_t left = to - from; left > 0;) {
    const std::uint64_t part = std::min<std::uint64_t>(left, kZeros.size());
    sink(std::span(kZeros).first(part));
    left -= part;
  }
}

void write_planned(const PlannedTensor& tensor, const ByteSink& sink) {
  std::uint64_t written = 0;
  tensor.write([&](std::span<const std::byte> bytes) {
    written += bytes.size();
    sink(bytes);
  });
  if (written != tensor.bytes) {
    throw std::logic_error(tensor.name + " has " + std::to_string(written) + " bytes, not the " +
                           std::to_string(tensor.bytes) + " that its header promises");
  }
}

void write_safetensors(std::span<const PlannedTensor> tensors, const ByteSink& sink) {
  nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
  std::uint64_t offset = 0;
  for (const PlannedTensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes}}};
    offset += tensor.bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8,
              ' ');  // tensors begin at a multiple of 8, as the format asks
  const std::uint64_t length = text.size();
  sink(std::as_bytes(std::span(&length, 1)));
  put(sink, text);
  for (const PlannedTensor& tensor : tensors) write_planned(tensor, sink);
}

}  // namespace sterna
