// A mapper as the decisions that a language model is asked for one by one: the trainable variables of the
// published mapper agent (arXiv 2410.15625).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/source.h"

namespace mapwright::prompt {

struct BlockKind {
  std::string_view name;  //!< as replies have it
  std::string_view what;  //!< which statements it holds
};

//! In the order in which they stand in a mapper.
inline constexpr std::array kBlocks{
    BlockKind{"task_decision", "Task and ControlReplicate: the kinds of processors of tasks"},
    BlockKind{"region_decision", "Region and CollectMemory: the memories of data"},
    BlockKind{"layout_decision", "Layout: how data is laid out"},
    BlockKind{"instance_limit_decision", "InstanceLimit: how far ahead tasks are mapped"},
    BlockKind{"index_task_map_decision",
              "IndexTaskMap, with machine spaces and functions: where the points of launches run"},
    BlockKind{"single_task_map_decision", "SingleTaskMap, with its functions: where single tasks run"},
};

//! The text of each block, in the order of kBlocks; may be empty.
using Blocks = std::array<std::string, kBlocks.size()>;

//! The statements of a mapper by their kind, in canonical form. Variables and functions stand with the index
//! maps, but for functions that only single maps name. None where the text does not parse.
std::optional<Blocks> split(const base::SourcePtr& mapper);

//! The mapper of these blocks. A text need not keep to the statements of its block.
std::string assemble(const Blocks& blocks);

std::optional<std::size_t> find_block(std::string_view name);

}  // namespace mapwright::prompt
