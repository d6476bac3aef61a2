// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/perplexity.hpp"
#include "model/text/tokenizer/tokenizer.hpp"

namespace sterna {

/// How a text is cut into windows and which tokens count. Perplexities of one text under two protocols
/// are two different quantities (docs/text.md).
struct EvalProtocol {
  enum class Rule : std::uint8_t {
    Plain,  // windows one after the other, the last one shorter; no BOS; all but its first token
    FullWindows,  // the same after the tokenizer's BOS, without the rest that fills no window
    Lines,  // lines that are not empty, an EOS after each, packed whole into windows that start
            // with a BOS; a line that fits no window is left out
    SecondHalf,  // full windows, the first token of each replaced by the BOS; the second half counts
  };
  std::string_view name;
  Rule rule;
  std::size_t window_tokens;
  std::size_t text_characters;  // of the text that are used; 0: all
  std::string_view what;        // one line for help
};

/// All protocols; the first is the default.
[[nodiscard]] std::span<const EvalProtocol> eval_protocols();

/// The protocol with that name.
/// Errors  std::invalid_argument listing the names
[[nodiscard]] const EvalProtocol& eval_protocol(std::string_view name);

/// A text as a protocol scores it. `most_tokens`: of the text that are used; 0: all. `special` names
/// the BOS and EOS where the tokenizer adds none.
/// Errors  std::invalid_argument: not UTF-8, too short, or no BOS or EOS for a rule that needs one
[[nodiscard]] std::vector<EvalWindow> make_windows(const EvalProtocol& protocol,
                                                   const Tokenizer& tokenizer,
                                                   const SpecialTokens& special,
                                                   std::string_view text, std::size_t most_tokens);

}  // namespace sterna
