// SPDX-License-Identifier: Apache-2.0
#include "sim/config/yaml_map.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
    return edit_distance(word, a) < edit_distance(word, b);
  });
  // Further away than half of the word is no misspelling.
  if (edit_distance(word, *nearest) <= word.size() / 2) {
    return fmt::format("did you mean {}?", *nearest);
  }
  return fmt::format("known are {}", fmt::join(known, ", "));
}

std::string at_line(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : fmt::format("{}:{}", file, mark.line + 1);
}

YAML::Node parse(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    throw std::runtime_error(file +
                             ": cannot be read; check that the file exists and is not empty");
  }
  try {
    return YAML::Load(text.str());
  } catch (const YAML::Exception& error) {
    throw std::invalid_argument(
        fmt::format("{}: not valid YAML: {}", at_line(file, error.mark), error.msg));
  }
}

}  // namespace

YamlMap::YamlMap(std::string file, std::string path, const YAML::Node& node, Keys keys,
                 Keys optional)
    : file_(std::move(file)), path_(std::move(path)), node_(node) {
  std::vector<std::string_view> known(keys);
  known.insert(known.end(), optional.begin(), optional.end());
  const std::string shown = path_.empty() ? "the file" : path_.substr(0, path_.size() - 1);
  if (!node_.IsMap()) {
    fail(node_, fmt::format("{} must be a map with the keys {}", shown, fmt::join(known, ", ")));
  }
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail(entry.first, fmt::format("unknown key {}; {}", name(key), suggestion(key, known)));
    }
    if (!seen.insert(key).second) {
      fail(entry.first, fmt::format("{} is given twice; remove one", name(key)));
    }
  }
  for (const std::string_view key : keys) {
    if (!seen.contains(std::string(key))) {
      fail(node_, fmt::format("{} is missing; add it", name(key)));
    }
  }
}

YamlMap YamlMap::open(const std::filesystem::path& file, Keys keys, Keys optional) {
  return {file.string(), "", parse(file.string()), keys, optional};
}

YamlMap YamlMap::map(std::string_view key, Keys keys, Keys optional) const {
  return {file_, name(key) + ".", node_[std::string(key)], keys, optional};
}

bool YamlMap::has(std::string_view key) const { return node_[std::string(key)].IsDefined(); }

std::vector<YamlMap> YamlMap::maps(std::string_view key, Keys keys) const {
  const YAML::Node list = node_[std::string(key)];
  if (!list.IsSequence()) fail(list, fmt::format("{} must be a list", name(key)));
  std::vector<YamlMap> entries;
  for (std::size_t i = 0; i < list.size(); ++i) {
    entries.push_back({file_, fmt::format("{}[{}].", name(key), i), list[i], keys, {}});
  }
  return entries;
}

double YamlMap::number(std::string_view key) const {
  const YAML::Node value = scalar(key, "a number");
  double number = 0;
  if (!YAML::convert<double>::decode(value, number) || !std::isfinite(number)) {
    fail(value, fmt::format("{} is '{}'; it must be a number", name(key), value.Scalar()));
  }
  return number;
}

std::uint32_t YamlMap::count(std::string_view key) const {
  const YAML::Node value = scalar(key, "a whole number");
  const std::string& text = value.Scalar();
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) {
    fail(value, fmt::format("{} is '{}'; it must be a whole number from 0 to {}", name(key), text,
                            UINT32_MAX));
  }
  return count;
}

std::string YamlMap::text(std::string_view key) const { return scalar(key, "a text").Scalar(); }

std::size_t YamlMap::choice(std::string_view key, Keys choices) const {
  const YAML::Node value = scalar(key, "a word");
  const auto found = std::find(choices.begin(), choices.end(), value.Scalar());
  if (found == choices.end()) {
    fail(value, fmt::format("{} is '{}'; it must be {}", name(key), value.Scalar(),
                            fmt::join(choices, " or ")));
  }
  return static_cast<std::size_t>(found - choices.begin());
}

std::string YamlMap::where(std::string_view field) const {
  YAML::Node node;
  node.reset(node_);
  for (std::string rest(field); node.IsMap() && !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const YAML::Node next = node[rest.substr(0, dot)];
    if (!next.IsDefined()) break;
    node.reset(next);
    rest.erase(0, dot + 1);
  }
  return at_line(file_, node.Mark());
}

YAML::Node YamlMap::scalar(std::string_view key, std::string_view wanted) const {
  const YAML::Node value = node_[std::string(key)];
  if (!value.IsScalar()) fail(value, fmt::format("{} must be {}", name(key), wanted));
  return value;
}

std::string YamlMap::name(std::string_view key) const { return path_ + std::string(key); }

void YamlMap::fail(const YAML::Node& at, const std::string& sentence) const {
  throw std::invalid_argument(at_line(file_, at.Mark()) + ": " + sentence);
}

}  // namespace sterna::sim
