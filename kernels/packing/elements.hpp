// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <span>
#include <utility>
#include <vector>

namespace sterna {

/// Elements of a matrix: its own, or a view of memory that somebody else keeps, such as a mapped file.
template <typename T>
class Elements {
 public:
  Elements() = default;
  // Implicit, so that what fills a vector need not know.
  Elements(std::pmr::vector<T> own) : own_(std::move(own)) {}
  ~Elements() = default;
  Elements(const Elements&) = default;
  Elements& operator=(const Elements&) = default;
  Elements(Elements&&) noexcept = default;
  // Takes the memory over, whatever it came from: that of a vector would copy into its own.
  Elements& operator=(Elements&& other) noexcept {
    if (this == &other) return *this;
    std::destroy_at(this);
    return *std::construct_at(this, std::move(other));
  }

  /// What `elements` points to outlives the object and its copies.
  [[nodiscard]] static Elements view(std::span<const T> elements) {
    Elements made;
    made.view_ = elements;
    return made;
  }

  [[nodiscard]] const T* data() const { return view_.empty() ? own_.data() : view_.data(); }
  [[nodiscard]] std::size_t size() const { return view_.empty() ? own_.size() : view_.size(); }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data()[i]; }
  [[nodiscard]] std::span<const T> span() const { return {data(), size()}; }

  /// The elements to write to; those of a view may only be read.
  [[nodiscard]] std::pmr::vector<T>& own() {
    assert(view_.empty());
    return own_;
  }

 private:
  std::pmr::vector<T> own_;
  std::span<const T> view_;
};

}  // namespace sterna
