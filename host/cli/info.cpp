// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cli/options.hpp"
#include "host/host_time.hpp"
#include "host/report/time_json.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/formats/inventory.hpp"
#include "model/synthetic.hpp"
#include "sim/config/hardware_yaml.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  SharedOptions shared;
  std::string what;
  bool isa = false;
};

Json describe_isa() {
  Json list = Json::array();
  const std::string_view chosen = panel_kernels().name;
  for (const PanelKernels& impl : all_panel_kernels()) {
    list.push_back(
        {{"name", impl.name}, {"supported", impl.supported()}, {"default", impl.name == chosen}});
  }
  return list;
}

/// Null for what is not known.
Json known(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

void add_config(Json& fields, const ModelConfig& c) {
  fields.update({{"hidden", c.hidden},
                 {"layers", c.layers},
                 {"heads", c.heads},
                 {"kv_heads", c.kv_heads},
                 {"head_dim", c.head_dim},
                 {"ffn", c.ffn},
                 {"vocab", c.vocab},
                 {"max_tokens", c.max_tokens},
                 {"rope_theta", c.rope_theta},
                 {"norm_eps", c.norm_eps},
                 {"activation", c.activation == Activation::Relu2 ? "relu2" : "silu"},
                 {"tied_head", c.tied_head},
                 {"ternary_weights", c.ternary_weights()}});
}

/// Random weights have no file, and every seed about the same share of zeros.
Json describe_synthetic(const std::string& source, std::uint64_t seed) {
  const ModelWeights model = load_model(source, seed);
  Json fields = {{"model", source}, {"container", "random weights"}};
  add_config(fields, model.config);
  fields["token_bytes"] = model.ternary_bytes() + model.head().bytes();
  return fields;
}

Json describe_matrices(const Inventory& inventory) {
  Json list = Json::array();
  for (const MatrixInfo& m : inventory.matrices) {
    Json entry = {{"name", m.name},           {"kind", kProjectionKinds[m.kind]},
                  {"rows", m.rows},           {"cols", m.cols},
                  {"format", m.format},       {"bytes", m.bytes},
                  {"zero_fraction", nullptr}, {"scale", nullptr}};
    if (m.zeros) {
      entry["zero_fraction"] = static_cast<double>(*m.zeros) / static_cast<double>(m.weights());
    }
    if (m.scale) entry["scale"] = *m.scale;
    list.push_back(std::move(entry));
  }
  return list;
}

/// What a model is; every matrix of it when `all`.
Json describe_model(const std::string& source, std::uint64_t seed, bool all) {
  if (synthetic_name(source)) return describe_synthetic(source, seed);
  const Inventory inventory = take_inventory(source);
  Json fields = {{"model", source}, {"container", inventory.container}};
  add_config(fields, inventory.model);
  fields["zero_fraction"] = known(inventory.zero_fraction());
  Json kinds = Json::object();
  for (std::size_t kind = 0; kind < kProjectionKinds.size(); ++kind) {
    kinds[std::string(kProjectionKinds[kind])] = known(inventory.zero_fraction(kind));
  }
  fields["zero_fraction_of"] = std::move(kinds);
  fields["matrix_format"] = inventory.matrices.front().format;
  fields["embedding_format"] = inventory.embedding.format;
  if (inventory.head) fields["head_format"] = inventory.head->format;
  fields["token_bytes"] = inventory.token_bytes();
  fields["tokenizer"] = inventory.tokenizer;
  if (inventory.special.begin) fields["bos"] = *inventory.special.begin;
  fields["eos"] = inventory.special.end;
  fields["unusual"] = inventory.unusual;
  if (all) fields["matrices"] = describe_matrices(inventory);
  return fields;
}

/// What is behind the unit: the rate for weights of the bare one, else bus and DRAM.
Json describe_memory(const sim::HardwareConfig& h) {
  if (!h.bus) return {{"weight_gb_s", h.memory.weight_gb_s}};
  const sim::DramConfig& dram = h.bus->dram;
  const double peak = dram.peak_gb_s();
  return {{"burst_beats", h.bus->burst_beats},
          {"dma_fifo_beats", h.bus->dma_fifo_beats},
          {"outstanding", h.bus->outstanding},
          {"descriptors", h.bus->descriptors},
          {"result_bits", h.bus->result_bits},
          {"bus_latency_ns", h.bus->latency_ns},
          {"dram", dram.description()},
          {"dram_peak_gb_s", std::isinf(peak) ? Json(nullptr) : Json(peak)},
          {"dram_mib", dram.bytes() == 0 ? Json(nullptr) : Json(dram.bytes() >> 20)}};
}

Json describe_hardware(const std::string& file) {
  const sim::HardwareConfig h = sim::load_hardware(file);
  const auto macs = static_cast<double>(h.unit.macs_per_cycle(h.weight_format));
  const double beat_gb_s = h.unit.beat_bytes() * h.unit.engines * h.clock_mhz * 1e-3;
  Json fields = {{"hardware", file},
                 {"name", h.name},
                 {"clock_mhz", h.clock_mhz},
                 {"weight_format", h.weight_format == sim::WeightFormat::T5 ? "t5" : "t2"},
                 {"lanes", h.unit.lanes},
                 {"engines", h.unit.engines},
                 {"slices", h.unit.slices},
                 {"activation_words", h.unit.activation_words},
                 {"chunks", h.unit.chunks},
                 {"weight_fifo_beats", h.unit.weight_fifo_beats},
                 {"result_fifo_beats", h.unit.result_fifo_beats}};
  if (h.unit.column_words != 0) fields["column_words"] = h.unit.column_words;
  fields.update(describe_memory(h));
  fields["peak_gmac_s"] = macs * h.clock_mhz * 1e-3;
  fields["weight_gb_s_at_full_rate"] = beat_gb_s;
  fields["activation_sram_kib"] =
      double{1} * h.unit.slices * h.unit.activation_words * h.unit.lanes / 1024;
  fields["host"] = to_json(host_of(h));
  return fields;
}

/// "name  value", a line a field.
void print_fields(const Json& fields) {
  const auto text = [](const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  for (const auto& [name, value] : fields.items()) {
    if (value.is_object()) {
      for (const auto& [part, number] : value.items()) {
        fmt::print("{:26}{}\n", fmt::format("{} {}", name, part), text(number));
      }
    } else if (name == "unusual") {
      for (const Json& sentence : value) {
        fmt::print("{:26}{}\n", name, sentence.get<std::string>());
      }
    } else {
      fmt::print("{:26}{}\n", name, text(value));
    }
  }
}

void print_isa(const Json& list) {
  for (const Json& isa : list) {
    fmt::print("{:26}{}{}\n", isa["name"].get<std::string>(),
               isa["supported"].get<bool>() ? "supported" : "not on this CPU",
               isa["default"].get<bool>() ? ", the default" : "");
  }
}

bool is_hardware_file(const std::string& what) {
  return what.ends_with(".yaml") || what.ends_with(".yml");
}

int info(const InfoOptions& options) {
  if (options.isa) {
    const Json list = describe_isa();
    if (options.shared.json) {
      fmt::print("{}\n", list.dump(2));
    } else {
      print_isa(list);
    }
    return kDone;
  }
  const std::string what = options.what.empty() ? options.shared.model_source() : options.what;
  const Json fields = is_hardware_file(what)
                          ? describe_hardware(what)
                          : describe_model(what, options.shared.seed, /*all=*/options.shared.json);
  if (options.shared.json) {
    fmt::print("{}\n", fields.dump(2));
  } else {
    print_fields(fields);
  }
  return kDone;
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* command = app.add_subcommand("info", "what is in a model or a hardware file");
  command->add_option("what,--model,--hw", options->what,
                      "model folder, .gguf or .sterna file, synthetic:NAME or hardware file "
                      "[the model that ships]");
  command->add_flag("--isa", options->isa, "list the CPU kernels");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = info(*options); });
}

}  // namespace sterna::host
