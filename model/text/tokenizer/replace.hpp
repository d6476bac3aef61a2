// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sterna {

/// The text with `with` in place of every `what`, which is not empty.
[[nodiscard]] inline std::string replace_all(std::string_view text, std::string_view what,
                                             std::string_view with) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, from)) {
    out.append(text.substr(from, at - from)).append(with);
    from = at + what.size();
  }
  return out.append(text.substr(from));
}

}  // namespace sterna
