// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/axi/axi_rig.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace sterna {

const std::vector<AxiDesign> kAxiDesigns = {
    {"odd", {80, 3, 2, 24, 5, 2, 2, 4, 8, 3, 2, 40, 256, 3}},
    {"narrow", {160, 1, 3, 12, 4, 4, 3, 8, 16, 2, 8, 32, 512, 2}},
    {"edge", {80, 4, 2, 512, 32, 16, 16, 16, 64, 8, 4, 64, 128, 0}},
};

void PrintTo(const AxiDesign& design, std::ostream* out) { *out << design.name; }

std::unique_ptr<TmuAxiUnit> open_axi_unit(const AxiDesign& design) {
  const char* folder = std::getenv("STERNA_RTL_AXI_LIBRARIES");
  const auto in = [&](const std::string& libraries) {
    return libraries + "/" + design.name + "/libtmu_axi.so";
  };
  const bool other = folder != nullptr && std::filesystem::exists(in(folder));
  const std::string path = in(other ? folder : STERNA_RTL_AXI);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto create = reinterpret_cast<TmuAxiUnitFactory>(dlsym(library, kTmuAxiUnitFactory));
  std::unique_ptr<TmuAxiUnit> unit(create == nullptr ? nullptr : create(kTmuAxiUnitAbi));
  if (!unit || !(unit->parameters() == design.sizes)) {
    throw std::runtime_error(path + " was built for other sizes; build rtl_axi_libraries");
  }
  return unit;
}

TmuUnitParameters inner_unit(const TmuAxiParameters& sizes) {
  return {.lanes = sizes.lanes,
          .engines = sizes.engines,
          .slices = sizes.slices,
          .activation_words = sizes.activation_words,
          .chunks = sizes.chunks,
          .weight_fifo_beats = sizes.weight_fifo_beats,
          .result_fifo_beats = sizes.result_fifo_beats,
          .assertions = true,
          .trace = false};
}

AxiRig::AxiRig(const AxiDesign& design, const AxiTraffic& traffic)
    : memory(design.sizes, kBase, kBytes), design_(design), unit_(open_axi_unit(design)) {
  memory.traffic = traffic;
  memory.reseed(traffic.seed);
  configure();
}

void AxiRig::configure(std::uint32_t watchdog) {
  EXPECT_EQ(write(axi::Reg::Control, 0), 0);
  set64(axi::Reg::RingBaseLo, map.ring);
  write(axi::Reg::RingSize, kRingLog2);
  set64(axi::Reg::CompletionBaseLo, map.completions);
  set64(axi::Reg::WindowBaseLo, map.window);
  set64(axi::Reg::WindowLimitLo, map.limit);
  EXPECT_EQ(write(axi::Reg::Watchdog, watchdog), 0) << "the unit is busy";
  write(axi::Reg::IrqEnable, 7);
  EXPECT_EQ(write(axi::Reg::Control, axi::control::kEnable), 0);
}

void AxiRig::reset() {
  unit_->reset();
  memory.reset();
  free_ = map.commands;
  next_ = 0;
}

void AxiRig::step() {
  memory.drive(*unit_);
  unit_->step();
}

bool AxiRig::run_until(const std::function<bool()>& done, std::uint64_t most_cycles) {
  const std::uint64_t start = unit_->cycles();
  while (!done()) {
    if (unit_->cycles() - start > most_cycles) return false;
    step();
  }
  return true;
}

///////////////
// Registers //
///////////////

std::uint8_t AxiRig::write_at(std::uint32_t address, std::uint32_t value, std::uint8_t strobes) {
  auto& in = unit_->in;
  in.lite_aw_valid = in.lite_w_valid = true;
  in.lite_aw_addr = static_cast<std::uint16_t>(address);
  in.lite_w_data = value;
  in.lite_w_strb = strobes;
  in.lite_b_ready = true;
  while (true) {
    const bool aw = in.lite_aw_valid && unit_->out.lite_aw_ready;
    const bool w = in.lite_w_valid && unit_->out.lite_w_ready;
    const bool b = unit_->out.lite_b_valid;
    const std::uint8_t resp = unit_->out.lite_b_resp;
    step();
    if (aw) in.lite_aw_valid = false;
    if (w) in.lite_w_valid = false;
    if (b) {
      in.lite_b_ready = false;
      return resp;
    }
  }
}

std::uint8_t AxiRig::read_at(std::uint32_t address, std::uint32_t& value) {
  auto& in = unit_->in;
  in.lite_ar_valid = true;
  in.lite_ar_addr = static_cast<std::uint16_t>(address);
  in.lite_r_ready = true;
  while (true) {
    const bool ar = in.lite_ar_valid && unit_->out.lite_ar_ready;
    const bool r = unit_->out.lite_r_valid;
    const std::uint8_t resp = unit_->out.lite_r_resp;
    value = unit_->out.lite_r_data;
    step();
    if (ar) in.lite_ar_valid = false;
    if (r) {
      in.lite_r_ready = false;
      return resp;
    }
  }
}

std::uint8_t AxiRig::write(axi::Reg reg, std::uint32_t value) {
  return write_at(static_cast<std::uint32_t>(reg), value, 0xF);
}

std::uint8_t AxiRig::read(axi::Reg reg, std::uint32_t& value) {
  return read_at(static_cast<std::uint32_t>(reg), value);
}

std::uint32_t AxiRig::get(axi::Reg reg) {
  std::uint32_t value = 0;
  EXPECT_EQ(read(reg, value), 0) << "register " << static_cast<std::uint32_t>(reg);
  return value;
}

std::uint64_t AxiRig::get64(axi::Reg low) {
  const std::uint64_t value = get(low);
  return value | std::uint64_t{get(static_cast<axi::Reg>(static_cast<std::uint32_t>(low) + 4))}
                     << 32;
}

void AxiRig::set64(axi::Reg low, std::uint64_t value) {
  EXPECT_EQ(write(low, static_cast<std::uint32_t>(value)), 0);
  EXPECT_EQ(write(static_cast<axi::Reg>(static_cast<std::uint32_t>(low) + 4),
                  static_cast<std::uint32_t>(value >> 32)),
            0);
}

axi::Code AxiRig::error_code() {
  return static_cast<axi::Code>((get(axi::Reg::Status) & axi::status::kCode) >>
                                axi::status::kCodeShift);
}

//////////////
// Commands //
//////////////

std::uint64_t AxiRig::allocate(std::size_t bytes, std::size_t align) {
  const std::uint64_t address = (free_ + align - 1) / align * align;
  free_ = address + bytes;
  if (free_ > map.limit)
    throw std::runtime_error("the commands of this test do not fit in its memory");
  return address;
}

Posted AxiRig::lay_out(const Command& command, std::uint8_t flags) {
  Posted posted{command, {}, 0};
  axi::Descriptor& d = posted.descriptor;
  d.flags = static_cast<std::uint8_t>(flags | (command.t2 ? axi::kFlagT2 : 0) |
                                      (command.keep ? axi::kFlagKeep : 0));
  d.tokens = static_cast<std::uint16_t>(command.tokens);
  d.beats = static_cast<std::uint16_t>(command.beats);
  d.rows = command.rows;
  const std::size_t beat = sizes().lanes / 5;
  // Engines' streams lie apart by a beat more than they hold, so that they begin at other places of a
  // burst.
  d.weight_pitch = command.weights[0].size() + beat;
  d.weight_base = allocate(d.weight_pitch * sizes().engines, beat);
  for (std::size_t e = 0; e < sizes().engines; ++e) {
    const auto& bytes = command.weights[e];
    std::ranges::copy(bytes, memory.at(d.weight_base + e * d.weight_pitch, bytes.size()).begin());
  }
  d.activation_base = allocate(command.activations.size(), 16);
  std::memcpy(memory.at(d.activation_base, command.activations.size()).data(),
              command.activations.data(), command.activations.size());
  const std::size_t bytes = expected(posted).size() * 4;
  const std::size_t word = sizes().result_bits / 8;
  d.result_base = allocate(bytes + 2 * word, word) + word;
  for (std::uint8_t& byte : memory.at(d.result_base - word, bytes + 2 * word)) byte = kUntouched;
  free_ += word;
  return posted;
}

void AxiRig::post(Posted& posted) {
  posted.sequence = next_++;
  const std::uint64_t place = map.ring + 64ULL * (posted.sequence % (1U << kRingLog2));
  std::memcpy(memory.at(place, 64).data(), &posted.descriptor, 64);
}

axi::Completion AxiRig::completion(std::uint32_t sequence) {
  axi::Completion record;
  std::memcpy(&record,
              memory.at(map.completions + 16ULL * (sequence % (1U << kRingLog2)), 16).data(),
              sizeof(record));
  return record;
}

void AxiRig::clear_completions() {
  for (std::uint8_t& byte : memory.at(map.completions, 16U << kRingLog2)) byte = 0xFF;
}

// out[group][token][engine]
std::vector<std::int32_t> AxiRig::expected(const Posted& posted) const {
  const Command& c = posted.command;
  const std::size_t engines = sizes().engines;
  const std::size_t groups = (c.rows + engines - 1) / engines;
  std::vector<std::int32_t> sums(groups * c.tokens * engines);
  for (std::size_t t = 0; t < c.tokens; ++t) {
    for (std::size_t r = 0; r < c.rows; ++r) {
      sums[(r / engines * c.tokens + t) * engines + r % engines] = c.expected[t * c.rows + r];
    }
  }
  return sums;
}

std::vector<std::int32_t> AxiRig::results(const Posted& posted) {
  std::vector<std::int32_t> sums(expected(posted).size());
  std::memcpy(sums.data(), memory.at(posted.descriptor.result_base, sums.size() * 4).data(),
              sums.size() * 4);
  return sums;
}

void AxiRig::expect_surroundings(const Posted& posted) {
  const std::size_t word = sizes().result_bits / 8;
  const std::uint64_t base = posted.descriptor.result_base;
  for (const std::uint64_t at : {base - word, base + expected(posted).size() * 4}) {
    for (const std::uint8_t byte : memory.at(at, word)) {
      ASSERT_EQ(byte, kUntouched) << "beside the results of command " << posted.sequence;
    }
  }
}

void AxiRig::expect_done(const Posted& posted) {
  const axi::Completion record = completion(posted.sequence);
  EXPECT_EQ(record.sequence_number, posted.sequence);
  EXPECT_EQ(record.status, static_cast<std::uint32_t>(axi::Code::Done)) << posted.sequence;
  EXPECT_EQ(results(posted), expected(posted)) << "command " << posted.sequence;
  expect_surroundings(posted);
}

}  // namespace sterna
