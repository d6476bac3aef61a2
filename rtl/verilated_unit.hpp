// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <verilated.h>
#if VM_TRACE
#include <verilated_fst_c.h>

#include "rtl/wave_time.hpp"
#endif

namespace sterna {

/// Sends what the evaluation of a unit prints to `message`, as long as it lives; the first text is kept.
class CapturedMessage {
 public:
  explicit CapturedMessage(std::string& message);
  ~CapturedMessage();
  CapturedMessage(const CapturedMessage&) = delete;
  CapturedMessage& operator=(const CapturedMessage&) = delete;
};

/// Writes the counts of a unit to a file of its own in STERNA_RTL_COVERAGE_DIR, if that is set and the
/// unit was built to count.
void write_coverage(VerilatedContext& context);

/// Writes what the code has done so far, if the library was built to record that.
void write_record();

/// A Verilated unit behind its interface of pins: clock, reset, failed assertions, waves, coverage. What
/// its pins are, the derived class says; it calls reset() when it is constructed.
///
/// Unit  the interface, with `in`, `out`, step(), reset(), cycles(), errors() and first_error()
/// Top   the class that Verilator made, with clk_i and rst_ni
template <typename Unit, typename Top>
class VerilatedUnit : public Unit {
 public:
  explicit VerilatedUnit(const char* name) {
    context_.fatalOnError(false);
    context_.traceEverOn(VM_TRACE != 0);
    top_ = std::make_unique<Top>(&context_, name);
  }

  // Verilator takes scopes off the thread's context, which is that of the unit evaluated last.
  ~VerilatedUnit() override {
    close_trace();
    Verilated::threadContextp(&context_);
    top_->final();
    write_coverage(context_);
    write_record();
    top_.reset();
  }

  void step() final {
    drive();
    draw_cycle();
    clock();
    ++cycles_;
    sample();
  }

  void reset() final {
    constexpr int kResetClocks = 2;
    this->in = {};
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

  [[nodiscard]] std::uint64_t cycles() const final { return cycles_; }
  [[nodiscard]] std::uint64_t errors() const final {
    return static_cast<std::uint64_t>(context_.errorCount());
  }
  [[nodiscard]] const char* first_error() const final { return message_.c_str(); }

 protected:
  /// Puts `in` on the pins; takes `out` from them.
  virtual void drive() = 0;
  virtual void sample() = 0;

  [[nodiscard]] Top& top() { return *top_; }
  [[nodiscard]] const Top& top() const { return *top_; }

  void evaluate() {
    {
      const CapturedMessage captured(message_);
      top_->eval();
    }
    context_.timeInc(1);
  }

  /// start_trace() and stop_trace() of the interfaces.
#if VM_TRACE
  bool open_trace(const char* path, std::uint64_t cycle) {
    constexpr int kLevels = 99;
    close_trace();
    trace_ = std::make_unique<VerilatedFstC>();
    trace_->set_time_resolution("ps");
    top_->trace(trace_.get(), kLevels);
    trace_->open(path);
    drawn_ = cycle;
    if (!trace_->isOpen()) trace_.reset();
    return trace_ != nullptr;
  }
  void close_trace() {
    if (!trace_) return;
    trace_->dump(drawn_ * kTraceCyclePs);  // the edge that ends the last cycle
    trace_.reset();
  }
#else
  bool open_trace(const char* /*path*/, std::uint64_t /*cycle*/) { return false; }
  void close_trace() {}
#endif

 private:
  // A cycle is drawn from rising edge to rising edge, with the inputs that it has at its end from its start:
  // so what moves at an edge stands in front of it for a whole cycle.
#if VM_TRACE
  void draw_cycle() {
    if (!trace_) return;
    evaluate();
    trace_->dump(drawn_ * kTraceCyclePs);
    top_->clk_i = 0;
    evaluate();
    trace_->dump(drawn_ * kTraceCyclePs + kTraceCyclePs / 2);
    ++drawn_;
  }
#else
  void draw_cycle() {}
#endif

  // The rising edge sees inputs and what follows from them settled. One evaluation does that if Verilator is told
  // that the clock was low; but assertions sample what stands before an evaluation, and waves show both halves.
  void clock() {
    if constexpr (kTwoHalves || !requires(Top & top) { top.rootp->__Vtrigrprev__TOP__clk_i; }) {
      top_->clk_i = 0;
      evaluate();
    } else {
      top_->rootp->__Vtrigrprev__TOP__clk_i = 0;
    }
    top_->clk_i = 1;
    evaluate();
  }

#ifdef STERNA_ASSERTIONS
  static constexpr bool kTwoHalves = true;
#else
  static constexpr bool kTwoHalves = VM_TRACE != 0;
#endif

  VerilatedContext context_;
  std::unique_ptr<Top> top_;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> trace_;
  std::uint64_t drawn_ = 0;  // number of the cycle that is drawn next
#endif
  std::uint64_t cycles_ = 0;
  std::string message_;
};

}  // namespace sterna
