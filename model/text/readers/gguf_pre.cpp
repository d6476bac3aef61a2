// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/gguf_pre.hpp"

#include <algorithm>

#include "model/text/readers/rank_file.hpp"
#include "model/text/tokenizer/pre_tokenizer.hpp"

namespace sterna {
namespace {

// Like LLaMA-3's but for single digits.
constexpr const char* kQwen2Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

}  // namespace

std::span<const GgufPre> gguf_pres() {
  static const std::vector<GgufPre> table{
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon_e", "falcon-e", "falcon-h1",
        "pixtral"},
       {kLlama3Pattern},
       true,
       true,
       false},
      {{"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez"}, {kQwen2Pattern}, false, false, true},
      {{"gpt-2", "gpt2", "gpt-neox", "phi-2", "olmo", "mpt", "jais", "stablelm"},
       {kByteLevelPattern},
       false,
       false,
       false},
      {{"starcoder", "refact", "command-r", "smollm", "codeshell"},
       {"\\p{N}", kByteLevelPattern},
       false,
       false,
       false},
      {{"falcon"},
       {"[\\p{P}$+<=>^~|`]+", kByteLevelPattern, "[0-9][0-9][0-9]"},
       false,
       false,
       false},
      {{"default"},
       {"[\\p{P}$+<=>^~|]+", kByteLevelPattern, "\\p{N}+", "[0-9][0-9][0-9]"},
       false,
       false,
       false}};
  return table;
}

std::string gguf_pre_name(const GgufFile& file) {
  constexpr std::size_t kLlama3Tokens = 128256;
  constexpr std::size_t kLlama3Begin = 128000;
  std::string name = file.text("tokenizer.ggml.pre", "");
  if (!name.empty()) return name;
  const std::vector<std::string_view> tokens = file.texts("tokenizer.ggml.tokens");
  const bool is_llama3 =
      tokens.size() == kLlama3Tokens && tokens[kLlama3Begin] == "<|begin_of_text|>";
  return is_llama3 ? "llama-bpe" : "";
}

const GgufPre* find_gguf_pre(std::string_view name) {
  for (const GgufPre& pre : gguf_pres()) {
    if (std::find(pre.names.begin(), pre.names.end(), name) != pre.names.end()) return &pre;
  }
  return nullptr;
}

}  // namespace sterna
