// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "host/replay/replay.hpp"

namespace sterna::host {

/// Everything that a replay found out.
struct ReplayReport {
  std::string sterna_version;
  std::string model_source;
  std::string hardware_file;
  const sim::HardwareConfig& hardware;
  ReplayWindow window;
  std::size_t matrix_rows;    // of which the window has some
  std::size_t prompt_tokens;  // likewise
  WindowRun systemc;
  std::optional<WindowRun> rtl;  // none when it stopped with an error
  std::string rtl_error;
  double closed_form_cycles;
  IndexRange trace;  // cycles drawn
  std::filesystem::path folder;
  std::uint64_t wave_bytes;

  [[nodiscard]] bool sums_equal() const;    // RTL, SystemC model and CPU engine
  [[nodiscard]] bool cycles_equal() const;  // RTL and SystemC, every command and counter
  [[nodiscard]] bool equal() const { return sums_equal() && cycles_equal(); }
};

inline constexpr std::string_view kWavesName = "waves.fst";
inline constexpr std::string_view kSaveFileName = "waves.gtkw";
inline constexpr std::string_view kReplayJsonName = "replay.json";

/// Short lines that name the window.
[[nodiscard]] std::vector<std::string> title_of(const ReplayReport& report);

[[nodiscard]] nlohmann::ordered_json to_json(const ReplayReport& report);
[[nodiscard]] std::string to_table(const ReplayReport& report);

}  // namespace sterna::host
