// SPDX-License-Identifier: Apache-2.0
#include "model/convert/packed_writer.hpp"

#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/formats/packed/file.hpp"

namespace sterna {
namespace {

PlannedTensor zeros(const std::string& name, std::vector<std::uint64_t> shape,
                    std::uint64_t bytes) {
  return {.name = name,
          .type = "ternary",
          .shape = std::move(shape),
          .bytes = bytes,
          .write = [bytes](const ByteSink& sink) { pad_to(sink, 0, bytes); }};
}

// Offsets of the tensors of a file, and how long it says it is; it must be that long.
std::vector<std::uint64_t> offsets_of(const std::vector<PlannedTensor>& tensors) {
  std::string start;
  std::uint64_t size = 0;
  const std::vector<CarriedFile> files{{"tokenizer.json", "{}"}};
  write_packed("{}", files, tensors, [&](std::span<const std::byte> bytes) {
    size += bytes.size();
    if (start.size() < 4096) {
      start.append(reinterpret_cast<const char*>(bytes.data()),
                   std::min<std::size_t>(bytes.size(), 4096));
    }
  });
  PackedHeader header;
  std::memcpy(&header, start.data(), sizeof header);
  EXPECT_EQ(header.file_bytes, size);
  const auto json = nlohmann::json::parse(start.substr(sizeof header, header.json_bytes));
  std::vector<std::uint64_t> offsets;
  for (const nlohmann::json& tensor : json.at("tensors")) offsets.push_back(tensor.at("offset"));
  return offsets;
}

constexpr std::uint64_t kMib = 1 << 20;

TEST(PackedWriter, BeginsLargeMatricesTogetherAtAHugePage) {
  const auto offsets = offsets_of({zeros("norm", {40}, 160), zeros("a", {4, 4}, 20 * kMib + 64),
                                   zeros("b", {4, 4}, 12 * kMib)});
  EXPECT_EQ(offsets[1], kPackedPage);
  EXPECT_EQ(offsets[2], kPackedPage + 20 * kMib + 64);
}

TEST(PackedWriter, WastesNothingOnSmallOnes) {
  const auto offsets = offsets_of({zeros("norm", {40}, 160), zeros("a", {4, 4}, 32 * kMib - 1)});
  EXPECT_EQ(offsets[0] % kPackedAlignment, 0U);
  EXPECT_EQ(offsets[1], offsets[0] + 192);
}

}  // namespace
}  // namespace sterna
