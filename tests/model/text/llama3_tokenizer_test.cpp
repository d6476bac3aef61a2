// SPDX-License-Identifier: Apache-2.0

// LLaMA-3's tokenizer, which the published 2B4T uses, on the cases that llama.cpp publishes for it.
// Its file is a list of tokens by rank; the merges of a tokenizer.json follow from the ranks: a
// token is made of the two parts that remain when only lower ranks may merge.

#include <sstream>
#include <unordered_map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/text/tokenizer.hpp"
#include "model/text/utf8.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using Ranks = std::unordered_map<std::string, std::uint32_t>;

std::string from_base64(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(c));
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8));
  }
  return bytes;
}

Ranks read_ranks(const std::filesystem::path& file) {
  std::istringstream lines(read_file(file));
  Ranks ranks;
  std::string token;
  std::uint32_t rank = 0;
  while (lines >> token >> rank) ranks.emplace(from_base64(token), rank);
  return ranks;
}

// The two parts of a token; empty for a single byte and for a token that no merge makes.
std::vector<std::string> parts_of(const std::string& token, std::uint32_t rank,
                                  const Ranks& ranks) {
  std::vector<std::string> parts;
  for (const char byte : token) parts.emplace_back(1, byte);
  while (parts.size() > 2) {
    std::size_t best = parts.size();
    std::uint32_t best_rank = rank;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find(parts[i] + parts[i + 1]);
      if (found != ranks.end() && found->second < best_rank) {
        best = i;
        best_rank = found->second;
      }
    }
    if (best == parts.size()) return {};
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  return parts.size() == 2 ? parts : std::vector<std::string>();
}

std::string written(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    // Bytes below 33, 127 to 160 and 173 are the 68 that follow U+0100, in this order.
    const bool is_itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    const std::uint32_t moved = byte < 33 ? byte : byte == 173 ? 67U : byte - 127U + 33U;
    text += utf8_of(is_itself ? byte : 0x100 + moved);
  }
  return text;
}

nlohmann::json tokenizer_json(const Ranks& ranks) {
  std::vector<std::string> by_rank(ranks.size());
  for (const auto& [token, rank] : ranks) by_rank.at(rank) = token;
  nlohmann::json vocab = nlohmann::json::object();
  nlohmann::json merges = nlohmann::json::array();
  for (std::uint32_t rank = 0; rank < by_rank.size(); ++rank) {
    vocab[written(by_rank[rank])] = rank;
    const std::vector<std::string> parts = parts_of(by_rank[rank], rank, ranks);
    if (!parts.empty()) merges.push_back({written(parts[0]), written(parts[1])});
  }
  nlohmann::json json = nlohmann::json::parse(R"json({
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "behavior": "Isolated", "pattern": {"Regex":
"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "ignore_merges": true}})json");
  json["model"]["vocab"] = std::move(vocab);
  json["model"]["merges"] = std::move(merges);
  return json;
}

std::vector<std::string> split_cases(const std::string& text) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> cases;
  std::size_t begin = 0;
  for (std::size_t end = text.find(separator); end != std::string::npos;
       end = text.find(separator, begin)) {
    cases.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  return cases;
}

TEST(Llama3Tokenizer, GivesThePublishedIds) {
  const std::filesystem::path folder = data_folder() / "tokenizers";
  if (!std::filesystem::exists(folder / "llama3.tokenizer.model")) {
    GTEST_SKIP() << folder << " has no llama3.tokenizer.model";
  }
  const ScratchFolder scratch;
  const std::filesystem::path file = scratch.path() / "tokenizer.json";
  write_file(file, tokenizer_json(read_ranks(folder / "llama3.tokenizer.model")).dump());
  const Tokenizer tokenizer(file);
  EXPECT_EQ(tokenizer.vocab(), 128000U);

  const std::vector<std::string> texts =
      split_cases(read_file(folder / "ggml-vocab-llama-bpe.gguf.inp"));
  std::istringstream lines(read_file(folder / "ggml-vocab-llama-bpe.gguf.out"));
  ASSERT_GE(texts.size(), 46U);
  for (const std::string& text : texts) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    std::istringstream numbers(line);
    std::vector<TokenId> ids;
    for (TokenId id = 0; numbers >> id;) ids.push_back(id);
    EXPECT_EQ(tokenizer.encode(text), ids) << text;
    EXPECT_EQ(tokenizer.decode(ids), text);
  }
}

}  // namespace
}  // namespace sterna
