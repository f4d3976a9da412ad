#include "machine/kinds.h"

#include <gtest/gtest.h>

namespace mapwright::machine {
namespace {

TEST(Kinds, NamesAreReadAsTheyAreWritten) {
  EXPECT_EQ(processor_kind_names().size(), kProcessorKinds);
  EXPECT_EQ(memory_kind_names().size(), kMemoryKinds);
  for (const std::string_view name : processor_kind_names())
    EXPECT_EQ(name_of(processor_kind(name).value()), name);
  for (const std::string_view name : memory_kind_names()) EXPECT_EQ(name_of(memory_kind(name).value()), name);
  EXPECT_EQ(processor_kind("GPU"), ProcessorKind::gpu);
  EXPECT_EQ(memory_kind("ZCMEM"), MemoryKind::zcmem);
  EXPECT_EQ(memory_kind("VIRTUAL"), MemoryKind::virtual_);
}

TEST(Kinds, OtherNamesAreNone) {
  EXPECT_EQ(processor_kind("gpu"), std::nullopt);
  EXPECT_EQ(processor_kind(""), std::nullopt);
  EXPECT_EQ(memory_kind("FBMEM "), std::nullopt);
  EXPECT_EQ(memory_kind("GPU"), std::nullopt);
}

TEST(Kinds, UsualAffinities) {
  using enum MemoryKind;
  for (const MemoryKind m : {sysmem, sockmem, rdmem, zcmem, virtual_}) {
    EXPECT_TRUE(usually_addressable(ProcessorKind::cpu, m));
    EXPECT_TRUE(usually_addressable(ProcessorKind::omp, m));
  }
  EXPECT_FALSE(usually_addressable(ProcessorKind::cpu, fbmem));
  for (const MemoryKind m : {fbmem, zcmem, virtual_}) EXPECT_TRUE(usually_addressable(ProcessorKind::gpu, m));
  for (const MemoryKind m : {sysmem, sockmem, rdmem})
    EXPECT_FALSE(usually_addressable(ProcessorKind::gpu, m));
}

}  // namespace
}  // namespace mapwright::machine
