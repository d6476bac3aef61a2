// SPDX-License-Identifier: Apache-2.0
#include "host/replay/fst_file.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <system_error>

namespace sterna::host {

bool is_whole_fst(const std::filesystem::path& file) {
  constexpr char kHeaderType = 0;
  constexpr std::uint64_t kLengthBytes = 8;
  constexpr int kByteBits = 8;
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  std::uint64_t place = 0;
  while (in && !error && place < size) {
    std::array<char, 1 + kLengthBytes> start{};
    in.seekg(static_cast<std::streamoff>(place));
    in.read(start.data(), start.size());
    if (!in || (place == 0 && start[0] != kHeaderType)) return false;
    std::uint64_t length = 0;
    for (std::size_t i = 1; i < start.size(); ++i) {
      length = length << kByteBits | static_cast<std::uint8_t>(start[i]);
    }
    if (length < kLengthBytes || length > size - place - 1) return false;
    place += 1 + length;
  }
  return in && !error && size != 0;
}

}  // namespace sterna::host
