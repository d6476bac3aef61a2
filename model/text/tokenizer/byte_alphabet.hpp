// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sterna {

/// The bytes that a byte-level token stands for. Such files write each byte as one printable
/// character: bytes 33-126, 161-172 and 174-255 as themselves, the other 68 as U+0100 onwards.
/// Nothing when the token has any other character; it then stands for its own UTF-8 bytes.
///
/// Source  the byte-to-unicode table of GPT-2's tokenizer
[[nodiscard]] std::optional<std::string> alphabet_bytes(std::string_view token);

}  // namespace sterna
