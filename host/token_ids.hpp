// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "model/config.hpp"

namespace sterna::host {

/// Token ids as a user names them: "1,2,3", or an .npy file of integers in one dimension.
/// Errors  std::invalid_argument or std::runtime_error, one sentence: no ids, a word that is no number,
///         an id outside the vocabulary, more ids than the model's context
[[nodiscard]] std::vector<TokenId> read_token_ids(const std::string& text_or_file,
                                                  const ModelConfig& config);

}  // namespace sterna::host
