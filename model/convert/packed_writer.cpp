// SPDX-License-Identifier: Apache-2.0
#include "model/convert/packed_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <nlohmann/json.hpp>

#include "model/formats/packed/file.hpp"

namespace sterna {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t round_up(std::uint64_t offset, std::uint64_t unit) {
  return (offset + unit - 1) / unit * unit;
}

// The decimal number that people wrote: 1e-05 and not 9.99999974737875e-06, when that reads as the same
// float32.
double decimal(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size() - 1, value).ptr;
  *end = '\0';
  const double read = std::strtod(text.data(), nullptr);
  return static_cast<float>(read) == value ? read : static_cast<double>(value);
}

bool is_matrix(const PlannedTensor& tensor) { return tensor.shape.size() == 2; }

// Where everything lies when the JSON ends at `begin`, and the JSON that says so.
struct Layout {
  Json json;
  std::vector<std::uint64_t> offsets;  // of files, then of tensors
  std::uint64_t end;
};

Layout lay_out(const Json& config, std::span<const CarriedFile> files,
               std::span<const PlannedTensor> tensors, std::uint64_t begin) {
  Layout layout{.json = {{"config", config}, {"files", Json::array()}, {"tensors", Json::array()}},
                .offsets = {},
                .end = begin};
  const auto place = [&](std::uint64_t bytes, std::uint64_t alignment) {
    layout.offsets.push_back(round_up(layout.end, alignment));
    layout.end = layout.offsets.back() + bytes;
    return layout.offsets.back();
  };
  for (const CarriedFile& file : files) {
    const std::uint64_t offset = place(file.bytes.size(), kPackedAlignment);
    layout.json["files"].push_back(
        {{"name", file.name}, {"offset", offset}, {"bytes", file.bytes.size()}});
  }
  // A small model gains nothing from huge pages, and would grow by one.
  std::uint64_t matrix_bytes = 0;
  for (const PlannedTensor& tensor : tensors) matrix_bytes += is_matrix(tensor) ? tensor.bytes : 0;
  bool at_page = matrix_bytes < 16 * kPackedPage;
  for (const PlannedTensor& tensor : tensors) {
    const bool begins_page = !at_page && is_matrix(tensor);
    at_page = at_page || begins_page;
    const std::uint64_t offset = place(tensor.bytes, begins_page ? kPackedPage : kPackedAlignment);
    layout.json["tensors"].push_back({{"name", tensor.name},
                                      {"form", tensor.type},
                                      {"rows", is_matrix(tensor) ? tensor.shape[0] : 1},
                                      {"cols", tensor.shape.back()},
                                      {"offset", offset},
                                      {"bytes", tensor.bytes}});
  }
  return layout;
}

}  // namespace

std::string config_json_text(const ModelConfig& model, const SpecialTokens& special,
                             bool has_sub_norms) {
  Json config = {{"architectures", {has_sub_norms ? "BitNetForCausalLM" : "LlamaForCausalLM"}},
                 {"model_type", has_sub_norms ? "bitnet" : "llama"},
                 {"vocab_size", model.vocab},
                 {"hidden_size", model.hidden},
                 {"intermediate_size", model.ffn},
                 {"num_hidden_layers", model.layers},
                 {"num_attention_heads", model.heads},
                 {"num_key_value_heads", model.kv_heads},
                 {"head_dim", model.head_dim},
                 {"hidden_act", model.activation == Activation::Relu2 ? "relu2" : "silu"},
                 {"max_position_embeddings", model.max_tokens},
                 {"rope_theta", decimal(model.rope_theta)},
                 {"rms_norm_eps", decimal(model.norm_eps)},
                 {"attention_bias", false},
                 {"tie_word_embeddings", model.tied_head},
                 {"bos_token_id", nullptr},
                 {"eos_token_id", nullptr},
                 {"torch_dtype", "bfloat16"},
                 {"quantization_config",
                  {{"quant_method", "bitnet"},
                   {"linear_class", "autobitlinear"},
                   {"quantization_mode", "offline"}}}};
  if (special.begin) config["bos_token_id"] = *special.begin;
  if (special.end.size() == 1) config["eos_token_id"] = special.end.front();
  if (special.end.size() > 1) config["eos_token_id"] = special.end;
  return config.dump(2) + "\n";
}

void write_packed(const std::string& config_json, std::span<const CarriedFile> files,
                  std::span<const PlannedTensor> tensors, const ByteSink& sink) {
  const Json config = Json::parse(config_json);
  // The JSON says where the data begins, which depends on its length: offsets of at most 20 digits.
  const std::uint64_t longest =
      lay_out(config, files, tensors, 0).json.dump().size() + 20 * (files.size() + tensors.size());
  const std::uint64_t begin = round_up(sizeof(PackedHeader) + longest, kPackedAlignment);
  const Layout layout = lay_out(config, files, tensors, begin);
  std::string json = layout.json.dump();
  json.resize(begin - sizeof(PackedHeader), ' ');

  PackedHeader header{.magic = {},
                      .version = kPackedVersion,
                      .zero = 0,
                      .json_bytes = json.size(),
                      .file_bytes = layout.end,
                      .json_checksum = packed_checksum(json),
                      .zeros = {}};
  std::copy(kPackedMagic.begin(), kPackedMagic.end(), header.magic.begin());
  sink(std::as_bytes(std::span(&header, 1)));
  put(sink, json);
  std::uint64_t at = begin;
  for (std::size_t i = 0; i < files.size(); ++i) {
    pad_to(sink, at, layout.offsets[i]);
    put(sink, files[i].bytes);
    at = layout.offsets[i] + files[i].bytes.size();
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t offset = layout.offsets[files.size() + i];
    pad_to(sink, at, offset);
    write_planned(tensors[i], sink);
    at = offset + tensors[i].bytes;
  }
}

}  // namespace sterna
