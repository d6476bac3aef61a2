// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/reader.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>
#include <vector>

#include "model/formats/huggingface/safetensors.hpp"
#include "model/formats/json_file.hpp"

namespace sterna {
namespace {

static_assert(std::endian::native == std::endian::little, "the GGUF files read are little endian");

constexpr std::uint64_t kMaxKeyBytes = 65535;  // of the specification
constexpr std::uint32_t kMaxDims = 4;          // of ggml
constexpr std::uint64_t kMaxExtent = std::uint64_t{1} << 58;
constexpr std::uint64_t kMaxAlignment = 1U << 20;
constexpr std::uint64_t kDefaultAlignment = 32;
// The least that an entry can take: lengths and types without a single character or extent.
constexpr std::uint64_t kLeastValueBytes = 8 + 4 + 1;
constexpr std::uint64_t kLeastTensorBytes = 8 + 4 + 4 + 8;

// Walks through the header; every step is checked against what is left of the file.
class Reader {
 public:
  Reader(const std::filesystem::path& file, std::span<const std::byte> bytes)
      : file_(file), bytes_(bytes) {}

  GgufContents read();

 private:
  struct Placed {
    std::string_view name;
    std::uint64_t offset;
    GgufTensor* tensor;
  };

  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(file_.string() + ": " + what);
  }
  [[noreturn]] void refuse_tensor(std::string_view name, const std::string& what) const {
    refuse("tensor " + printable(name) + " " + what);
  }
  std::span<const std::byte> take(std::uint64_t count, std::string_view what);
  template <typename T>
  T number(std::string_view what) {
    T value{};
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }
  std::string_view string(std::string_view what);
  std::uint64_t counted(std::string_view what, std::uint64_t least_bytes);
  void read_version();
  void read_values(std::uint64_t count);
  GgufValue read_value(std::string_view key);
  GgufKind read_kind(std::string_view key);
  void read_list(std::string_view key, GgufValue& value);
  [[nodiscard]] std::uint64_t alignment() const;
  void read_tensors(std::uint64_t count);
  std::vector<std::uint64_t> read_dims(std::string_view name);
  [[nodiscard]] std::span<const std::byte> tensor_data() const;
  void place_tensors();
  void fit_to_type(std::string_view name, GgufTensor& tensor) const;

  const std::filesystem::path& file_;
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  GgufContents contents_{};
  std::vector<Placed> placed_;
};

std::span<const std::byte> Reader::take(std::uint64_t count, std::string_view what) {
  if (count > bytes_.size() - at_) {
    refuse(printable(what) + " needs " + std::to_string(count) + " bytes at byte " +
           std::to_string(at_) + " of " + std::to_string(bytes_.size()) +
           ": the file is truncated or damaged");
  }
  const auto taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

std::string_view Reader::string(std::string_view what) {
  const auto length = number<std::uint64_t>(what);
  const auto bytes = take(length, what);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t Reader::counted(std::string_view what, std::uint64_t least_bytes) {
  const auto count = number<std::uint64_t>(what);
  if (count > (bytes_.size() - at_) / least_bytes) {
    refuse(std::string(what) + " is " + std::to_string(count) + ", more than a file of " +
           std::to_string(bytes_.size()) + " bytes can hold: it is truncated or damaged");
  }
  return count;
}

void Reader::read_version() {
  constexpr std::string_view kMagic = "GGUF";
  const bool has_magic = bytes_.size() >= kMagic.size() &&
                         std::memcmp(bytes_.data(), kMagic.data(), kMagic.size()) == 0;
  if (!has_magic) refuse("is not a GGUF file: it does not begin with the letters GGUF");
  at_ = kMagic.size();
  contents_.version = number<std::uint32_t>("the version");
  const std::uint32_t version = contents_.version;
  if (version != 0 && (version & 0xFFFFU) == 0) {
    refuse("is a big-endian GGUF file, which is not supported: write it in little endian");
  }
  if (version != 2 && version != 3) {
    refuse("is GGUF version " + std::to_string(version) +
           ": only 2 and 3 are supported, convert the file with a later program");
  }
}

GgufKind Reader::read_kind(std::string_view key) {
  const auto kind = number<std::uint32_t>(key);
  if (kind > static_cast<std::uint32_t>(GgufKind::Float64)) {
    refuse("key " + printable(key) + " has type " + std::to_string(kind) +
           " where a number from 0 to 12 is expected: the file is damaged");
  }
  return static_cast<GgufKind>(kind);
}

void Reader::read_list(std::string_view key, GgufValue& value) {
  value.is_list = true;
  value.kind = read_kind(key);
  if (value.kind == GgufKind::Array) {
    refuse("key " + printable(key) + " is a list of lists, which is not supported");
  }
  const bool of_strings = value.kind == GgufKind::String;
  const std::size_t element = of_strings ? sizeof(std::uint64_t) : gguf_kind_bytes(value.kind);
  value.count = counted("the length of key " + printable(key), element);
  if (!of_strings) {
    value.bytes = take(value.count * element, key);
    return;
  }
  const std::size_t begin = at_;
  for (std::uint64_t i = 0; i < value.count; ++i) (void)string(key);
  value.bytes = bytes_.subspan(begin, at_ - begin);
}

GgufValue Reader::read_value(std::string_view key) {
  GgufValue value{.kind = read_kind(key), .is_list = false, .count = 1, .bytes = {}};
  if (value.kind == GgufKind::Array) {
    read_list(key, value);
  } else if (value.kind == GgufKind::String) {
    const std::size_t begin = at_;
    (void)string(key);
    value.bytes = bytes_.subspan(begin, at_ - begin);
  } else {
    value.bytes = take(gguf_kind_bytes(value.kind), key);
  }
  return value;
}

void Reader::read_values(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view key = string("the name of key " + std::to_string(i));
    if (key.size() > kMaxKeyBytes) {
      refuse("the name of key " + std::to_string(i) + " has " + std::to_string(key.size()) +
             " bytes: at most " + std::to_string(kMaxKeyBytes) + " are allowed");
    }
    if (!contents_.values.emplace(key, read_value(key)).second) {
      refuse("key " + printable(key) + " is in the file twice");
    }
  }
}

std::uint64_t Reader::alignment() const {
  const auto found = contents_.values.find("general.alignment");
  if (found == contents_.values.end()) return kDefaultAlignment;
  const std::uint64_t alignment = found->second.whole().value_or(0);
  if (!std::has_single_bit(alignment) || alignment > kMaxAlignment) {
    refuse("general.alignment is " + found->second.brief() + ": a power of two up to " +
           std::to_string(kMaxAlignment) + " is expected");
  }
  return alignment;
}

std::vector<std::uint64_t> Reader::read_dims(std::string_view name) {
  const auto rank = number<std::uint32_t>(name);
  if (rank > kMaxDims) {
    refuse_tensor(name, "has " + std::to_string(rank) + " dimensions: at most " +
                            std::to_string(kMaxDims) + " are allowed");
  }
  std::vector<std::uint64_t> dims(rank);
  std::uint64_t product = 1;
  for (std::uint64_t& extent : dims) {
    extent = number<std::uint64_t>(name);
    if (__builtin_mul_overflow(product, extent, &product) || product > kMaxExtent) {
      refuse_tensor(name, "has an extent of " + std::to_string(extent) +
                              ": the file is damaged, no memory holds so many values");
    }
  }
  return dims;
}

void Reader::read_tensors(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = string("the name of tensor " + std::to_string(i));
    if (name.size() > kMaxKeyBytes)
      refuse("the name of tensor " + std::to_string(i) + " is longer than 65535 bytes");
    std::vector<std::uint64_t> dims = read_dims(name);
    const auto type = static_cast<GgufType>(number<std::uint32_t>(name));
    const auto offset = number<std::uint64_t>(name);
    const auto [entry, is_first] = contents_.tensors.emplace(
        name, GgufTensor{.type = type, .dims = std::move(dims), .bytes = {}});
    if (!is_first) refuse_tensor(name, "is in the file twice");
    placed_.push_back({name, offset, &entry->second});
  }
}

// The bytes of all tensors, once each of them is known to begin inside.
std::span<const std::byte> Reader::tensor_data() const {
  const std::uint64_t step = alignment();
  // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): has_single_bit(0) is false in alignment()
  const std::uint64_t begin = (at_ + step - 1) / step * step;
  const auto data = bytes_.subspan(std::min<std::size_t>(begin, bytes_.size()));
  for (const auto& [name, offset, tensor] : placed_) {
    if (offset % step != 0) {
      refuse_tensor(name, "begins at byte " + std::to_string(offset) +
                              " of the data, which is no multiple of the alignment, " +
                              std::to_string(step));
    }
    if (offset > data.size()) {
      refuse_tensor(name, "begins at byte " + std::to_string(offset) + " of the data, which has " +
                              std::to_string(data.size()) + ": the file is truncated");
    }
  }
  return data;
}

// Gives every tensor the bytes up to the next one.
void Reader::place_tensors() {
  const auto data = tensor_data();
  std::stable_sort(placed_.begin(), placed_.end(),
                   [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
  for (std::size_t i = 0; i < placed_.size(); ++i) {
    const auto& [name, offset, tensor] = placed_[i];
    const std::uint64_t end = i + 1 < placed_.size() ? placed_[i + 1].offset : data.size();
    tensor->bytes = data.subspan(offset, end - offset);
    fit_to_type(name, *tensor);
  }
}

// Compares the room of a tensor with what its type needs: a type that means something else in
// another fork shows here, as a tensor too small or too large.
void Reader::fit_to_type(std::string_view name, GgufTensor& tensor) const {
  std::optional<std::uint64_t> needed;
  try {
    needed = gguf_tensor_bytes(tensor.type, tensor.dims);
  } catch (const std::invalid_argument& error) {
    refuse_tensor(name, error.what());
  }
  if (!needed) return;
  const std::uint64_t room = tensor.bytes.size();
  if (*needed > room || room - *needed >= alignment()) {
    refuse_tensor(name, "has room for " + std::to_string(room) + " bytes, but " +
                            gguf_type_name(tensor.type) + " of " + shape_text(tensor.dims) +
                            " needs " + std::to_string(*needed) +
                            ": the file is truncated, damaged, or its type " +
                            std::to_string(static_cast<std::uint32_t>(tensor.type)) +
                            " means something else to the program that wrote it");
  }
  tensor.bytes = tensor.bytes.first(*needed);
}

GgufContents Reader::read() {
  read_version();
  const auto tensors = counted("the number of tensors", kLeastTensorBytes);
  const auto values = counted("the number of keys", kLeastValueBytes);
  read_values(values);
  read_tensors(tensors);
  place_tensors();
  return std::move(contents_);
}

}  // namespace

GgufContents read_gguf(const std::filesystem::path& file, std::span<const std::byte> bytes) {
  return Reader(file, bytes).read();
}

std::size_t gguf_kind_bytes(GgufKind kind) {
  switch (kind) {
    case GgufKind::Uint8:
    case GgufKind::Int8:
    case GgufKind::Bool:
      return 1;
    case GgufKind::Uint16:
    case GgufKind::Int16:
      return 2;
    case GgufKind::Uint32:
    case GgufKind::Int32:
    case GgufKind::Float32:
      return 4;
    case GgufKind::Uint64:
    case GgufKind::Int64:
    case GgufKind::Float64:
      return 8;
    default:
      return 0;
  }
}

}  // namespace sterna
