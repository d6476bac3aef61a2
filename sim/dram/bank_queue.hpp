// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace sterna::sim {

/// Accesses of one request to one row: columns column, column + 1, ...
///
/// The k-th of them counts as the (age + k * stride)-th access ever asked for, and answers slot
/// slot + k * stride of its port (a write answers slot itself: it is one for the whole request).
struct DramRun {
  std::uint64_t age;
  std::uint64_t slot;
  std::uint64_t stride;
  std::uint32_t row;
  std::uint32_t column;
  std::uint32_t left;  // accesses not yet served
  std::uint32_t bank;  // through the channel
  std::uint32_t port;
  bool write;
};

/// The runs that wait in one channel, by bank and direction, oldest first.
///
/// Runs are kept in a pool and named by their index in it; kNone is none.
class BankQueues {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = std::numeric_limits<Index>::max();

  explicit BankQueues(std::uint32_t banks) : lists_(std::size_t{banks} * 2) {}

  void push(const DramRun& run) {
    const Index index = take_node();
    List& list = list_of(run.bank, run.write);
    nodes_[index] = {.run = run, .previous = list.tail, .next = kNone};
    (list.tail == kNone ? list.head : nodes_[list.tail].next) = index;
    list.tail = index;
  }

  void erase(Index index) {
    Node& node = nodes_[index];
    List& list = list_of(node.run.bank, node.run.write);
    (node.previous == kNone ? list.head : nodes_[node.previous].next) = node.next;
    (node.next == kNone ? list.tail : nodes_[node.next].previous) = node.previous;
    node.next = free_;
    free_ = index;
  }

  [[nodiscard]] Index oldest(std::uint32_t bank, bool write) const {
    return lists_[bank * 2 + (write ? 1 : 0)].head;
  }

  /// The oldest run to `row`.
  [[nodiscard]] Index oldest_to(std::uint32_t row, std::uint32_t bank, bool write) const {
    Index index = oldest(bank, write);
    while (index != kNone && nodes_[index].run.row != row) index = nodes_[index].next;
    return index;
  }

  [[nodiscard]] DramRun& run(Index index) { return nodes_[index].run; }
  [[nodiscard]] const DramRun& run(Index index) const { return nodes_[index].run; }

 private:
  struct Node {
    DramRun run;
    Index previous;
    Index next;  // in its list, or in the list of free nodes
  };
  struct List {
    Index head = kNone;
    Index tail = kNone;
  };

  List& list_of(std::uint32_t bank, bool write) { return lists_[bank * 2 + (write ? 1 : 0)]; }

  Index take_node() {
    if (free_ == kNone) {
      nodes_.emplace_back();
      return static_cast<Index>(nodes_.size() - 1);
    }
    const Index index = free_;
    free_ = nodes_[index].next;
    return index;
  }

  std::vector<Node> nodes_;
  std::vector<List> lists_;  // bank * 2 + write
  Index free_ = kNone;
};

}  // namespace sterna::sim
