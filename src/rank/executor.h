// Carries out a plan: every op of this process becomes StarPU tasks, whose dependencies are the plan's waits.
//
// StarPU decides nothing: instances are in the memories where the plan has them, and what is copied is
// packed, moved and unpacked because an op says so. Ops are submitted in program order; fences make all
// processes wait for one another.
#pragma once

#include <starpu.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/starpu/job.h"
#include "program/kernel.h"
#include "rank/fault.h"
#include "rank/peers.h"
#include "rank/routes.h"
#include "rank/step.h"
#include "rank/storage.h"
#include "rank/transfer.h"

namespace mapwright::rank {

//! The workers of StarPU in this process.
struct Workers {
  std::map<plan::ProcessorId, unsigned> of;  //!< of each processor that the process has
  std::vector<unsigned> devices;  //!< of each device; none where GPU processors are workers of the host
};

class Executor {
 public:
  struct Options {
    bool poison = false;
    Fault fault;
  };

  //! StarPU is running.
  Executor(std::shared_ptr<const plan::Plan> plan, const program::Kernels& kernels, Peers* peers,
           Workers workers, Options options);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor();

  //! To the end of all ops, at all processes.
  void run();

  const std::vector<engine::starpu::Ran>& ran() const { return ran_; }
  const Held& held() const { return held_; }
  //! What an instance of this process holds after run(); null where nothing was ever in it.
  Buffer* buffer(plan::InstanceId instance) const { return buffers_[instance].get(); }
  const Shapes& shapes() const { return shapes_; }
  //! How many steps were submitted, and how many are over: what a deadline reports.
  std::int64_t submitted() const { return submitted_; }
  std::int64_t over() const { return over_; }

  // For steps, while they run.
  const plan::Plan& plan() const { return *plan_; }
  const program::Kernels& kernels() const { return kernels_; }
  std::vector<double> values_of(const std::vector<plan::OpId>& futures) const;
  //! What a task gives to the future of its launch.
  void give(plan::OpId task, double result);

 private:
  struct Share {
    bool any = false;
    double value = 0;
    std::int64_t missing = 0;  //!< shares of processes that process 0 waits for
  };
  using Waits = std::vector<Routes::Wait>;

  void submit(plan::OpId id);
  void submit_task(plan::OpId id, const Place& at);
  void submit_transfer(plan::OpId id);
  void submit_future(plan::OpId id);
  void fence();
  std::unique_ptr<Step> step_of(Step::Kind kind, plan::OpId op, End end) const;
  void make_on_device(const std::shared_ptr<Buffer>& buffer, const Step& first, const Waits& waits);
  void start(std::unique_ptr<Step> step, const Waits& waits, std::optional<unsigned> worker);
  void start(std::unique_ptr<Step> step, starpu_tag_t tag, const Waits& waits,
             std::optional<unsigned> worker);
  std::optional<unsigned> device_of(plan::InstanceId instance) const;

  std::shared_ptr<Buffer> use(plan::InstanceId instance);
  std::shared_ptr<const Geometry> geometry(plan::InstanceId instance);
  std::shared_ptr<const Transfer> transfer(const plan::Op& op);
  void settle(const plan::Op& op);
  std::vector<plan::OpId> futures_of(plan::OpId id) const;
  program::Combine combine_of(plan::OpId future) const;
  static void combine(Share* share, double value, program::Combine how);

  void heard(const Token& token);
  void ended(const Step& step);

  std::shared_ptr<const plan::Plan> plan_;
  const program::Kernels& kernels_;
  Peers& peers_;
  Workers workers_;
  Options options_;
  Routes routes_;
  Shapes shapes_;
  Held held_;
  std::vector<std::shared_ptr<const Geometry>> geometries_;  // by instance
  std::vector<std::shared_ptr<Buffer>> buffers_;             // by instance: its present life
  std::vector<std::int64_t> contributions_;  // of a reduction instance: cells that are not folded
  std::map<std::pair<std::uint32_t, std::pair<plan::InstanceId, plan::InstanceId>>,
           std::shared_ptr<const Transfer>>
      transfers_;          // by first cell and instances: iterations repeat them
  bool faulty_ = true;     // the planted fault is still to come
  std::int64_t made_ = 0;  // instances on devices
  std::int64_t clock_;     // of StarPU's times, to those of all processes

  std::atomic<std::int64_t> submitted_ = 0;
  std::atomic<std::int64_t> over_ = 0;
  mutable std::mutex mutex_;  // of what follows
  std::vector<engine::starpu::Ran> ran_;
  std::map<plan::OpId, Share> shares_;   // of this process, by future
  std::map<plan::OpId, Share> sums_;     // at process 0
  std::map<plan::OpId, double> values_;  // of futures
};

}  // namespace mapwright::rank
