// Data on its way: flows that share resources - the directions of links and networks - max-min fairly.
//
// Rates are found by progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2): all grow alike until
// a resource is full, those on it stop, the others go on. A flow that starts or ends changes nothing below
// the level at which it can first fill a resource, or at which it was stopped: only flows above that level
// which share a resource with it, directly or through such flows, are found anew.
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
  //! When the next flow ends; infinite if none does. Only after settle.
  double next();
  //! Ends one flow that ends at or before `now`: its owner and its time; false if there is none.
  bool finish(double now, std::uint32_t* owner, double* when);

 private:
  struct Flow {
    double remaining = 0;  // bytes, at `since`
    double rate = 0;
    double since = 0;
    double end = 0;
    double cap = 0;
    std::uint32_t owner = 0;
    std::uint32_t heap = 0;  // place in heap_
    std::uint32_t stamp = 0;
    std::uint8_t count = 0;
    std::array<ResourceId, kMostResources> resources{};
    std::array<std::uint32_t, kMostResources> places{};  // in the lists of the resources
  };
  struct Member {
    FlowId flow;
    std::uint8_t slot;  // which of the flow's resources this is
  };
  struct Resource {
    double capacity = 0;
    double left = 0;         // while filling
    std::uint32_t open = 0;  // flows that still grow, while filling
    std::uint32_t stamp = 0;
    bool dirty = false;
    double level = 0;  // where it is dirty: rates below this level stay
    std::vector<Member> members;
  };
  // What is full next, at which level: a resource, or a flow at its own limit.
  struct Full {
    double level;
    std::uint32_t id;
    bool flow;
  };

  struct Later {
    bool operator()(const Full& a, const Full& b) const {
      return a.level != b.level ? a.level > b.level : a.id > b.id;
    }
  };

  void touch(ResourceId r, double level);
  void gather(ResourceId first, double level);
  void fill(double now);
  void stop(FlowId id, double level, double now);
  void set_rate(FlowId id, double rate, double now);
  void remove(FlowId id);
  bool earlier(FlowId a, FlowId b) const;
  void sift_up(std::size_t at);
  void sift_down(std::size_t at);
  void place(std::size_t at, FlowId id);

  std::vector<Flow> flows_;
  std::vector<FlowId> unused_;
  std::vector<Resource> resources_;
  std::vector<ResourceId> dirty_;
  std::vector<FlowId> heap_;  // by end
  std::uint32_t stamp_ = 0;
  // While filling:
  std::vector<ResourceId> component_;
  std::vector<FlowId> open_;
  std::vector<Full> full_;  // a heap
};

}  // namespace mapwright::engine::sim
