// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/device_backend.hpp"
#include "host/progress.hpp"
#include "host/replay/capturing_backend.hpp"
#include "host/replay/replay_window.hpp"
#include "model/transformer.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/wave_window.hpp"

namespace sterna::host {

/// The product of a window on its own: real weights, real activations, and the sums that the CPU
/// engine had.
///
/// Shapes  activations (tokens, weights.cols()), sums (tokens, weights.rows())
struct WindowProduct {
  PackedTernary weights;
  std::vector<std::int8_t> activations;
  std::vector<std::int32_t> sums;

  [[nodiscard]] std::size_t tokens() const { return activations.size() / weights.cols(); }
};

/// Runs `prompt` through the CPU engine up to the window's layer and takes the window out of it.
/// `model` loses the layers behind it.
[[nodiscard]] WindowProduct capture_window(const ReplayWindow& window, ModelWeights& model,
                                           std::span<const TokenId> prompt, KvFormat kv,
                                           ThreadPool& pool, std::string_view isa);

/// A sum in which a device left the CPU engine.
struct WrongSum {
  std::size_t token;  // of the window
  std::size_t row;    // of the window
  std::int32_t expected;
  std::int32_t got;

  friend bool operator==(const WrongSum&, const WrongSum&) = default;
};

/// The window as one job on one device.
struct WindowRun {
  std::vector<CommandRecord> records;
  std::optional<WrongSum> wrong;  // the first
  double wall_s = 0.0;

  /// From the first cycle of the job to the last command's end.
  [[nodiscard]] std::uint64_t cycles() const;
  [[nodiscard]] sim::TmuCounters counters() const;  // of all commands
};

/// Errors  those of the device
[[nodiscard]] WindowRun run_window(const WindowProduct& product, const std::string& name,
                                   sim::TmuDevice& device);

/// The window's cycles in closed form.
[[nodiscard]] double estimate_window(std::span<const CommandRecord> records,
                                     const sim::HardwareConfig& hardware);

/// Cycles [start, stop) of the wave as a user gives them; the whole job where they are left out.
/// Errors  std::invalid_argument, one sentence: an empty window, or one beyond the job's `cycles`
[[nodiscard]] IndexRange find_trace(std::optional<std::uint64_t> start,
                                    std::optional<std::uint64_t> stop, std::uint64_t cycles);

}  // namespace sterna::host
