// SPDX-License-Identifier: Apache-2.0
#include "host/token_ids.hpp"

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "host/npy.hpp"

namespace sterna::host {
namespace {

bool is_list(std::string_view text) {
  return text.find_first_not_of("0123456789,- ") == std::string_view::npos;
}

std::vector<std::int64_t> parse_list(std::string_view list) {
  std::vector<std::int64_t> ids;
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    std::string_view word = rest.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    std::int64_t id = 0;
    const char* end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      throw std::invalid_argument(
          fmt::format("--ids {}: \"{}\" is no token id; write ids as 1,2,3", list, word));
    }
    ids.push_back(id);
    if (comma == std::string_view::npos) return ids;
    rest.remove_prefix(comma + 1);
  }
}

std::vector<std::int64_t> read_list(const std::string& file) {
  const IntegerArray array = read_npy_integers(file);
  if (array.shape.size() != 1 || array.count() == 0) {
    throw std::invalid_argument(fmt::format("{}: token ids have shape {}, expected (positions,)",
                                            file, array.shape_text()));
  }
  std::vector<std::int64_t> ids(array.count());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = array.at(i);
  return ids;
}

}  // namespace

std::vector<TokenId> read_token_ids(const std::string& text_or_file, const ModelConfig& config) {
  const bool list = is_list(text_or_file);
  const auto ids = list ? parse_list(text_or_file) : read_list(text_or_file);
  const std::string where = list ? "--ids" : text_or_file;
  if (ids.size() > config.max_tokens) {
    throw std::invalid_argument(
        fmt::format("{}: {} tokens do not fit the model's context of {}; give fewer", where,
                    ids.size(), config.max_tokens));
  }
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= config.vocab) {
      throw std::invalid_argument(
          fmt::format("{}: token {} at position {} is outside the model's vocabulary of {}", where,
                      ids[i], i, config.vocab));
    }
    tokens.push_back(static_cast<TokenId>(ids[i]));
  }
  return tokens;
}

}  // namespace sterna::host
