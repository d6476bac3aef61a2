// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace sterna::sim {

/// A map of a YAML file that must hold the keys its reader knows, and no others.
///
/// Errors  std::invalid_argument, one sentence with file, line, key, value and the fix: unknown key
///         (with the nearest known one), key given twice, key missing, value of the wrong type
class YamlMap {
 public:
  using Keys = std::initializer_list<std::string_view>;

  /// Reads `file`, whose document is a map of `keys` and, if they are there, of `optional` ones.
  /// Errors  also std::runtime_error when the file cannot be read
  static YamlMap open(const std::filesystem::path& file, Keys keys, Keys optional = {});

  /// The map under `key`, which must hold `keys` and may hold `optional`.
  [[nodiscard]] YamlMap map(std::string_view key, Keys keys, Keys optional = {}) const;
  /// The list of maps under `key`, each with exactly `keys`.
  [[nodiscard]] std::vector<YamlMap> maps(std::string_view key, Keys keys) const;

  /// Whether an optional key is there.
  [[nodiscard]] bool has(std::string_view key) const;

  [[nodiscard]] double number(std::string_view key) const;
  [[nodiscard]] std::uint32_t count(std::string_view key) const;  // a whole number from 0
  [[nodiscard]] std::string text(std::string_view key) const;

  /// Position of the value of `choices` that stands under `key`.
  [[nodiscard]] std::size_t choice(std::string_view key, Keys choices) const;

  /// "file:line", of the value of dotted `field` below this map; of the map itself if there is
  /// none.
  [[nodiscard]] std::string where(std::string_view field) const;

 private:
  YamlMap(std::string file, std::string path, const YAML::Node& node, Keys keys, Keys optional);

  [[nodiscard]] YAML::Node scalar(std::string_view key, std::string_view wanted) const;
  [[nodiscard]] std::string name(std::string_view key) const;
  [[noreturn]] void fail(const YAML::Node& at, const std::string& sentence) const;

  std::string file_;
  std::string path_;  // dotted, with a final dot unless empty
  YAML::Node node_;
};

}  // namespace sterna::sim
