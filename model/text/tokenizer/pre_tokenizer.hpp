// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/json_file.hpp"

namespace sterna {

/// Cuts a text into the pieces inside which BPE merges; without steps the text is one piece.
class PreTokenizer {
 public:
  /// Receives the pieces in order; a piece is valid during the call only.
  using Sink = std::function<void(std::string_view piece)>;

  PreTokenizer();

  /// The "pre_tokenizer" of a tokenizer.json: ByteLevel, Split, Digits, Punctuation, Metaspace, or a
  /// Sequence of these.
  /// Errors  std::runtime_error for a step that is not supported or a regex that does not compile
  explicit PreTokenizer(const JsonFile& description);
  ~PreTokenizer();
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;

  /// Cuts pieces further at the matches of a pattern; matches and what lies between are pieces.
  void add_split(const std::string& pattern);

  /// Whether its last step writes bytes as characters, as byte-level BPE wants it.
  [[nodiscard]] bool is_byte_level() const;

  /// Shape   text is UTF-8; the pieces are its bytes in order (less what a Split removes, plus the
  ///         blank or mark that a step puts before a piece). `begins`: nothing came before `text`.
  void split(std::string_view text, bool begins, const Sink& sink) const;

 private:
  class Step;

  void add_steps(const JsonFile& description);
  void run(std::size_t step, std::string_view text, bool begins, const Sink& sink) const;

  std::vector<Step> steps_;
};

/// The pattern of ByteLevel with use_regex.
/// Source  GPT-2's tokenizer
inline constexpr const char* kByteLevelPattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

}  // namespace sterna
