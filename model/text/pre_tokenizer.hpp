// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/json_file.hpp"

namespace sterna {

/// Cuts a text into the pieces inside which BPE merges, as the "pre_tokenizer" of a tokenizer.json
/// says: ByteLevel, Split, Digits, or a Sequence of these that ends with ByteLevel.
class PreTokenizer {
 public:
  /// Receives the pieces in order; a piece is valid during the call only.
  using Sink = std::function<void(std::string_view piece)>;

  /// Errors  std::runtime_error for a step that is not supported or a regex that does not compile
  explicit PreTokenizer(const JsonFile& description);
  ~PreTokenizer();
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;

  /// Shape   text is UTF-8; the pieces are its bytes in order (less what a Split removes, plus the
  ///         blank that add_prefix_space puts before a piece)
  void split(std::string_view text, const Sink& sink) const;

 private:
  class Step;

  void add_steps(const JsonFile& description);
  void run(std::size_t step, std::string_view text, const Sink& sink) const;

  std::vector<Step> steps_;
};

}  // namespace sterna
