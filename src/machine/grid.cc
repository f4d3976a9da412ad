#include "machine/grid.h"

namespace mapwright::machine {

Grid make_grid(std::int64_t nodes, const std::array<std::int64_t, kProcessorKinds>& processors) {
  Grid grid;
  grid.nodes = nodes;
  grid.processors = processors;
  for (std::size_t p = 0; p < kProcessorKinds; ++p) {
    for (std::size_t m = 0; m < kMemoryKinds; ++m) {
      grid.reaches[p][m] = usually_addressable(static_cast<ProcessorKind>(p), static_cast<MemoryKind>(m));
    }
  }
  return grid;
}

}  // namespace mapwright::machine
