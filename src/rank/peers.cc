#include "rank/peers.h"

#include <mpi.h>

#include <chrono>
#include <cstdlib>
#include <limits>

#include "base/bug.h"

namespace mapwright::rank {
namespace {

constexpr int kTokenTag = 1;
constexpr int kTextTag = 2;
// MPI waits by asking all the time, which takes the processor from those that compute where there are more
// threads than cores. Long enough to leave it to them, short beside what a step takes.
constexpr std::chrono::microseconds kPoll{20};
constexpr int kPings = 20;

void wait(MPI_Request request) {
  for (int done = 0;;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done != 0) return;
    std::this_thread::sleep_for(kPoll);
  }
}

// The next message from a process, or from any.
MPI_Status probe(int from, int tag, MPI_Comm comm) {
  MPI_Status status;
  for (int there = 0;;) {
    MPI_Iprobe(from, tag, comm, &there, &status);
    if (there != 0) return status;
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

// StarPU has its own; messages of one never meet those of the other.
struct Peers::Channels {
  MPI_Comm tokens = MPI_COMM_NULL;
  MPI_Comm texts = MPI_COMM_NULL;
};

std::int64_t clock_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Peers::Peers(bool alone) {
  if (alone) {
    offset_ = -clock_now();
    return;
  }
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided);
  base::expects(provided == MPI_THREAD_MULTIPLE, "MPI serves several threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm here = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_size(here, &size_here_);
  MPI_Comm_free(&here);
  channels_ = std::make_unique<Channels>();
  MPI_Comm_dup(MPI_COMM_WORLD, &channels_->tokens);
  MPI_Comm_dup(MPI_COMM_WORLD, &channels_->texts);
  synchronise();
}

Peers::~Peers() {
  stop_listening();
  if (!channels_) return;
  MPI_Comm_free(&channels_->tokens);
  MPI_Comm_free(&channels_->texts);
  MPI_Finalize();
}

// Each process asks process 0 what time it is; of several answers the quickest is the best.
void Peers::synchronise() {
  MPI_Comm comm = channels_->texts;
  std::int64_t start = clock_now();
  MPI_Bcast(&start, 1, MPI_INT64_T, 0, comm);
  offset_ = -start;
  for (int other = 1; other < size_; ++other) {
    if (rank_ != 0 && rank_ != other) continue;
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < kPings; ++i) {
      std::int64_t time = clock_now();
      if (rank_ == 0) {
        MPI_Recv(nullptr, 0, MPI_BYTE, other, 0, comm, MPI_STATUS_IGNORE);
        time = clock_now();
        MPI_Send(&time, 1, MPI_INT64_T, other, 0, comm);
        continue;
      }
      const std::int64_t asked = time;
      MPI_Send(nullptr, 0, MPI_BYTE, 0, 0, comm);
      MPI_Recv(&time, 1, MPI_INT64_T, 0, 0, comm, MPI_STATUS_IGNORE);
      const std::int64_t heard = clock_now();
      if (heard - asked >= best) continue;
      best = heard - asked;
      offset_ = time - (asked + heard) / 2 - start;
    }
  }
}

std::int64_t Peers::now() const {
  return clock_now() + offset_;
}

std::string Peers::broadcast(std::string text) {
  if (!channels_) return text;
  auto size = static_cast<std::int64_t>(text.size());
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, channels_->texts);
  text.resize(static_cast<std::size_t>(size));
  MPI_Bcast(text.data(), static_cast<int>(size), MPI_BYTE, 0, channels_->texts);
  return text;
}

std::vector<std::string> Peers::gather(const std::string& text) {
  if (!channels_) return {text};
  MPI_Request request = MPI_REQUEST_NULL;
  if (rank_ != 0) {
    MPI_Isend(text.data(), static_cast<int>(text.size()), MPI_BYTE, 0, kTextTag, channels_->texts, &request);
    wait(request);
    return {};
  }
  std::vector<std::string> all = {text};
  for (int other = 1; other < size_; ++other) {
    const MPI_Status status = probe(other, kTextTag, channels_->texts);
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    std::string& from = all.emplace_back(static_cast<std::size_t>(bytes), '\0');
    MPI_Irecv(from.data(), bytes, MPI_BYTE, other, kTextTag, channels_->texts, &request);
    wait(request);
  }
  return all;
}

void Peers::barrier() {
  if (!channels_) return;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(channels_->texts, &request);
  wait(request);
}

void Peers::listen(std::function<void(const Token&)> heard) {
  heard_ = std::move(heard);
  if (!channels_) return;
  listener_ = std::thread([this] {
    for (;;) {
      const MPI_Status status = probe(MPI_ANY_SOURCE, kTokenTag, channels_->tokens);
      Token token;
      MPI_Recv(&token, sizeof token, MPI_BYTE, status.MPI_SOURCE, kTokenTag, channels_->tokens,
               MPI_STATUS_IGNORE);
      if (token.kind == Token::Kind::stop) return;
      heard_(token);
    }
  });
}

void Peers::tell(int rank, const Token& token) {
  if (!channels_) return heard_(token);
  MPI_Send(&token, sizeof token, MPI_BYTE, rank, kTokenTag, channels_->tokens);
}

void Peers::stop_listening() {
  if (!listener_.joinable()) return;
  // Behind all that others have said before they came here.
  barrier();
  tell(rank_, {Token::Kind::stop, 0, 0, 0});
  listener_.join();
}

}  // namespace mapwright::rank
