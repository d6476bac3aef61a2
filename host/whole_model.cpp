// SPDX-License-Identifier: Apache-2.0
#include "host/whole_model.hpp"

namespace sterna::host {
namespace {

PassTime pass_time(const ModelConfig& model, const sim::HardwareConfig& hardware,
                   const sim::HostConfig& host, const PassAnalysis& pass, const HostWork& work) {
  return {.tokens = pass.tokens,
          .device_s = pass.seconds(hardware),
          .host = host_time(work, jobs_of_pass(model), host)};
}

}  // namespace

std::string_view PassTime::bound_by() const {
  std::string_view name = "unit";
  double most = device_s;
  for (const NamedHostPart& part : named_host_parts()) {
    if (host.*part.field > most) {
      most = host.*part.field;
      name = part.name;
    }
  }
  return name;
}

PassTime decode_step(const ModelConfig& model, const sim::HardwareConfig& hardware,
                     const sim::HostConfig& host, std::size_t batch, std::size_t context,
                     double zeros) {
  return pass_time(model, hardware, host, analyze_pass(model, hardware, batch, zeros),
                   count_decode_step(model, batch, context));
}

PassTime prompt_pass(const ModelConfig& model, const sim::HardwareConfig& hardware,
                     const sim::HostConfig& host, std::size_t tokens) {
  return pass_time(model, hardware, host, analyze_pass(model, hardware, tokens),
                   count_host_work(model, 0, tokens, 1));
}

std::vector<GridStep> decode_grid(const ModelConfig& model, const sim::HardwareConfig& hardware,
                                  const sim::HostConfig& host, double zeros) {
  std::vector<GridStep> grid;
  for (const std::size_t batch : kGridBatches) {
    // The unit's time does not depend on the context.
    PassTime step = decode_step(model, hardware, host, batch, 0, zeros);
    for (const std::size_t context : kGridContexts) {
      step.host = host_time(count_decode_step(model, batch, context), jobs_of_pass(model), host);
      grid.push_back({batch, context, step});
    }
  }
  return grid;
}

}  // namespace sterna::host
