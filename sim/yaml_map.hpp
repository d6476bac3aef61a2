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

/// A map of a YAML file that must hold exactly the keys its reader knows.
///
/// Errors  std::invalid_argument, one sentence with file, line, key, value and the fix: unknown key
///         (with the nearest known one), key given twice, key missing, value of the wrong type
class YamlMap {
 public:
  /// Reads `file`, whose document is a map of `keys`.
  /// Errors  also std::runtime_error when the file cannot be read
  static YamlMap open(const std::filesystem::path& file,
                      std::initializer_list<std::string_view> keys);

  /// The map under `key`, which must hold exactly `keys`.
  [[nodiscard]] YamlMap map(std::string_view key,
                            std::initializer_list<std::string_view> keys) const;
  /// The list of maps under `key`, each with exactly `keys`.
  [[nodiscard]] std::vector<YamlMap> maps(std::string_view key,
                                          std::initializer_list<std::string_view> keys) const;

  [[nodiscard]] double number(std::string_view key) const;
  [[nodiscard]] std::uint32_t count(std::string_view key) const;  // a whole number from 0
  [[nodiscard]] std::string text(std::string_view key) const;

  /// Position of the value of `choices` that stands under `key`.
  [[nodiscard]] std::size_t choice(std::string_view key,
                                   std::initializer_list<std::string_view> choices) const;

  /// "file:line", of the value of dotted `field` below this map; of the map itself if there is
  /// none.
  [[nodiscard]] std::string where(std::string_view field) const;

 private:
  YamlMap(std::string file, std::string path, const YAML::Node& node,
          std::initializer_list<std::string_view> keys);

  [[nodiscard]] YAML::Node scalar(std::string_view key, std::string_view wanted) const;
  [[nodiscard]] std::string name(std::string_view key) const;
  [[noreturn]] void fail(const YAML::Node& at, const std::string& sentence) const;

  std::string file_;
  std::string path_;  // dotted, with a final dot unless empty
  YAML::Node node_;
};

}  // namespace sterna::sim
