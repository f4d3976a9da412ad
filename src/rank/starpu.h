// StarPU in this process: its workers, from its start to its end.
#pragma once

#include <vector>

#include "rank/executor.h"
#include "rank/peers.h"

namespace mapwright::rank {

class StarPu {
 public:
  //! So many workers of the host, one at least, and as many as StarPU has and as the processes here have
  //! cores at most; and one for each OpenCL device.
  StarPu(int hosts, int devices, const Peers& peers);
  StarPu(const StarPu&) = delete;
  StarPu& operator=(const StarPu&) = delete;
  ~StarPu();

  //! While tasks are neither there nor to come, workers do not look for them.
  void rest(bool whether) const;

  std::int64_t hosts() const { return static_cast<std::int64_t>(hosts_.size()); }
  //! A worker for each processor of a process that runs anything; those that are left over take turns.
  Workers workers_of(const plan::Plan& plan, int rank) const;

 private:
  bool over_mpi_;
  std::vector<unsigned> hosts_;
  std::vector<unsigned> devices_;
};

//! How many processors of a process run anything on the host.
std::int64_t hosts_of(const plan::Plan& plan, bool devices, int rank);

}  // namespace mapwright::rank
