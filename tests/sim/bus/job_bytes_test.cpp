// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/job_bytes.hpp"

#include <cstring>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_designs.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::size_t kWordBytes = 32;  // of the result bus of the first design
constexpr std::uint32_t kEngines = 3;   // of it

// Two commands of 2 tokens and 4 rows: two groups of 6 sums, 48 bytes each; a word and a half.
class JobBytes : public testing::Test {
 protected:
  JobBytes() : hardware_(on_ideal_memory(kBusDesigns[0])), job_(hardware_.unit, 1) {
    for (int i = 0; i < 2; ++i) {
      job_.add({.tokens = 2,
                .cols = 80,
                .rows = 4,
                .format = WeightFormat::T5,
                .keep_activations = false,
                .fill = Fill::Uniform});
    }
    tasks_ = job_.tasks();
    layout_ = lay_out_job(hardware_, tasks_);
  }

  // Writes bytes [first, first + bytes) of `data`, which lies at `base`, as a burst of whole words.
  std::optional<axi::Completion> write(JobWrites& writes, std::uint64_t base, const void* data,
                                       std::size_t bytes) {
    const std::uint64_t first = base / kWordBytes * kWordBytes;
    writes.take_address(first);
    for (std::uint64_t word = first; word < base + bytes; word += kWordBytes) {
      std::vector<std::uint8_t> lanes(kWordBytes, 0xEE);
      std::vector<std::uint8_t> strobes(kWordBytes / 8);
      for (std::size_t i = 0; i < kWordBytes; ++i) {
        if (word + i < base || word + i >= base + bytes) continue;
        lanes[i] = static_cast<const std::uint8_t*>(data)[word + i - base];
        strobes[i / 8] = static_cast<std::uint8_t>(strobes[i / 8] | 1U << i % 8);
      }
      writes.take_word(lanes.data(), strobes.data());
    }
    return writes.end_burst();
  }

  std::optional<axi::Completion> write_record(JobWrites& writes, std::uint32_t place,
                                              const axi::Completion& record) {
    return write(writes, layout_.completion_base + place * sizeof(record), &record, sizeof(record));
  }

  HardwareConfig hardware_;
  RandomJob job_;
  std::span<const TmuTask> tasks_;
  BusLayout layout_{};
};

TEST_F(JobBytes, FindsEveryByteThatADescriptorNames) {
  const JobReads reads(kEngines, layout_, tasks_);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const axi::Descriptor& d = layout_.descriptors[i];
    EXPECT_EQ(std::memcmp(reads.at(layout_.ring_base + 64 * i, 64), &d, 64), 0);
    const auto* activations = reinterpret_cast<const std::uint8_t*>(tasks_[i].activations.data());
    EXPECT_EQ(reads.at(d.activation_base, 160), activations);
    EXPECT_EQ(reads.at(d.activation_base + 144, 16), activations + 144);
    // Engine 0 has two rows of 16 bytes, the others one.
    const std::uint8_t* weights = tasks_[i].weights->bytes.data();
    EXPECT_EQ(reads.at(d.weight_base, 32), weights);
    EXPECT_EQ(reads.at(d.weight_base + d.weight_pitch, 16), weights + 32);
    EXPECT_EQ(reads.at(d.weight_base + 2 * d.weight_pitch, 16), weights + 48);
  }
}

TEST_F(JobBytes, NamesAReadBeyondARange) {
  const JobReads reads(kEngines, layout_, tasks_);
  const axi::Descriptor& d = layout_.descriptors[0];
  const auto refused = [&](std::uint64_t address, std::size_t bytes) {
    EXPECT_THAT([&] { (void)reads.at(address, bytes); },
                ThrowsMessage<std::runtime_error>(HasSubstr("where nothing lies")))
        << address;
  };
  refused(d.weight_base, 48);
  refused(d.weight_base + 32, 16);
  refused(d.weight_base + d.weight_pitch - 16, 16);
  refused(d.activation_base + 152, 16);
  refused(layout_.completion_base, 16);
  const BusLayout elsewhere{.descriptors = layout_.descriptors,
                            .ring_log2 = 1,
                            .ring_base = 0x1000,
                            .completion_base = 0,
                            .window_base = 0,
                            .window_limit = 0};
  EXPECT_THAT([&] { (void)JobReads(kEngines, elsewhere, tasks_).at(0xFC0, 64); },
              ThrowsMessage<std::runtime_error>(HasSubstr("64 bytes at 0xfc0")));
}

TEST_F(JobBytes, PutsResultsIntoTheSumsWithTheRecord) {
  JobWrites writes(hardware_, layout_, tasks_);
  for (std::uint32_t i = 0; i < 2; ++i) {
    std::vector<std::int32_t> out(12);  // [group][token][engine]
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = static_cast<std::int32_t>(100 * i + k);
    const std::uint64_t base = layout_.descriptors[i].result_base;
    EXPECT_FALSE(write(writes, base, out.data(), 32));
    EXPECT_FALSE(write(writes, base + 32, out.data() + 8, 16));
    EXPECT_EQ(tasks_[i].sums[1], -1) << "before the record";  // as RandomJob leaves it
    const auto record = write_record(writes, i, {.status = 0, .sequence_number = i, .cycles = 77});
    ASSERT_TRUE(record);
    EXPECT_EQ(record->cycles, 77);
    for (std::int32_t t = 0; t < 2; ++t) {
      for (std::int32_t r = 0; r < 4; ++r) {
        const std::int32_t at = (r / 3 * 2 + t) * 3 + r % 3;
        EXPECT_EQ(tasks_[i].sums[static_cast<std::size_t>(t * 4 + r)],
                  static_cast<std::int32_t>(100 * i) + at);
      }
    }
  }
  const std::int32_t more = 0;
  EXPECT_THAT([&] { write(writes, layout_.descriptors[0].result_base, &more, 4); },
              ThrowsMessage<std::runtime_error>(HasSubstr("after the last completion record")));
}

TEST_F(JobBytes, NamesAWriteBesideTheResults) {
  const std::vector<std::uint8_t> bytes(64);
  const axi::Descriptor& d = layout_.descriptors[0];
  const std::uint64_t other = layout_.descriptors[1].result_base;
  for (const std::uint64_t address : {d.result_base + 48, d.result_base - 4, other}) {
    JobWrites writes(hardware_, layout_, tasks_);
    EXPECT_THAT([&] { write(writes, address, bytes.data(), 4); },
                ThrowsMessage<std::runtime_error>(HasSubstr("in the turn of command 0")))
        << address;
  }
  JobWrites writes(hardware_, layout_, tasks_);
  EXPECT_THAT([&] { write(writes, layout_.completion_base, bytes.data(), 17); },
              ThrowsMessage<std::runtime_error>(HasSubstr("in the turn of command 0")));
}

TEST_F(JobBytes, NamesAByteThatIsWrittenTwice) {
  JobWrites writes(hardware_, layout_, tasks_);
  const std::vector<std::uint8_t> out(32);
  const std::uint64_t base = layout_.descriptors[0].result_base;
  write(writes, base, out.data(), 32);
  EXPECT_THAT([&] { write(writes, base + 28, out.data(), 4); },
              ThrowsMessage<std::runtime_error>(HasSubstr("writes twice")));
}

TEST_F(JobBytes, NamesARecordThatDoesNotSayDone) {
  const auto refused = [&](const axi::Completion& record, std::size_t bytes, const char* says) {
    JobWrites writes(hardware_, layout_, tasks_);
    const std::vector<std::uint8_t> out(48);
    write(writes, layout_.descriptors[0].result_base, out.data(), bytes);
    EXPECT_THAT([&] { write_record(writes, 0, record); },
                ThrowsMessage<std::runtime_error>(HasSubstr(says)));
  };
  refused({.status = 4, .sequence_number = 0, .cycles = 1}, 48, "status 4 of command 0");
  refused({.status = 0, .sequence_number = 1, .cycles = 1}, 48, "status 0 of command 1");
  refused({.status = 0, .sequence_number = 0, .cycles = 1}, 44, "with 4 bytes of results not");
}

}  // namespace
}  // namespace sterna::sim
