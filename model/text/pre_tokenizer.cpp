// SPDX-License-Identifier: Apache-2.0
#include "model/text/pre_tokenizer.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

#include "model/text/regex.hpp"

namespace sterna {
namespace {

// The pattern of ByteLevel with use_regex. Source: GPT-2's tokenizer.
constexpr const char* kByteLevelPattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

// U+180E was a blank in old Unicode, and PCRE2's \s still takes it; the tokenizers' engine does
// not. For matching it is replaced by another format character of the same length, U+200E.
constexpr std::string_view kOldBlank = "\xE1\xA0\x8E";
constexpr std::string_view kFormatCharacter = "\xE2\x80\x8E";

std::string without_old_blanks(std::string_view text) {
  std::string copy(text);
  for (std::size_t at = copy.find(kOldBlank); at != std::string::npos;
       at = copy.find(kOldBlank, at)) {
    copy.replace(at, kOldBlank.size(), kFormatCharacter);
  }
  return copy;
}

}  // namespace

// One step: cuts a piece at the matches of a regex, or puts a blank before it, or both.
class PreTokenizer::Step {
 public:
  explicit Step(const JsonFile& description);

  [[nodiscard]] bool is_byte_level() const { return is_byte_level_; }

  void split(std::string_view text, const Sink& sink) const {
    const bool needs_blank = adds_blank_ && !text.starts_with(' ');
    if (!needs_blank) return cut(text, sink);
    std::string with_blank(" ");
    with_blank.append(text);
    cut(with_blank, sink);
  }

 private:
  void read_split(const JsonFile& description);
  void cut(std::string_view text, const Sink& sink) const;

  std::optional<Regex> regex_;
  bool is_byte_level_ = false;
  bool adds_blank_ = false;
  bool keeps_matches_ = true;  // as pieces
  bool keeps_gaps_ = true;     // between matches, as pieces
};

PreTokenizer::Step::Step(const JsonFile& description) {
  const std::string type = description.text("type", "");
  if (type == "ByteLevel") {
    is_byte_level_ = true;
    adds_blank_ = description.boolean("add_prefix_space", true);
    if (description.boolean("use_regex", true)) {
      regex_.emplace(kByteLevelPattern, Regex::Kind::Pattern);
    }
  } else if (type == "Digits") {
    const bool each = description.boolean("individual_digits", false);
    regex_.emplace(each ? "\\p{N}" : "\\p{N}+", Regex::Kind::Pattern);
  } else if (type == "Split") {
    read_split(description);
  } else {
    description.refuse("type", "only ByteLevel, Split, Digits and Sequence are supported");
  }
}

void PreTokenizer::Step::read_split(const JsonFile& description) {
  const JsonFile pattern = description.object("pattern");
  const std::string behavior = description.text("behavior", "");
  if (behavior != "Isolated" && behavior != "Removed") {
    description.refuse("behavior", "only Isolated and Removed are supported");
  }
  if (behavior == "Removed") {
    const bool invert = description.boolean("invert", false);
    (invert ? keeps_gaps_ : keeps_matches_) = false;
  }
  if (pattern.has("Regex")) {
    regex_.emplace(pattern.text("Regex", ""), Regex::Kind::Pattern);
  } else if (pattern.has("String")) {
    regex_.emplace(pattern.text("String", ""), Regex::Kind::Literal);
  } else {
    description.refuse("pattern", "an object with Regex or String is expected");
  }
}

void PreTokenizer::Step::cut(std::string_view text, const Sink& sink) const {
  if (!regex_) return sink(text);
  const bool has_old_blank = text.find(kOldBlank) != std::string_view::npos;
  const std::string replaced = has_old_blank ? without_old_blanks(text) : std::string();
  const std::string_view subject = has_old_blank ? replaced : text;

  std::size_t gap = 0;  // where the text after the last match begins
  std::size_t from = 0;
  while (from < text.size()) {
    const std::optional<TextRange> match = regex_->find(subject, from);
    if (!match) break;
    if (match->end == match->begin) {
      // An empty match cuts nothing; look on behind the character at it.
      from = match->begin + 1;
      while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80) ++from;
      continue;
    }
    if (keeps_gaps_ && match->begin > gap) sink(text.substr(gap, match->begin - gap));
    if (keeps_matches_) sink(text.substr(match->begin, match->end - match->begin));
    gap = from = match->end;
  }
  if (keeps_gaps_ && gap < text.size()) sink(text.substr(gap));
}

PreTokenizer::PreTokenizer(const JsonFile& description) {
  try {
    add_steps(description);
  } catch (const std::runtime_error& error) {
    const std::string file = description.file().string();
    const std::string message = error.what();
    throw std::runtime_error(message.starts_with(file) ? message : file + ": " + message);
  }
  // The library rewrites bytes as characters at this step, so a later one would see others.
  std::size_t byte_levels = 0;
  for (const Step& step : steps_) byte_levels += step.is_byte_level() ? 1 : 0;
  if (byte_levels != 1 || !steps_.back().is_byte_level()) {
    throw std::runtime_error(
        description.file().string() +
        ": pre_tokenizer must end with its one ByteLevel step, only byte-level "
        "BPE is supported");
  }
}

PreTokenizer::~PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;

void PreTokenizer::add_steps(const JsonFile& description) {
  if (description.text("type", "") != "Sequence") {
    steps_.emplace_back(description);
    return;
  }
  for (const JsonFile& step : description.objects("pretokenizers")) add_steps(step);
}

void PreTokenizer::split(std::string_view text, const Sink& sink) const { run(0, text, sink); }

void PreTokenizer::run(std::size_t step, std::string_view text, const Sink& sink) const {
  if (step == steps_.size()) return sink(text);
  steps_[step].split(text, [&](std::string_view piece) { run(step + 1, piece, sink); });
}

}  // namespace sterna
