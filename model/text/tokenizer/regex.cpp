// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/regex.hpp"

#include <algorithm>
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
  // A long run of blanks takes a step for each of them; PCRE2's own limit is for shorter texts.
  constexpr std::size_t kLeastSteps = 10'000'000;
  const auto steps = std::min<std::size_t>(std::max(kLeastSteps, 4 * text.size()), ~0U);
  const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context(
      pcre2_match_context_create(nullptr), pcre2_match_context_free);
  pcre2_set_match_limit(context.get(), static_cast<std::uint32_t>(steps));
  // The text was checked once as a whole, not at every match.
  const int result = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                 PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data.get(), context.get());
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw std::runtime_error("the regular expression " + pattern_ +
                             " cannot be matched against this text: " + message_of(result));
  }
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
  return TextRange{range[0], range[1]};
}

Regex read_regex(const JsonFile& pattern) {
  const char* field = pattern.has("Regex") ? "Regex" : "String";
  const auto kind = pattern.has("Regex") ? Regex::Kind::Pattern : Regex::Kind::Literal;
  const std::string text = pattern.text(field, "");
  if (text.empty()) pattern.refuse(field, "a regular expression or a string is expected");
  try {
    return {text, kind};
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(pattern.file().string() + ": " + error.what());
  }
}

}  // namespace sterna
