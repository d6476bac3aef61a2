// SPDX-License-Identifier: Apache-2.0
#include "host/replay/replay_window.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

namespace sterna::host {
namespace {

bool read_number(std::string_view text, std::size_t& value) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace

IndexRange parse_range(std::string_view text, std::size_t size, std::string_view option,
                       std::string_view of) {
  const std::size_t colon = text.find(':');
  IndexRange range{0, 0};
  if (colon == std::string_view::npos || !read_number(text.substr(0, colon), range.first) ||
      !read_number(text.substr(colon + 1), range.last)) {
    throw std::invalid_argument(fmt::format(
        "{} {}: write a range as A:B, from A to before B, for example 0:64", option, text));
  }
  if (range.first >= range.last) {
    throw std::invalid_argument(
        fmt::format("{} {}: this is empty; A must be below B", option, text));
  }
  if (range.last > size) {
    throw std::invalid_argument(fmt::format("{} {}: {} 0:{}", option, text, of, size));
  }
  return range;
}

IndexRange parse_positions(std::string_view text, std::size_t tokens) {
  if (text == "last") return {tokens - 1, tokens};
  if (text == "all") return {0, tokens};
  if (text.find(':') == std::string_view::npos) {
    throw std::invalid_argument(fmt::format(
        "--positions {}: write last (the last token of the prompt), all, or a range A:B", text));
  }
  return parse_range(text, tokens, "--positions", "the tokens of the prompt are");
}

const Projection& find_projection(std::string_view name) {
  const auto found = std::find_if(kProjections.begin(), kProjections.end(), [&](const auto& p) {
    return p.name == name || p.name.substr(0, p.name.find('_')) == name;
  });
  if (found != kProjections.end()) return *found;
  std::vector<std::string_view> names;
  names.reserve(kProjections.size());
  for (const Projection& p : kProjections) names.push_back(p.name);
  throw std::invalid_argument(fmt::format("--projection {}: a layer has {} (also without _proj)",
                                          name, fmt::join(names, ", ")));
}

std::string ReplayWindow::matrix_name() const {
  return fmt::format("layers.{}.{}", layer, projection->name);
}

ReplayWindow find_window(const ReplayWords& words, const ModelWeights& model,
                         std::size_t prompt_tokens) {
  if (words.layer >= model.layers.size()) {
    throw std::invalid_argument(fmt::format("--layer {}: the model has layers 0 to {}", words.layer,
                                            model.layers.size() - 1));
  }
  const Projection& projection = find_projection(words.projection);
  const std::size_t rows = (model.layers[words.layer].*projection.matrix).trits.rows();
  return {.layer = words.layer,
          .projection = &projection,
          .rows = parse_range(words.rows, rows, "--rows",
                              fmt::format("the rows of {} are", projection.name)),
          .positions = parse_positions(words.positions, prompt_tokens)};
}

}  // namespace sterna::host
