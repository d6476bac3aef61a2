// SPDX-License-Identifier: Apache-2.0
#include "host/replay/wave_view.hpp"

#include <cmath>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "host/replay/wave_signals.hpp"
#include "sim/job/wave_window.hpp"

namespace sterna::host {
namespace {

constexpr std::size_t kMarkers = 26;  // A to Z

// Flags of a line, hexadecimal, as GTKWave numbers them.
constexpr std::string_view kComment = "@200";
constexpr std::string_view kGroupBegin = "@800200";
constexpr std::string_view kGroupEnd = "@1000200";
constexpr std::string_view kClosedBegin = "@c00200";
constexpr std::string_view kClosedEnd = "@1401200";

std::string_view flag_of(Radix radix) {
  switch (radix) {
    case Radix::Hex:
      return "@22";
    case Radix::Unsigned:
      return "@24";
    case Radix::Signed:
      return "@420";
    default:
      return "@28";
  }
}

// The name under which GTKWave files a signal: of a vector of one bit it drops half of the range.
std::string name_of(const WaveSignal& signal) {
  switch (signal.width) {
    case 0:
      return signal.path;
    case 1:
      return signal.path + "[0]";
    default:
      return fmt::format("{}[{}:0]", signal.path, signal.width - 1);
  }
}

std::string line_of(const WaveSignal& signal) {
  const std::string name = name_of(signal);
  if (signal.part_width == 0) {
    return signal.alias.empty() ? name : fmt::format("+{{{}}} {}", signal.alias, name);
  }
  // Bits are counted from the left.
  std::string line = fmt::format("#{{{}}}", signal.alias);
  for (std::uint32_t i = 0; i < signal.part_width; ++i) {
    line += fmt::format(" ({}){}", signal.width - signal.part_lsb - signal.part_width + i, name);
  }
  return line;
}

std::string text_of(const WaveGroup& group) {
  std::string text =
      fmt::format("{}\n-{}\n", group.closed ? kClosedBegin : kGroupBegin, group.name);
  for (const WaveSignal& signal : group.signals) {
    text += fmt::format("{}\n{}\n", flag_of(signal.radix), line_of(signal));
  }
  return text + fmt::format("{}\n-{}\n", group.closed ? kClosedEnd : kGroupEnd, group.name);
}

std::string comment(std::string_view line) { return fmt::format("{}\n-{}\n", kComment, line); }

// Tokens, beats and rows as the command names them.
std::string describe(const CommandRecord& record) {
  const sim::TmuCommand& command = record.command;
  if (command.columns != 0) {
    return fmt::format("cycles {} to {}: {} of {} columns x {} beats x {} rows",
                       record.report.accept_cycle, record.report.done_cycle, record.nonzero_columns,
                       command.columns, command.beats, command.rows);
  }
  return fmt::format("cycles {} to {}: {} x {} beats x {} rows", record.report.accept_cycle,
                     record.report.done_cycle, command.tokens, command.beats, command.rows);
}

}  // namespace

std::string gtkwave_save_file(const WaveView& view, const sim::HardwareConfig& hardware) {
  // 200 pixels are 2^-zoom units of time; about 800 of a window of 1500 show waves.
  constexpr double kFrames = 4;
  const std::uint64_t start = view.cycles.first * sim::WaveWindow::kCyclePs;
  const double length = static_cast<double>(view.cycles.count() * sim::WaveWindow::kCyclePs);
  std::string text = fmt::format(
      "[*] {}\n[*] a cycle is 1 ns\n[dumpfile] \"{}\"\n[savefile] \"{}\"\n[timestart] {}\n"
      "[size] 1500 950\n[pos] -1 -1\n*{:.6f} {}",
      fmt::join(view.title, ", "), view.waves.string(), view.save_file.string(), start,
      -std::log2(length / kFrames), start);
  std::string comments;
  for (const std::string& line : view.title) comments += comment(line);
  std::size_t markers = 0;
  for (const CommandRecord& record : view.records) {
    const std::uint64_t accepted = record.report.accept_cycle;
    const bool shown = accepted < view.cycles.last && record.report.done_cycle >= view.cycles.first;
    if (!shown || markers == kMarkers) continue;
    if (accepted < view.cycles.first) {
      comments += comment("under way: " + describe(record));
      continue;
    }
    text += fmt::format(" {}", accepted * sim::WaveWindow::kCyclePs);
    comments +=
        comment(fmt::format("{}: {}", static_cast<char>('A' + markers++), describe(record)));
  }
  for (; markers < kMarkers; ++markers) text += " -1";
  text += "\n[sst_width] 220\n[signals_width] 330\n[sst_expanded] 1\n" + comments;
  for (const WaveGroup& group : wave_groups(hardware)) text += text_of(group);
  return text;
}

}  // namespace sterna::host
