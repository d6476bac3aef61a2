// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace sterna::sim {

/// Bytes [offset, offset + bytes) of the read `tag` are there from `cycle` on.
struct DramArrival {
  std::uint64_t tag;
  std::uint32_t offset;
  std::uint32_t bytes;
  std::uint64_t cycle;
  bool last;  // of the request

  friend bool operator==(const DramArrival&, const DramArrival&) = default;
};

/// The write `tag` has reached its rows at `cycle`.
struct DramWritten {
  std::uint64_t tag;
  std::uint64_t cycle;

  friend bool operator==(const DramWritten&, const DramWritten&) = default;
};

/// Reads of one port on their way back: in the order of their requests, granule after granule.
///
/// A granule that came before its turn waits for it. Slots number the granules of the port through.
class ReadStream {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  explicit ReadStream(std::uint32_t granule_bytes) : granule_bytes_(granule_bytes) {}

  /// `skip` bytes of the first of `granules` lie before the request. Returns its first slot.
  std::uint64_t begin(std::uint64_t tag, std::uint32_t skip, std::uint32_t bytes,
                      std::uint32_t granules) {
    const std::uint64_t slot = tail_;
    while (tail_ + granules - head_ > cycles_.size()) grow();
    for (; tail_ < slot + granules; ++tail_) cycles_[tail_ & mask_] = kNever;
    requests_.push_back({.tag = tag, .skip = skip, .bytes = bytes});
    return slot;
  }

  void arrive(std::uint64_t slot, std::uint64_t cycle) { cycles_[slot & mask_] = cycle; }

  [[nodiscard]] bool empty() const { return head_ == tail_; }

  /// When the next granule in turn is there; kNever as long as that is open, or if none is asked for.
  [[nodiscard]] std::uint64_t next_cycle() const {
    if (empty() || cycles_[head_ & mask_] == kNever) return kNever;
    return std::max(released_, cycles_[head_ & mask_]);
  }

  /// Whether the slot before `slot` and all earlier ones are known. Cost: one step a granule.
  [[nodiscard]] bool known_up_to(std::uint64_t slot) const {
    for (std::uint64_t s = head_; s < slot; ++s) {
      if (cycles_[s & mask_] == kNever) return false;
    }
    return true;
  }

  /// One past the last slot of the oldest request.
  [[nodiscard]] std::uint64_t end_of_first() const {
    const Request& r = requests_.front();
    return head_ + (r.skip + r.bytes - r.done + granule_bytes_ - 1) / granule_bytes_;
  }

  /// Requires next_cycle() != kNever.
  [[nodiscard]] DramArrival front() const {
    const Request& r = requests_.front();
    const std::uint32_t offset = r.done == 0 ? 0 : r.done - r.skip;
    const std::uint32_t end = std::min(r.done + granule_bytes_ - r.skip, r.bytes);
    return {.tag = r.tag,
            .offset = offset,
            .bytes = end - offset,
            .cycle = next_cycle(),
            .last = end == r.bytes};
  }

  void pop() {
    released_ = next_cycle();
    ++head_;
    Request& r = requests_.front();
    r.done += granule_bytes_;
    if (r.done >= r.skip + r.bytes) requests_.pop_front();
  }

 private:
  struct Request {
    std::uint64_t tag;
    std::uint32_t skip;
    std::uint32_t bytes;
    std::uint32_t done = 0;  // bytes of taken granules, the skipped ones among them
  };

  void grow() {
    std::vector<std::uint64_t> larger(cycles_.size() * 2, kNever);
    for (std::uint64_t s = head_; s < tail_; ++s) {
      larger[s & (larger.size() - 1)] = cycles_[s & mask_];
    }
    cycles_.swap(larger);
    mask_ = cycles_.size() - 1;
  }

  std::uint32_t granule_bytes_;
  std::vector<std::uint64_t> cycles_ = std::vector<std::uint64_t>(64, kNever);  // ring
  std::uint64_t mask_ = 63;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t released_ = 0;  // when the last taken granule was there
  std::deque<Request> requests_;
};

/// Writes of one port, answered in the order of their requests.
class WriteStream {
 public:
  static constexpr std::uint64_t kNever = ReadStream::kNever;

  /// Returns the slot of the request.
  std::uint64_t begin(std::uint64_t tag, std::uint32_t granules) {
    requests_.push_back({.tag = tag, .left = granules});
    return first_ + requests_.size() - 1;
  }

  /// `granules` more of the request, the last of them at `cycle`.
  void written(std::uint64_t slot, std::uint32_t granules, std::uint64_t cycle) {
    Request& r = requests_[slot - first_];
    r.end = std::max(r.end, cycle);
    r.left -= granules;
  }

  [[nodiscard]] bool empty() const { return requests_.empty(); }

  [[nodiscard]] std::uint64_t next_cycle() const {
    if (empty() || requests_.front().left > 0) return kNever;
    return std::max(released_, requests_.front().end);
  }

  [[nodiscard]] DramWritten front() const {
    return {.tag = requests_.front().tag, .cycle = next_cycle()};
  }

  void pop() {
    released_ = next_cycle();
    requests_.pop_front();
    ++first_;
  }

 private:
  struct Request {
    std::uint64_t tag;
    std::uint32_t left;     // granules not yet written
    std::uint64_t end = 0;  // of the latest so far
  };

  std::deque<Request> requests_;
  std::uint64_t first_ = 0;  // slot of the front
  std::uint64_t released_ = 0;
};

struct DramPort {
  explicit DramPort(std::uint32_t granule_bytes) : reads(granule_bytes) {}

  ReadStream reads;
  WriteStream writes;
};

}  // namespace sterna::sim
