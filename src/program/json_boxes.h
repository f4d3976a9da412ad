// Boxes, pieces and tiles out of a program file.
#pragma once

#include <optional>
#include <string_view>

#include "program/json_reader.h"
#include "program/program.h"

namespace mapwright::program {

//! A box of one dimension is written [first, last], one of several as a list of these.
class BoxReader {
 public:
  using Id = JsonText::Id;

  explicit BoxReader(JsonReader* reader) : reader_(*reader) {}

  //! A list of extents under `extents`, or a box under "bounds": one of them, and not both.
  std::optional<Box> box(const JsonObject& o, std::string_view extents);
  //! A list of extents, which `what` names in messages.
  std::optional<Box> extents(Id list, std::string_view what);
  //! Pieces of a region: each a box or a list of boxes.
  void pieces(Id list, const Box& region, Partition* to);
  //! A region in so many tiles in each dimension, each with a halo; the last dimension runs fastest.
  void tiles(Id list, std::optional<Id> halo, const Box& region, Partition* to);

 private:
  std::optional<Box> bounds(Id list, std::string_view what);
  bool span(Id pair, std::string_view what, std::size_t dimension, Box* to);
  bool is_pair(Id id) const;
  bool piece(Id id, int rank, std::vector<Box>* to);
  //! Whether there is room for this many more.
  bool room(Id id, std::size_t more);
  std::optional<std::vector<std::int64_t>> numbers(Id id, std::string_view what, int rank, std::int64_t least,
                                                   std::int64_t most);

  JsonReader& reader_;
  std::size_t boxes_ = 0;  // of all partitions
};

}  // namespace mapwright::program
