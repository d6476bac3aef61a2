// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/pre_tokenizer.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "model/text/tokenizer/regex.hpp"
#include "model/text/tokenizer/replace.hpp"

namespace sterna {
namespace {

// U+180E was a blank in old Unicode, and PCRE2's \s still takes it; the tokenizers' engine does
// not. For matching it is replaced by another format character of the same length, U+200E.
constexpr std::string_view kOldBlank = "\xE1\xA0\x8E";
constexpr std::string_view kFormatCharacter = "\xE2\x80\x8E";

}  // namespace

// One step: cuts a piece at the matches of a regex, or puts a blank or a mark before it, or both.
class PreTokenizer::Step {
 public:
  explicit Step(const JsonFile& description);
  explicit Step(Regex regex) : regex_(std::move(regex)) {}

  [[nodiscard]] bool is_byte_level() const { return is_byte_level_; }

  void split(std::string_view text, bool begins, const Sink& sink) const {
    if (!mark_.empty()) return split_at_marks(text, begins, sink);
    const bool needs_blank = adds_blank_ && !text.starts_with(' ');
    if (!needs_blank) return cut(text, sink);
    std::string with_blank(" ");
    with_blank.append(text);
    cut(with_blank, sink);
  }

 private:
  enum class MarkBefore : std::uint8_t { Never, FirstPiece, EveryPiece };

  void read_split(const JsonFile& description);
  void read_punctuation(const JsonFile& description);
  void read_metaspace(const JsonFile& description);
  void cut(std::string_view text, const Sink& sink) const;
  void split_at_marks(std::string_view text, bool begins, const Sink& sink) const;

  std::optional<Regex> regex_;
  bool is_byte_level_ = false;
  bool adds_blank_ = false;
  bool keeps_matches_ = true;  // as pieces
  bool keeps_gaps_ = true;     // between matches, as pieces

  std::string mark_;  // Metaspace only: what stands for a blank
  MarkBefore mark_before_ = MarkBefore::EveryPiece;
  bool cuts_at_marks_ = true;
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
  } else if (type == "Punctuation") {
    read_punctuation(description);
  } else if (type == "Metaspace") {
    read_metaspace(description);
  } else {
    description.refuse(
        "type", "only ByteLevel, Split, Digits, Punctuation, Metaspace and Sequence are supported");
  }
}

void PreTokenizer::Step::read_split(const JsonFile& description) {
  const std::string behavior = description.text("behavior", "");
  if (behavior != "Isolated" && behavior != "Removed") {
    description.refuse("behavior", "only Isolated and Removed are supported");
  }
  if (behavior == "Removed") {
    const bool invert = description.boolean("invert", false);
    (invert ? keeps_gaps_ : keeps_matches_) = false;
  }
  regex_.emplace(read_regex(description.object("pattern")));
}

// What the library takes for punctuation: Unicode's, and the symbols of ASCII.
void PreTokenizer::Step::read_punctuation(const JsonFile& description) {
  const std::string behavior = description.text("behavior", "Isolated");
  if (behavior != "Isolated" && behavior != "Contiguous") {
    description.refuse("behavior", "only Isolated and Contiguous are supported");
  }
  const std::string one = "[\\p{P}$+<=>^`|~]";
  regex_.emplace(behavior == "Contiguous" ? one + "+" : one, Regex::Kind::Pattern);
}

void PreTokenizer::Step::read_metaspace(const JsonFile& description) {
  mark_ = description.text("replacement", "\xE2\x96\x81");
  if (mark_.empty()) description.refuse("replacement", "one character is expected");
  const std::string scheme = description.text(
      "prepend_scheme", description.boolean("add_prefix_space", true) ? "always" : "never");
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    description.refuse("prepend_scheme", "always, first or never is expected");
  }
  mark_before_ = scheme == "always"  ? MarkBefore::EveryPiece
                 : scheme == "first" ? MarkBefore::FirstPiece
                                     : MarkBefore::Never;
  cuts_at_marks_ = description.boolean("split", true);
}

void PreTokenizer::Step::split_at_marks(std::string_view text, bool begins,
                                        const Sink& sink) const {
  std::string marked = replace_all(text, " ", mark_);
  const bool wants_mark =
      mark_before_ == MarkBefore::EveryPiece || (mark_before_ == MarkBefore::FirstPiece && begins);
  if (wants_mark && !marked.starts_with(mark_)) marked.insert(0, mark_);
  if (!cuts_at_marks_) return sink(marked);
  std::string_view rest = marked;
  while (!rest.empty()) {
    const std::size_t next = std::min(rest.find(mark_, 1), rest.size());
    sink(rest.substr(0, next));
    rest.remove_prefix(next);
  }
}

void PreTokenizer::Step::cut(std::string_view text, const Sink& sink) const {
  if (!regex_) return sink(text);
  const bool has_old_blank = text.find(kOldBlank) != std::string_view::npos;
  const std::string replaced =
      has_old_blank ? replace_all(text, kOldBlank, kFormatCharacter) : std::string();
  const std::string_view subject = has_old_blank ? replaced : text;

  std::size_t gap = 0;  // where the text after the last match begins
  while (gap < text.size()) {
    const std::optional<TextRange> match = regex_->find(subject, gap);
    if (!match) break;
    if (keeps_gaps_ && match->begin > gap) sink(text.substr(gap, match->begin - gap));
    if (keeps_matches_) sink(text.substr(match->begin, match->end - match->begin));
    gap = match->end;
  }
  if (keeps_gaps_ && gap < text.size()) sink(text.substr(gap));
}

PreTokenizer::PreTokenizer() = default;
PreTokenizer::~PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;

PreTokenizer::PreTokenizer(const JsonFile& description) {
  add_steps(description);
  // The library rewrites bytes as characters at this step, so a later one would see others.
  const auto byte_levels =
      std::count_if(steps_.begin(), steps_.end(), [](const Step& s) { return s.is_byte_level(); });
  if (byte_levels > 1 || (byte_levels == 1 && !is_byte_level())) {
    throw std::runtime_error(description.file().string() +
                             ": pre_tokenizer has a step behind ByteLevel, which must be the last");
  }
}

bool PreTokenizer::is_byte_level() const {
  return !steps_.empty() && steps_.back().is_byte_level();
}

void PreTokenizer::add_split(const std::string& pattern) {
  steps_.emplace_back(Regex(pattern, Regex::Kind::Pattern));
}

void PreTokenizer::add_steps(const JsonFile& description) {
  if (description.text("type", "") != "Sequence") {
    steps_.emplace_back(description);
    return;
  }
  for (const JsonFile& step : description.objects("pretokenizers")) add_steps(step);
}

void PreTokenizer::split(std::string_view text, bool begins, const Sink& sink) const {
  run(0, text, begins, sink);
}

void PreTokenizer::run(std::size_t step, std::string_view text, bool begins,
                       const Sink& sink) const {
  if (step == steps_.size()) return sink(text);
  bool is_first = begins;
  steps_[step].split(text, begins, [&](std::string_view piece) {
    run(step + 1, piece, is_first, sink);
    is_first = false;
  });
}

}  // namespace sterna
