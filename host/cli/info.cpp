// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cli/options.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "model/formats/checkpoint.hpp"
#include "sim/hardware_yaml.hpp"

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

/// Share of zero weights over all ternary matrices.
double zero_fraction(const ModelWeights& model) {
  std::uint64_t zeros = 0;
  std::vector<Trit> row;
  for (const LayerWeights& layer : model.layers) {
    for (const TernaryLinear* m :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      row.resize(m->trits.cols());
      for (std::size_t r = 0; r < m->trits.rows(); ++r) {
        m->trits.unpack_row(r, row);
        for (Trit trit : row) zeros += trit == 0 ? 1 : 0;
      }
    }
  }
  return static_cast<double>(zeros) / static_cast<double>(model.config.ternary_weights());
}

Json describe_model(const std::string& source, std::uint64_t seed) {
  const ModelWeights model = load_model(source, seed);
  const ModelConfig& c = model.config;
  return {{"model", source},
          {"hidden", c.hidden},
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
          {"ternary_weights", c.ternary_weights()},
          {"zero_fraction", zero_fraction(model)}};
}

Json describe_hardware(const std::string& file) {
  const sim::HardwareConfig h = sim::load_hardware(file);
  const double macs =
      double{1} * h.unit.trits_per_beat(h.weight_format) * h.unit.engines * h.unit.slices;
  const double beat_gb_s = h.unit.beat_bytes() * h.unit.engines * h.clock_mhz * 1e-3;
  return {{"hardware", file},
          {"name", h.name},
          {"clock_mhz", h.clock_mhz},
          {"weight_format", h.weight_format == sim::WeightFormat::T5 ? "t5" : "t2"},
          {"lanes", h.unit.lanes},
          {"engines", h.unit.engines},
          {"slices", h.unit.slices},
          {"activation_words", h.unit.activation_words},
          {"chunks", h.unit.chunks},
          {"weight_fifo_beats", h.unit.weight_fifo_beats},
          {"result_fifo_beats", h.unit.result_fifo_beats},
          {"weight_gb_s", h.memory.weight_gb_s},
          {"peak_gmac_s", macs * h.clock_mhz * 1e-3},
          {"weight_gb_s_at_full_rate", beat_gb_s},
          {"activation_sram_kib",
           double{1} * h.unit.slices * h.unit.activation_words * h.unit.lanes / 1024}};
}

/// "name  value", a line a field.
void print_fields(const Json& fields) {
  for (const auto& [name, value] : fields.items()) {
    fmt::print("{:26}{}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
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
  const Json fields =
      is_hardware_file(what) ? describe_hardware(what) : describe_model(what, options.shared.seed);
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
                      "model folder, synthetic:NAME or hardware file [the model that ships]");
  command->add_flag("--isa", options->isa, "list the CPU kernels");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = info(*options); });
}

}  // namespace sterna::host
