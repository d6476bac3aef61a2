// SPDX-License-Identifier: Apache-2.0
#include "rtl/tmu_unit.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include <verilated.h>

#include "Vtmu.h"
#include "rtl/verilator_print.hpp"
#if VM_TRACE
#include <verilated_fst_c.h>
#endif
#if VM_COVERAGE
#include <atomic>
#include <cstdlib>

#include <unistd.h>
#endif

#if VM_COVERAGE
namespace {

// Writes the counts of a unit to a file of its own in STERNA_RTL_COVERAGE_DIR, if that is set.
void write_coverage(VerilatedContext& context) {
  static std::atomic<int> units = 0;
  const char* folder = std::getenv("STERNA_RTL_COVERAGE_DIR");
  if (folder == nullptr) return;
  const std::string name = std::to_string(getpid()) + "-" + std::to_string(units++);
  context.coveragep()->write((std::string(folder) + "/" + name + ".dat").c_str());
}

}  // namespace
#endif

// Compiled with the sizes that rtl/build_library.sh verilated: STERNA_LANES and so on.

namespace {

// The unit whose evaluation is running; Verilator's messages belong to it.
thread_local std::string* current_message = nullptr;

}  // namespace

// The first text of a unit is kept.
int sterna_tmu_print(const char* format, ...) {
  char text[1024];
  std::va_list args;
  va_start(args, format);
  const int written = std::vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (current_message != nullptr && current_message->empty()) *current_message = text;
  return written;
}

namespace sterna {
namespace {

constexpr TmuUnitParameters kParameters = {
    .lanes = STERNA_LANES,
    .engines = STERNA_ENGINES,
    .slices = STERNA_SLICES,
    .activation_words = STERNA_ACT_WORDS,
    .chunks = STERNA_CHUNKS,
    .weight_fifo_beats = STERNA_WEIGHT_FIFO_BEATS,
    .result_fifo_beats = STERNA_RESULT_FIFO_BEATS,
#ifdef STERNA_ASSERTIONS
    .assertions = true,
#else
    .assertions = false,
#endif
    .trace = VM_TRACE != 0,
};
constexpr std::size_t kBeatBytes = STERNA_LANES / 5;
constexpr int kResetClocks = 2;

class VerilatedTmuUnit final : public TmuUnit {
 public:
  VerilatedTmuUnit() {
    context_.fatalOnError(false);
    context_.traceEverOn(kParameters.trace);
    top_ = std::make_unique<Vtmu>(&context_, "tmu");
    reset();
  }

  ~VerilatedTmuUnit() override {
    stop_trace();
    top_->final();
#if VM_COVERAGE
    write_coverage(context_);
#endif
  }

  [[nodiscard]] const TmuUnitParameters& parameters() const override { return kParameters; }

  void step() override {
    drive();
    clock();
    ++cycles_;
    sample();
  }

  void reset() override {
    in = {};
    drive();
    top_->rst_ni = 0;
    for (int i = 0; i < kResetClocks; ++i) clock();
    top_->rst_ni = 1;
    context_.errorCount(0);
    message_.clear();
    cycles_ = 0;
    evaluate();
    sample();
  }

  [[nodiscard]] std::uint64_t cycles() const override { return cycles_; }

  [[nodiscard]] std::uint64_t counter(std::uint32_t selector) override {
    top_->counter_sel_i = static_cast<CData>(selector);
    evaluate();
    return top_->counter_o;
  }

  [[nodiscard]] std::uint64_t errors() const override {
    return static_cast<std::uint64_t>(context_.errorCount());
  }
  [[nodiscard]] const char* first_error() const override { return message_.c_str(); }

#if VM_TRACE
  bool start_trace(const char* path) override {
    stop_trace();
    trace_ = std::make_unique<VerilatedFstC>();
    top_->trace(trace_.get(), kTraceLevels);
    trace_->open(path);
    return trace_->isOpen();
  }
  void stop_trace() override { trace_.reset(); }
#else
  bool start_trace(const char* /*path*/) override { return false; }
  void stop_trace() override {}
#endif

 private:
  void drive() {
    top_->cmd_valid_i = in.cmd_valid;
    top_->cmd_tokens_i = in.cmd_tokens;
    top_->cmd_beats_i = in.cmd_beats;
    top_->cmd_rows_i = in.cmd_rows;
    top_->cmd_t2_i = in.cmd_t2;
    top_->cmd_keep_i = in.cmd_keep;
    top_->act_valid_i = in.act_valid;
    if (in.act_valid) std::memcpy(&top_->act_data_i, in.act_data, TmuUnitInputs::kActivationBytes);
    top_->weight_valid_i =
        static_cast<std::remove_reference_t<decltype(top_->weight_valid_i)>>(in.weight_valid);
    auto* weights = reinterpret_cast<std::uint8_t*>(&top_->weight_data_i);
    for (std::uint32_t e = 0; e < kParameters.engines; ++e) {
      if ((in.weight_valid >> e & 1U) == 0) continue;
      std::memcpy(weights + e * kBeatBytes, in.weight_data[e], kBeatBytes);
    }
    top_->result_ready_i = in.result_ready;
    top_->rsp_ready_i = in.rsp_ready;
    top_->abort_i = in.abort;
  }

  void sample() {
    out.weight_ready = top_->weight_ready_o;
    out.cmd_ready = top_->cmd_ready_o != 0;
    out.act_ready = top_->act_ready_o != 0;
    out.result_valid = top_->result_valid_o != 0;
    out.rsp_valid = top_->rsp_valid_o != 0;
    out.rsp_status = top_->rsp_status_o;
    if (out.result_valid) std::memcpy(results_, &top_->result_data_o, sizeof(results_));
    out.result_data = results_;
  }

  void clock() {
    top_->clk_i = 0;
    evaluate();
    top_->clk_i = 1;
    evaluate();
  }

  void evaluate() {
    current_message = &message_;
    top_->eval();
    current_message = nullptr;
#if VM_TRACE
    if (trace_) trace_->dump(context_.time());
#endif
    context_.timeInc(1);
  }

  VerilatedContext context_;
  std::unique_ptr<Vtmu> top_;
#if VM_TRACE
  static constexpr int kTraceLevels = 99;
  std::unique_ptr<VerilatedFstC> trace_;
#endif
  std::uint64_t cycles_ = 0;
  std::string message_;
  std::int32_t results_[STERNA_ENGINES * STERNA_SLICES] = {};
};

}  // namespace
}  // namespace sterna

extern "C" __attribute__((visibility("default"))) sterna::TmuUnit* sterna_tmu_create(
    std::uint32_t abi) {
  return abi == sterna::kTmuUnitAbi ? new sterna::VerilatedTmuUnit : nullptr;
}
