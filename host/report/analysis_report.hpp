// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "host/whole_model.hpp"
#include "sim/energy/energy.hpp"

namespace sterna::host {

/// What `sterna analyze` shows.
struct Analysis {
  std::string model_source;
  ModelConfig model;
  sim::HardwareConfig hardware;
  sim::HostConfig host;
  std::span<const sim::EnergyTable> tables;
  double zeros;          // assumed at the input of down, where columns can be left out
  std::size_t context;   // tokens in the cache of each sequence of the decode step
  PassAnalysis decode;   // of one token of each sequence
  PassAnalysis prefill;  // of a prompt

  /// Both with the host's share.
  [[nodiscard]] PassTime decode_time() const;
  [[nodiscard]] PassTime prefill_time() const;
};

[[nodiscard]] std::string to_table(const Analysis& analysis);
[[nodiscard]] std::string to_json_text(const Analysis& analysis);

}  // namespace sterna::host
