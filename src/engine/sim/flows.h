// Data on its way: flows that share resources - the directions of links and networks - max-min fairly.
//
// Rates are found by progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2): all grow alike until
// a resource is full, those on it stop, the others go on. What makes the result right is local - every flow
// has a full resource on which none is faster - and so is what a flow that starts or ends changes: only the
// flows on its resources are found anew, then those on further resources that were or are full and whose
// flows changed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace mapwright::engine::sim {

using ResourceId = std::uint32_t;
using FlowId = std::uint32_t;

//! The resources of a flow, each once.
inline constexpr std::size_t kMostResources = 12;

class Flows {
 public:
  //! Bytes/s, more than 0.
  ResourceId add_resource(double capacity);
  void set_capacity(ResourceId resource, double capacity);
  void clear();  //!< flows and resources

  //! `cap` limits this flow alone; infinite where nothing does. `owner` comes back when it ends.
  void start(double now, std::uint32_t owner, double bytes, std::span<const ResourceId> resources,
             double cap);
  //! Finds the rates again; to be called once after all changes of one moment.
  void settle(double now);
  //! The rate of the flow of an owner, bytes/s; 0 where there is none. For tests: it looks at all of them.
  double rate(std::uint32_t owner) const;
  //! When the next flow ends; infinite if none does. Only after settle.
  double next();
  //! Ends one flow that ends at or before `now`: its owner and its time; false if there is none.
  bool finish(double now, std::uint32_t* owner, double* when);

 private:
  static constexpr std::uint32_t kNobody = 0xFFFFFFFF;
  struct Slot {
    std::uint32_t open = kNobody;  // in open_
    std::uint8_t slot = 0;         // of its resources
  };
  struct Flow {
    double rate = 0;
    double cap = 0;
    std::uint32_t stamp = 0;  // the search that opened it
    std::uint8_t count = 0;
    double remaining = 0;  // bytes, at `since`
    double since = 0;
    std::uint32_t owner = 0;
    std::uint32_t heap = 0;  // place in heap_
    std::array<ResourceId, kMostResources> resources{};
    std::array<std::uint32_t, kMostResources> places{};  // in the lists of the resources
    std::array<Slot, kMostResources> next{};             // open on the same resource
  };
  struct Member {
    FlowId flow;
    std::uint8_t slot;  // which of the flow's resources this is
  };
  struct Resource {
    double capacity = 0;
    double used = 0;  // the sum of the rates on it
    bool dirty = false;
    double level = 0;           // where it is dirty: rates below this level stay
    std::uint32_t stamp = 0;    // the search that reached it
    std::uint32_t reached = 0;  // where in reached_
    std::vector<Member> members;
  };

  // While searching:
  // A flow whose rate is being found.
  struct Open {
    FlowId id;
    double before;  // its rate
    double cap;
    double rate;
    bool growing;
  };
  // A resource of such flows.
  struct Reached {
    ResourceId id = 0;
    std::uint32_t members = 0;
    double capacity = 0;
    double used = 0;
    double rest = 0;           // what flows that are not open leave
    Slot first;                // of the open ones
    std::uint32_t opened = 0;  // how many they are
    bool expanded = false;     // all of its flows that can change are open
    // While filling:
    bool changed = false;    // rates on it
    std::uint32_t open = 0;  // flows that grow
    double left = 0;
    double share = 0;    // the level at which it will be full
    double stopped = 0;  // and was; infinite where others stopped its flows

    void find_share();
  };
  // When a flow ends. Ties by owner, so that the order does not depend on what ran before.
  struct Next {
    double end;
    std::uint32_t owner;
    FlowId flow;

    bool operator<(const Next& other) const {
      return end != other.end ? end < other.end : owner < other.owner;
    }
  };

  void touch(ResourceId r, double level);
  void search(ResourceId first, double now);
  std::uint32_t reach(ResourceId id);
  void expand(std::size_t at, double level);
  bool spreads(const Reached& r, double level) const;
  void fill();
  Reached* first_full();
  void stop(Open* flow, double level);
  void set_rate(FlowId id, double rate, double now);
  void remove(FlowId id);
  void sift(std::size_t at, const Next& next);
  void place(std::size_t at, const Next& next);

  std::vector<Flow> flows_;
  std::vector<FlowId> unused_;
  std::vector<Resource> resources_;
  std::vector<ResourceId> dirty_;
  std::vector<Next> heap_;
  std::uint32_t stamp_ = 0;
  std::vector<Reached> reached_;
  std::vector<Open> open_;
  std::vector<std::pair<double, std::uint32_t>>
      order_;            // shares and where in reached_, a heap; empty for few
  bool capped_ = false;  // one of them has a limit of its own
};

}  // namespace mapwright::engine::sim
