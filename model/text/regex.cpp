// SPDX-License-Identifier: Apache-2.0
#include "model/text/regex.hpp"

#include <stdexcept>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace sterna {
namespace {

std::string message_of(int error) {
  PCRE2_UCHAR text[200];
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

Regex::Regex(const std::string& pattern, Kind kind) : pattern_(pattern) {
  // PCRE2_LITERAL admits few other options, and a literal needs none of them.
  const std::uint32_t options =
      kind == Kind::Literal ? PCRE2_UTF | PCRE2_LITERAL : PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   options, &error, &offset, nullptr);
  if (code == nullptr) {
    throw std::runtime_error("the regular expression " + pattern + " breaks at byte " +
                             std::to_string(offset) + ": " + message_of(error));
  }
  code_ =
      std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  // Without the compiler to machine code (it may be missing) matching is slower and equal.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

std::optional<TextRange> Regex::find(std::string_view text, std::size_t from) const {
  auto* code = static_cast<pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
  // The text was checked once as a whole, not at every match.
  const int result = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                 PCRE2_NO_UTF_CHECK, data.get(), nullptr);
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw std::runtime_error("the regular expression " + pattern_ +
                             " cannot be matched against this text: " + message_of(result));
  }
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
  return TextRange{range[0], range[1]};
}

}  // namespace sterna
