// SPDX-License-Identifier: Apache-2.0
#include "host/bench/limits.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <type_traits>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sterna::host {
namespace {

/// What the child writes for each byte that it reads.
struct Reply {
  bool ok;
  BenchLimits limits;
};
static_assert(std::is_trivially_copyable_v<Reply>);

BenchLimits measure_both(unsigned threads, const std::string& isa) {
  const MachineLimits one = measure_limits(LimitsPlan::of(1, isa));
  if (threads == 1) return {one, one};
  return {measure_limits(LimitsPlan::of(threads, isa)), one};
}

Reply reply(unsigned threads, const std::string& isa) {
  try {
    return {true, measure_both(threads, isa)};
  } catch (const std::exception&) {
    return {false, {}};
  }
}

/// Answers until the parent closes its end.
[[noreturn]] void serve(int parent, unsigned threads, const std::string& isa) {
  for (char request = 0; ::recv(parent, &request, 1, 0) == 1;) {
    const Reply answer = reply(threads, isa);
    if (::send(parent, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer)) break;
  }
  ::_exit(0);
}

}  // namespace

BenchLimits best_of(const BenchLimits& a, const BenchLimits& b) {
  return {best_of(a.all, b.all), best_of(a.one, b.one)};
}

LimitsProcess::LimitsProcess(unsigned threads, const std::string& isa) {
  std::array<int, 2> ends{};
  child_ = ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0 ? ::fork() : -1;
  if (child_ < 0) {
    throw std::runtime_error(
        fmt::format("no process to measure the machine's limits in: {}", std::strerror(errno)));
  }
  socket_ = ends[0];
  if (child_ == 0) {
    ::close(ends[0]);
    serve(ends[1], threads, isa);
  }
  ::close(ends[1]);
}

LimitsProcess::~LimitsProcess() {
  ::close(socket_);
  ::waitpid(child_, nullptr, 0);
}

BenchLimits LimitsProcess::measure() {
  Reply answer{};
  if (::send(socket_, "m", 1, MSG_NOSIGNAL) != 1 ||
      ::recv(socket_, &answer, sizeof(answer), 0) != sizeof(answer)) {
    throw std::runtime_error("the process that measures the machine's limits has died");
  }
  if (!answer.ok) {
    throw std::runtime_error(
        "too little memory is free to measure the machine's limits: use fewer threads");
  }
  return answer.limits;
}

}  // namespace sterna::host
