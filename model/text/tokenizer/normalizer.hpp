// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/formats/json_file.hpp"
#include "model/text/tokenizer/regex.hpp"

namespace sterna {

/// Changes a text before it is cut and encoded; does nothing until steps are added.
class Normalizer {
 public:
  /// Unicode's normal forms.
  enum class Form : std::uint8_t { Nfc, Nfd, Nfkc, Nfkd };

  Normalizer() = default;

  /// The "normalizer" of a tokenizer.json: the four forms, Prepend, Replace, or a Sequence of these.
  /// Errors  std::runtime_error for a step that is not supported
  explicit Normalizer(const JsonFile& description);

  void add_form(Form form) { steps_.emplace_back(form); }
  /// Puts a text before every text that is not empty.
  void add_prepend(std::string text) { steps_.emplace_back(Prepend{std::move(text)}); }
  /// Puts `text` in place of every match.
  void add_replace(Regex pattern, std::string text) {
    steps_.emplace_back(Replace{std::move(pattern), std::move(text)});
  }

  /// Takes time n log n in the length of the text, which is UTF-8.
  [[nodiscard]] std::string apply(std::string_view text) const;
  [[nodiscard]] bool changes_nothing() const { return steps_.empty(); }

 private:
  struct Prepend {
    std::string text;
  };
  struct Replace {
    Regex pattern;
    std::string text;
  };

  void add_steps(const JsonFile& description);

  std::vector<std::variant<Form, Prepend, Replace>> steps_;
};

}  // namespace sterna
